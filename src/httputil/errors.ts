/**
 * The errors of HTTP messages, by who is to blame. Thrown by the reader, by header and argument
 * functions and by the writer; `httpserver` and `web` turn them into answers.
 */

/** The peer sent something malformed. Carries the status to answer with (Tornado `HTTPInputError`). */
export class HTTPInputError extends Error {
  override readonly name: string = "HTTPInputError";
  readonly status: number;

  constructor(message: string, status = 400, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The application tried to send something malformed (Tornado `HTTPOutputError`). */
export class HTTPOutputError extends Error {
  override readonly name: string = "HTTPOutputError";
}
