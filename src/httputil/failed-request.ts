/**
 * The answer to a request whose delegate has failed outside of any handler. Called by `httpserver` for
 * callbacks and by `web` for fallbacks.
 */

import type { HTTPConnection } from "./delegates.ts";
import { HTTPHeaders } from "./headers.ts";
import { standardStartLine } from "./start-line.ts";

/** Answers 500 while nothing has been sent; else breaks the connection off. Never throws. */
export function failRequest(connection: HTTPConnection): void {
  try {
    const headers = new HTTPHeaders([["Content-Length", "0"]]);
    connection.writeHeaders(standardStartLine(500), headers);
    connection.finish();
  } catch {
    connection.abort();
  }
}
