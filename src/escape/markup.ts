/**
 * Between text and HTML or XML. Private to the module escape.
 */
import { NAMED_CHARACTERS, UNCLOSED_NAMES } from "./entities.ts";
import { textOf } from "./text.ts";

/**
 * Markup that is safe as it stands. Escaping passes it through, so that `{{ escape(x) }}` and
 * `{{ modules.Entry(e) }}` come out right under automatic escaping.
 */
export class SafeString {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }

  toJSON(): string {
    return this.#markup;
  }
}

/** What can be escaped. Bytes are UTF-8. */
export type Escapable = string | Uint8Array | SafeString;

const SPECIAL = /[&<>"']/;
const SPECIALS = /[&<>"']/g;
/** Up to this length, looking at each character is faster than a regular expression. */
const WORD = 8;
/** Up to this length, pieces that are put together are faster than the engine's replace. */
const SHORT = 48;

/** Escapes `&`, `<`, `>` and both quotes, for element content and for quoted attributes. */
export function xhtmlEscape(value: Escapable): string {
  if (typeof value === "string") return isPlain(value) ? value : escapeText(value);
  if (value instanceof SafeString) return value.toString();
  return xhtmlEscape(textOf(value));
}

function isPlain(text: string): boolean {
  if (text.length > WORD) return !SPECIAL.test(text);
  for (let at = 0; at < text.length; at++) {
    if (entityFor(text.charCodeAt(at)) !== undefined) return false;
  }
  return true;
}

function escapeText(text: string): string {
  if (text.length > SHORT) {
    return text.replace(SPECIALS, (sign) => entityFor(sign.charCodeAt(0)) ?? sign);
  }
  let escaped = "";
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const entity = entityFor(text.charCodeAt(at));
    if (entity === undefined) continue;
    // One concatenation of three: JavaScriptCore makes one string of it, of `+=` two.
    escaped = `${escaped}${text.slice(copied, at)}${entity}`;
    copied = at + 1;
  }
  return escaped + text.slice(copied);
}

function entityFor(code: number): string | undefined {
  switch (code) {
    case 0x26:
      return "&amp;";
    case 0x3c:
      return "&lt;";
    case 0x3e:
      return "&gt;";
    case 0x22:
      return "&quot;";
    case 0x27:
      return "&#x27;";
    default:
      return undefined;
  }
}

/** `xhtmlEscape` with a result that is not escaped again. */
export function safeEscape(value: Escapable): SafeString {
  return value instanceof SafeString ? value : new SafeString(xhtmlEscape(value));
}

/**
 * Undoes `xhtmlEscape`, and reads every reference as a browser does: named characters (those of
 * HTML 4.01), decimal and hexadecimal ones. What is no reference stays as it is.
 */
export function xhtmlUnescape(value: string | Uint8Array): string {
  return textOf(value).replace(
    /&(?:#(\d+);?|#x([\da-f]+);?|([a-z][a-z\d]{0,31})(;?))/gi,
    (reference, decimal?: string, hex?: string, name?: string, end?: string) => {
      if (decimal !== undefined) return character(Number.parseInt(decimal, 10));
      if (hex !== undefined) return character(Number.parseInt(hex, 16));
      return namedCharacter(name ?? "", end ?? "") ?? reference;
    },
  );
}

function namedCharacter(name: string, end: string): string | undefined {
  const code = NAMED_CHARACTERS.get(name);
  if (code !== undefined && (end !== "" || UNCLOSED_NAMES.has(name))) {
    return String.fromCodePoint(code);
  }
  for (let length = Math.min(name.length, 6); length > 1; length--) {
    const start = name.slice(0, length);
    const known = UNCLOSED_NAMES.has(start) ? NAMED_CHARACTERS.get(start) : undefined;
    if (known !== undefined) return String.fromCodePoint(known) + name.slice(length) + end;
  }
  return undefined;
}

/** What numeric references to the C1 controls stand for (HTML section 13.2.5.80): Windows-1252. */
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function character(code: number): string {
  if (code >= 0x80 && code <= 0x9f) return WINDOWS_1252.charAt(code - 0x80);
  const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : "\ufffd";
}
