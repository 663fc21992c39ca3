/**
 * Escaping and unescaping for HTML, JSON and URLs, and conversions between bytes and text.
 * Needs nothing else of Squall; `template` and `web` stand on it.
 */
import { linkify } from "./escape/linkify.ts";
import { safeEscape } from "./escape/markup.ts";
import { jsonEncode, squeeze } from "./escape/text.ts";
import { urlEscape } from "./escape/url.ts";

export { type LinkifyOptions, linkify } from "./escape/linkify.ts";
export {
  type Escapable,
  SafeString,
  safeEscape,
  xhtmlEscape,
  xhtmlUnescape,
} from "./escape/markup.ts";
export {
  jsonDecode,
  jsonEncode,
  recursiveUnicode,
  squeeze,
  toUnicode,
  toUnicode as nativeStr,
  toUnicode as toBasestring,
  utf8,
} from "./escape/text.ts";
export {
  type ParseQueryOptions,
  parseQsBytes,
  type UrlUnescapeOptions,
  urlEscape,
  urlUnescape,
  urlUnescapeBytes,
} from "./escape/url.ts";

/**
 * What every template finds under these names, in Tornado's spelling and in ours. Here
 * `xhtml_escape` gives a SafeString, so that automatic escaping does not escape twice.
 */
export const templateNames: Readonly<{
  escape: typeof safeEscape;
  xhtml_escape: typeof safeEscape;
  xhtmlEscape: typeof safeEscape;
  url_escape: typeof urlEscape;
  urlEscape: typeof urlEscape;
  json_encode: typeof jsonEncode;
  jsonEncode: typeof jsonEncode;
  squeeze: typeof squeeze;
  linkify: typeof linkify;
}> = {
  escape: safeEscape,
  xhtml_escape: safeEscape,
  xhtmlEscape: safeEscape,
  url_escape: urlEscape,
  urlEscape,
  json_encode: jsonEncode,
  jsonEncode,
  squeeze,
  linkify,
};
