/** What handlers set headers to, as the text that is sent. */
import { Buffer } from "node:buffer";
import { formatTimestamp, HTTPOutputError } from "../httputil.ts";

/** What a header may be set to. A Date becomes an HTTP date; bytes are sent as they are. */
export type HeaderValue = string | number | Date | Uint8Array;

/**
 * The value as text, a character a byte. Throws a TypeError for anything else, and HTTPOutputError for
 * a Content-Length that is none, and for Transfer-Encoding, which is the connection's: readers would
 * not agree where the body ends.
 */
export function headerText(name: string, value: HeaderValue): string {
  const text = textOf(value);
  if (name.length === 17 && /^transfer-encoding$/i.test(name)) {
    throw new HTTPOutputError("Cannot set Transfer-Encoding: the connection frames the body");
  }
  if (name.length === 14 && /^content-length$/i.test(name) && !/^[0-9]+$/.test(text)) {
    throw new HTTPOutputError(`Cannot set Content-Length: expected digits, got "${text}"`);
  }
  return text;
}

function textOf(value: HeaderValue): string {
  if (typeof value === "string") return value;
  if (Number.isFinite(value)) return String(value);
  if (value instanceof Date) return formatTimestamp(value);
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
  }
  throw new TypeError(
    `Cannot set a header to ${String(value)}: expected text, a finite number, a Date or bytes`,
  );
}
