/** What handlers set headers to, as the text that is sent. */
import { Buffer } from "node:buffer";
import { formatTimestamp } from "../httputil.ts";

/** What a header may be set to. A Date becomes an HTTP date; bytes are sent as they are. */
export type HeaderValue = string | number | Date | Uint8Array;

/** The value as text, a character a byte. */
export function headerText(value: HeaderValue): string {
  if (typeof value === "string") return value;
  if (value instanceof Date) return formatTimestamp(value);
  if (!(value instanceof Uint8Array)) return String(value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
}
