/**
 * The functions of this module as templates have them: under Tornado's names and ours, and with
 * keyword arguments in either spelling, which templates pass as one object.
 */
import { type LinkifyOptions, linkify } from "./linkify.ts";
import { type Escapable, type SafeString, safeEscape } from "./markup.ts";
import { jsonEncode, squeeze } from "./text.ts";
import { urlEscape } from "./url.ts";

/** Options of `linkify` as templates may spell them. */
interface TemplateLinkifyOptions extends LinkifyOptions {
  readonly extra_params?: NonNullable<LinkifyOptions["extraParams"]>;
  readonly require_protocol?: boolean;
  readonly permitted_protocols?: readonly string[];
}

function linkifyAsCalled(text: Escapable, options: TemplateLinkifyOptions = {}): SafeString {
  const { extra_params, require_protocol, permitted_protocols, ...others } = options;
  return linkify(text, {
    ...(extra_params === undefined ? {} : { extraParams: extra_params }),
    ...(require_protocol === undefined ? {} : { requireProtocol: require_protocol }),
    ...(permitted_protocols === undefined ? {} : { permittedProtocols: permitted_protocols }),
    ...others,
  });
}

/** `url_escape(x, False)` and `url_escape(x, plus=False)`. */
function urlEscapeAsCalled(
  value: string | Uint8Array,
  plus?: boolean | { readonly plus?: boolean },
): string {
  return urlEscape(value, typeof plus === "object" ? plus.plus : plus);
}

/**
 * What every template finds under these names. Here `xhtml_escape` gives a SafeString, so that
 * automatic escaping does not escape twice.
 */
export const templateNames: Readonly<{
  escape: typeof safeEscape;
  xhtml_escape: typeof safeEscape;
  xhtmlEscape: typeof safeEscape;
  url_escape: typeof urlEscapeAsCalled;
  urlEscape: typeof urlEscapeAsCalled;
  json_encode: typeof jsonEncode;
  jsonEncode: typeof jsonEncode;
  squeeze: typeof squeeze;
  linkify: typeof linkifyAsCalled;
}> = {
  escape: safeEscape,
  xhtml_escape: safeEscape,
  xhtmlEscape: safeEscape,
  url_escape: urlEscapeAsCalled,
  urlEscape: urlEscapeAsCalled,
  json_encode: jsonEncode,
  jsonEncode,
  squeeze,
  linkify: linkifyAsCalled,
};
