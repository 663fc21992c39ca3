/**
 * The complete answer to a request that never reached an application: malformed, too large, too
 * slow, or one whose delegate failed.
 */

import { currentDate, reasonFor } from "../httputil.ts";
import { VERSION } from "../util.ts";

/** A whole response that ends the connection. The detail is ASCII text that says what is wrong. */
export function errorAnswer(status: number, detail: string | undefined): string {
  const title = `${status} ${reasonFor(status)}`;
  const body = detail === undefined ? `${title}\n` : `${title}: ${detail}\n`;
  return (
    `HTTP/1.1 ${title}\r\n` +
    `Server: Squall/${VERSION}\r\n` +
    `Date: ${currentDate()}\r\n` +
    "Content-Type: text/plain; charset=UTF-8\r\n" +
    `Content-Length: ${body.length}\r\n` +
    "Connection: close\r\n" +
    `\r\n${body}`
  );
}
