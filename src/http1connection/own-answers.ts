/**
 * What a server's connection answers by itself: to a request that never reached an application, as
 * malformed, too large, too slow, or one whose delegate failed; and to who waits before the body.
 */

import { currentDate, reasonFor } from "../httputil.ts";
import { VERSION } from "../util.ts";

/**
 * A whole response that ends the connection. The detail is ASCII text that says what is wrong; an
 * answer to HEAD has the length of the body that says it, and no body (RFC 9110 section 9.3.2).
 */
export function errorAnswer(
  status: number,
  detail: string | undefined,
  isBodyless = false,
): Uint8Array {
  const title = `${status} ${reasonFor(status)}`;
  const body = detail === undefined ? `${title}\n` : `${title}: ${detail}\n`;
  return bytesOf(
    `HTTP/1.1 ${title}\r\n` +
      `Server: Squall/${VERSION}\r\n` +
      `Date: ${currentDate()}\r\n` +
      "Content-Type: text/plain; charset=UTF-8\r\n" +
      `Content-Length: ${body.length}\r\n` +
      "Connection: close\r\n" +
      `\r\n${isBodyless ? "" : body}`,
  );
}

/** Tells the client to send the body (RFC 9110 section 15.2.1). */
export function continueAnswer(): Uint8Array {
  return bytesOf("HTTP/1.1 100 Continue\r\n\r\n");
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
