/**
 * Finds URLs in plain text and makes links of them, in one pass: no input takes more than linear
 * time. The rules are those of Tornado's pattern, which backtracks. Private to the module escape.
 */
import { type Escapable, SafeString, xhtmlEscape } from "./markup.ts";

/** What `linkify` makes of a URL. */
export interface LinkifyOptions {
  /** Shows long URLs in a short form; the whole one becomes the link's title. */
  readonly shorten?: boolean;
  /** Attributes of every link, such as `rel="nofollow"`, or what gives them for a URL. */
  readonly extraParams?: string | ((href: string) => string);
  /** Leaves URLs without a protocol (`www.example.com`) alone. */
  readonly requireProtocol?: boolean;
  /** Protocols that may be linked: http and https if left out. Never add `javascript`. */
  readonly permittedProtocols?: readonly string[];
}

/** A URL found in escaped text. */
interface Found {
  readonly start: number;
  readonly end: number;
  /** As in `http`; empty for one that starts with `www.`. */
  readonly protocol: string;
  /** Characters of protocol, colon and slashes. */
  readonly prefix: number;
}

/** Turns plain text into HTML in which URLs are links. */
export function linkify(text: Escapable, options: LinkifyOptions = {}): SafeString {
  const escaped = xhtmlEscape(text);
  let html = "";
  let copied = 0;
  for (const found of findUrls(escaped)) {
    html += escaped.slice(copied, found.start) + link(escaped, found, options);
    copied = found.end;
  }
  return new SafeString(html + escaped.slice(copied));
}

/** A word, in which a protocol or `www` may stand. */
const WORD = /[\p{L}\p{N}_-]+/gu;

function* findUrls(text: string): Generator<Found> {
  WORD.lastIndex = 0;
  const word = new RegExp(WORD);
  for (let match = word.exec(text); match !== null; match = word.exec(text)) {
    const found = urlAt(text, match.index, word.lastIndex);
    if (found === undefined) continue;
    word.lastIndex = found.end;
    yield found;
  }
}

/** The URL that starts within the word, if one does. */
function urlAt(text: string, wordStart: number, wordEnd: number): Found | undefined {
  if (text[wordEnd] === ":") return protocolUrl(text, wordStart, wordEnd);
  const start = wordEnd - 3;
  const isWww = text.startsWith("www.", start) && (start === wordStart || text[start - 1] === "-");
  if (start < wordStart || !isWww) return undefined;
  const end = urlEnd(text, wordEnd + 1);
  return end === undefined ? undefined : { start, end, protocol: "", prefix: 0 };
}

function protocolUrl(text: string, wordStart: number, wordEnd: number): Found | undefined {
  let start = wordStart;
  while (text[start] === "-") start++;
  if (start === wordEnd) return undefined;
  let slashes = 0;
  while (slashes < 3 && text[wordEnd + 1 + slashes] === "/") slashes++;
  for (; slashes > 0; slashes--) {
    const rest = wordEnd + 1 + slashes;
    const end = urlEnd(text, rest);
    if (end === undefined) continue;
    return { start, end, protocol: text.slice(start, wordEnd), prefix: rest - start };
  }
  return undefined;
}

/** Where the part after the prefix ends, or undefined if there is none. */
function urlEnd(text: string, start: number): number | undefined {
  let end = start;
  for (;;) {
    const run = runEnd(text, end);
    const kept = withoutPunctuation(text, end, run);
    if (kept > end) end = kept;
    if (kept < run || text[end] !== "(") break;
    const close = runEnd(text, end + 1);
    if (text[close] !== ")") break;
    end = close + 1;
  }
  return end > start ? end : undefined;
}

/** Where a run of signs that a URL may have ends: not blanks, parentheses or escaped `<`, `>`, `'`. */
function runEnd(text: string, start: number): number {
  const run = /(?:[^\s&()]|&amp;|&quot;)*/y;
  run.lastIndex = start;
  run.exec(text);
  return run.lastIndex;
}

/** Where `[start, end)` ends without the punctuation that belongs to the sentence around it. */
function withoutPunctuation(text: string, start: number, end: number): number {
  let kept = end;
  while (kept > start) {
    if (text.startsWith("&amp;", kept - 5)) kept -= 5;
    else if (text.startsWith("&quot;", kept - 6)) kept -= 6;
    else if (/[!"#$%'*+,.:;<=>?@[\]^`{|}~]/.test(text.charAt(kept - 1))) kept--;
    else break;
  }
  return Math.max(kept, start);
}

function link(text: string, found: Found, options: LinkifyOptions): string {
  const { requireProtocol = false, permittedProtocols = ["http", "https"] } = options;
  const url = text.slice(found.start, found.end);
  const isPermitted =
    found.protocol === "" ? !requireProtocol : permittedProtocols.includes(found.protocol);
  if (!isPermitted) return url;

  const href = found.protocol === "" ? `http://${url}` : url;
  const shown = options.shorten ? shortened(url, found.prefix) : url;
  const title = shown === url ? "" : ` title="${href}"`;
  return `<a href="${href}"${attributes(href, options)}${title}>${shown}</a>`;
}

function attributes(href: string, { extraParams = "" }: LinkifyOptions): string {
  const given = typeof extraParams === "string" ? extraParams : extraParams(href);
  return given.trim() === "" ? "" : ` ${given.trim()}`;
}

/** About as many characters as a shortened URL shows. Tornado's number. */
const SHORT_LENGTH = 30;

/** The host and the start of the path. */
function shortened(url: string, prefix: number): string {
  if (url.length <= SHORT_LENGTH) return url;
  const [host = "", path] = url.slice(prefix).split("/", 2);
  const start = path?.slice(0, 8).split("?")[0]?.split(".")[0];
  let short = start === undefined ? url : `${url.slice(0, prefix)}${host}/${start}`;
  if (short.length > SHORT_LENGTH * 1.5) short = short.slice(0, SHORT_LENGTH);
  if (short === url) return url;

  // An entity must not be cut in two.
  const entity = short.lastIndexOf("&");
  if (entity > SHORT_LENGTH - 5) short = short.slice(0, entity);
  return short.length + 3 >= url.length ? url : `${short}...`;
}
