/**
 * The web framework: applications, request handlers, and what they raise (Tornado `web`).
 */

export { HTTPServer, type HTTPServerOptions } from "./httpserver.ts";
export { HTTPServerRequest } from "./httputil.ts";
export { type RuleLike, URLSpec, URLSpec as url } from "./routing.ts";
export { Application, type Settings } from "./web/application.ts";
export type { ArgumentOptions } from "./web/arguments.ts";
export { Finish, HTTPError, type HTTPErrorOptions, MissingArgumentError } from "./web/errors.ts";
export type { RequestHandlerClass } from "./web/handler-delegate.ts";
export type { Chunk, HeaderValue } from "./web/handler-response.ts";
export { type ErrorDetails, RequestHandler } from "./web/request-handler.ts";
export { streamRequestBody } from "./web/stream-request-body.ts";
