/**
 * Percent-encoding and query strings. Private to the module escape.
 */
import { Buffer } from "node:buffer";
import { checkText } from "./text.ts";

/**
 * Escapes text or bytes for a query (`plus`, the default: a space becomes "+") or for a path
 * (without `plus`: a space becomes "%20", and "/" stays).
 */
export function urlEscape(value: string | Uint8Array, plus = true): string {
  checkText(value);
  const escaped = typeof value === "string" ? escapeText(value) : escapeBytes(value);
  return plus ? escaped.replaceAll("%20", "+") : escaped.replaceAll("%2F", "/");
}

function escapeText(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd")).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function escapeBytes(bytes: Uint8Array): string {
  let escaped = "";
  for (const byte of bytes) {
    const sign = String.fromCharCode(byte);
    const isUnreserved = /[\w.~-]/.test(sign);
    escaped += isUnreserved ? sign : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

/** How to read percent-encoded text. */
export interface UrlUnescapeOptions {
  /** "+" stands for a space, as in a query; true if left out. */
  readonly plus?: boolean;
  /** A label that TextDecoder knows; UTF-8 if left out. */
  readonly encoding?: string;
}

/**
 * Undoes `urlEscape`. A "%" without two hexadecimal digits stays; bytes that the encoding does not
 * allow become U+FFFD.
 */
export function urlUnescape(value: string | Uint8Array, options: UrlUnescapeOptions = {}): string {
  checkText(value);
  const { plus = true, encoding = "utf-8" } = options;
  const raw = typeof value === "string" ? value : Buffer.from(value).toString("utf8");
  const text = plus ? raw.replaceAll("+", " ") : raw;
  if (!text.includes("%")) return text;
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  // The second byte of a character may be an ASCII sign in encodings such as GBK, so that whole
  // runs of ASCII are decoded at once.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  return text.replace(/[\x00-\x7f]*%[\x00-\x7f]*/g, (run) => decoder.decode(percentDecode(run)));
}

/** The bytes of percent-encoded text, for values that are not text. */
export function urlUnescapeBytes(value: string | Uint8Array, plus = true): Uint8Array {
  checkText(value);
  const text = Buffer.from(value).toString("latin1");
  return percentDecode(plus ? text.replaceAll("+", " ") : text);
}

/** Bytes of a string that has one character for each byte. */
function percentDecode(latin1: string): Buffer {
  const bytes = Buffer.from(latin1, "latin1");
  let end = latin1.indexOf("%");
  if (end < 0) return bytes;
  for (let at = end; at < bytes.length; at++, end++) {
    const decoded = bytes[at] === 0x25 ? hexByte(bytes, at + 1) : -1;
    bytes[end] = decoded < 0 ? (bytes[at] ?? 0) : decoded;
    if (decoded >= 0) at += 2;
  }
  return bytes.subarray(0, end);
}

function hexByte(bytes: Buffer, at: number): number {
  const high = hexDigit(bytes[at]);
  const low = hexDigit(bytes[at + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** How strictly a query is read. */
export interface ParseQueryOptions {
  /** Keeps `a=` and `a` as empty values, instead of dropping them. */
  readonly keepBlankValues?: boolean;
  /** Throws on a field without "=". */
  readonly strictParsing?: boolean;
  /** Most fields to take; throws if there are more. */
  readonly maxFields?: number;
}

/**
 * The fields of a query string or form body, in order of appearance. A string has one character
 * for each byte, as on the wire. Only "&" separates fields: a proxy that does not know ";" would
 * otherwise see other fields than we do. Names are text, UTF-8 if they can be; values are bytes.
 */
export function parseQsBytes(
  query: string | Uint8Array,
  options: ParseQueryOptions = {},
): Map<string, Uint8Array[]> {
  checkText(query);
  const { keepBlankValues = false, strictParsing = false, maxFields = Infinity } = options;
  const text = latin1Of(query).replaceAll("+", " ");
  const fields = new Map<string, Uint8Array[]>();
  let count = 0;
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf("&", start);
    const end = next < 0 ? text.length : next;
    const field = text.slice(start, end);
    start = end + 1;
    if (field === "" && !strictParsing) continue;
    if (++count > maxFields) throw new Error(`Cannot parse query: more than ${maxFields} fields`);
    addField(fields, field, { keepBlankValues, strictParsing });
  }
  return fields;
}

function addField(
  fields: Map<string, Uint8Array[]>,
  field: string,
  options: { keepBlankValues: boolean; strictParsing: boolean },
): void {
  const equals = field.indexOf("=");
  if (equals < 0 && options.strictParsing) {
    throw new Error(`Cannot parse query: field "${field}" has no "="`);
  }
  const value = equals < 0 ? "" : field.slice(equals + 1);
  if (value === "" && !options.keepBlankValues) return;
  const name = nameOf(equals < 0 ? field : field.slice(0, equals));
  const values = fields.get(name);
  if (values === undefined) fields.set(name, [percentDecode(value)]);
  else values.push(percentDecode(value));
}

function latin1Of(query: string | Uint8Array): string {
  if (typeof query !== "string") return Buffer.from(query).toString("latin1");
  if (/[^\0-\xff]/.test(query)) {
    throw new RangeError("Cannot parse query: it has characters that are no bytes");
  }
  return query;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function nameOf(encoded: string): string {
  if (/^[\w. -]*$/.test(encoded)) return encoded;
  const bytes = percentDecode(encoded);
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return bytes.toString("latin1");
  }
}
