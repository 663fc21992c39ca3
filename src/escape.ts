/**
 * Escaping and unescaping for HTML, JSON and URLs, and conversions between bytes and text.
 * Needs nothing else of Squall; `template` and `web` stand on it.
 */
export { type LinkifyOptions, linkify } from "./escape/linkify.ts";
export {
  type Escapable,
  SafeString,
  safeEscape,
  xhtmlEscape,
  xhtmlUnescape,
} from "./escape/markup.ts";
export { templateNames } from "./escape/template-names.ts";
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
