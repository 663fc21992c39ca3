/**
 * The errors of fetches: one for each way in which a response is not a success. What an application
 * does wrong, such as a header that cannot be sent, is thrown as the error of who found it.
 */

import { REASONS } from "../httputil.ts";
import type { HTTPResponse } from "./response.ts";

/** Stands for a response's code where no response came (Tornado's, from libcurl's usage). */
export const NO_RESPONSE = 599;

/**
 * A fetch did not succeed. `code` is the response's, or 599 if there is none: then `cause` is what
 * happened, such as the system's error (Tornado `httpclient.HTTPClientError`, also `HTTPError`).
 */
export class HTTPClientError extends Error {
  override readonly name: string = "HTTPClientError";
  readonly code: number;
  /** The response, if there is one. */
  readonly response: HTTPResponse | undefined;

  constructor(code: number, message?: string, response?: HTTPResponse, options?: ErrorOptions) {
    super(`HTTP ${code}: ${message || (REASONS[code] ?? "Unknown")}`, options);
    this.code = code;
    this.response = response;
  }
}

/** The fetch took longer than its timeouts allow (Tornado `simple_httpclient.HTTPTimeoutError`). */
export class HTTPTimeoutError extends HTTPClientError {
  override readonly name: string = "HTTPTimeoutError";

  constructor(message: string) {
    super(NO_RESPONSE, message);
  }
}

/** The connection ended before the response did (Tornado `HTTPStreamClosedError`). */
export class HTTPStreamClosedError extends HTTPClientError {
  override readonly name: string = "HTTPStreamClosedError";

  constructor(message: string, options?: ErrorOptions) {
    super(NO_RESPONSE, message, undefined, options);
  }
}
