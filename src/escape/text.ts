/**
 * Between bytes and text. Private to the module escape.
 */

// A byte order mark is a character like any other here, as it is in Python.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** UTF-8 of a string; bytes and `undefined` pass through. */
export function utf8(value: string | Uint8Array): Uint8Array;
export function utf8(value: string | Uint8Array | undefined): Uint8Array | undefined;
export function utf8(value: string | Uint8Array | undefined): Uint8Array | undefined {
  if (value === undefined || value instanceof Uint8Array) return value;
  if (typeof value === "string") return encoder.encode(value);
  throw unexpected(value);
}

/** The text of UTF-8 bytes; strings and `undefined` pass through. Throws if they are not UTF-8. */
export function toUnicode(value: string | Uint8Array): string;
export function toUnicode(value: string | Uint8Array | undefined): string | undefined;
export function toUnicode(value: string | Uint8Array | undefined): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  if (value instanceof Uint8Array) return decoder.decode(value);
  throw unexpected(value);
}

/** `toUnicode` of what must be there. Throws a TypeError for anything else than text or bytes. */
export function textOf(value: string | Uint8Array): string {
  checkText(value);
  return toUnicode(value);
}

/** Throws a TypeError for what is neither text nor bytes. */
export function checkText(value: string | Uint8Array): void {
  if (typeof value !== "string" && !(value instanceof Uint8Array)) throw unexpected(value);
}

function unexpected(value: unknown): TypeError {
  const kind = value === null ? "null" : typeof value;
  return new TypeError(`Cannot convert text: expected a string or bytes, got ${kind}`);
}

/** Walks arrays, maps and plain objects, and turns every bytes value in them into text. */
export function recursiveUnicode(value: unknown): unknown {
  if (value instanceof Uint8Array) return toUnicode(value);
  if (Array.isArray(value)) return value.map(recursiveUnicode);
  if (value instanceof Map) {
    return new Map(Array.from(value, (pair) => pair.map(recursiveUnicode) as [unknown, unknown]));
  }
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, recursiveUnicode(inner)]),
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** One space for every run of blanks and control characters, none at either end. */
export function squeeze(value: string): string {
  if (typeof value !== "string") throw unexpected(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it squeezes
  return value.replace(/[\x00-\x20]+/g, " ").replace(/^ | $/g, "");
}

/**
 * JSON that may stand inside a `<script>` element: `</` cannot end it, and neither `<!--` nor
 * `<script` can change how the browser reads on (HTML section 13.2.5.17 and following).
 */
export function jsonEncode(value: unknown): string {
  const json = JSON.stringify(value) ?? "null";
  if (!json.includes("<")) return json;
  return json.replaceAll("</", "<\\/").replace(/<(?=!--|script)/gi, "\\u003c");
}

/** The value of a JSON text. */
export function jsonDecode(value: string | Uint8Array): unknown {
  return JSON.parse(textOf(value));
}
