/**
 * The errors with which a handler ends its request. `request-handler.ts` turns them into answers.
 */

import { checkStatus, reasonFor } from "../httputil.ts";

/** What an HTTPError may carry beside its status. */
export interface HTTPErrorOptions extends ErrorOptions {
  /** Sent in place of the status's own reason phrase. */
  readonly reason?: string;
}

/** Thrown by a handler, ends the request with a status (Tornado `web.HTTPError`). */
export class HTTPError extends Error {
  override readonly name: string = "HTTPError";
  readonly status: number;
  readonly reason: string | undefined;
  /** For the log, never for the client; `""` for nothing to log. */
  readonly logMessage: string;

  /** Throws a RangeError for a status that no response can have. */
  constructor(status = 500, logMessage = "", options: HTTPErrorOptions = {}) {
    checkStatus(status);
    super(
      `HTTP ${status}: ${reasonFor(status, options.reason)}${logMessage && ` (${logMessage})`}`,
      options,
    );
    this.status = status;
    this.reason = options.reason;
    this.logMessage = logMessage;
  }
}

/** A required argument is not there: 400. */
export class MissingArgumentError extends HTTPError {
  override readonly name: string = "MissingArgumentError";
  readonly argumentName: string;

  constructor(argumentName: string) {
    super(400, `Missing argument ${argumentName}`);
    this.argumentName = argumentName;
  }
}

/** Ends the request with what has been written so far; nothing is logged as an error. */
export class Finish extends Error {
  override readonly name: string = "Finish";
  /** Written before the response is finished. */
  readonly chunk: string | Uint8Array | object | undefined;

  constructor(chunk?: string | Uint8Array | object) {
    super("The request is finished");
    this.chunk = chunk;
  }
}
