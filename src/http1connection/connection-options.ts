/**
 * What a response says of its connection in the field `Connection` (RFC 9112 section 9). Called by
 * `writer.ts`, which knows whether the connection goes on.
 */

import type { HTTPHeaders } from "../httputil.ts";

const close = /(^|,)[ \t]*close[ \t]*(,|$)/i;
const keepAliveOption = /(^|,)[ \t]*keep-alive[ \t]*(,|$)/i;

/** The options that the application gives, in however many fields. */
export function optionsOf(headers: HTTPHeaders): string {
  return headers.get("Connection") ?? "";
}

export function asksToClose(options: string): boolean {
  return options !== "" && close.test(options);
}

/** The line that says what the application's options leave out. After 101 it is no longer HTTP's. */
export function connectionLine(
  options: string,
  code: number,
  http10: boolean,
  keepAlive: boolean,
): string {
  if (code === 101) return "";
  if (!keepAlive) return asksToClose(options) ? "" : "Connection: close\r\n";
  return http10 && !keepAliveOption.test(options) ? "Connection: keep-alive\r\n" : "";
}
