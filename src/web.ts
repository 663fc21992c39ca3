/**
 * The web framework: applications, request handlers, and what they raise (Tornado `web`).
 */

export { HTTPServer, type HTTPServerOptions } from "./httpserver.ts";
export { type CookieAttributes, HTTPFile, HTTPServerRequest } from "./httputil.ts";
export { type RuleLike, URLSpec, url } from "./routing.ts";
export { Application } from "./web/application.ts";
export type { ArgumentOptions } from "./web/arguments.ts";
export { ErrorHandler, FallbackHandler, RedirectHandler } from "./web/basic-handlers.ts";
export { TemplateModule } from "./web/built-in-modules.ts";
export type { Chunk } from "./web/chunks.ts";
export { ContentEncoding } from "./web/content-encoding.ts";
export {
  addSlash,
  asynchronous,
  authenticated,
  type MethodWrapper,
  removeSlash,
} from "./web/decorators.ts";
export { Finish, HTTPError, type HTTPErrorOptions, MissingArgumentError } from "./web/errors.ts";
export { EventStream, type EventStreamOptions, type ServerSentEvent } from "./web/event-stream.ts";
export type { RequestHandlerClass } from "./web/handler-delegate.ts";
export type { RequestHook } from "./web/handler-life.ts";
export type { MessageValues, StaticUrlOptions } from "./web/handler-page.ts";
export type { GetSignedCookieOptions, SignedCookieOptions } from "./web/handler-session.ts";
export type { HeaderValue } from "./web/header-value.ts";
export { HealthHandler, type HealthOptions } from "./web/health-handler.ts";
export type { RedirectOptions } from "./web/location.ts";
export { isLocalUrl } from "./web/location.ts";
export {
  OutputTransform,
  type OutputTransformClass,
  type TransformedChunk,
  type TransformedStart,
} from "./web/output-transform.ts";
export { type ErrorDetails, RequestHandler } from "./web/request-handler.ts";
export type { Settings } from "./web/settings.ts";
export {
  type CookieSecret,
  type CreateSignedValueOptions,
  createSignedValue,
  DEFAULT_SIGNED_VALUE_MIN_VERSION,
  DEFAULT_SIGNED_VALUE_VERSION,
  type DecodeSignedValueOptions,
  decodeSignedValue,
  getSignatureKeyVersion,
} from "./web/signed-value.ts";
export {
  StaticFileHandler,
  type StaticFileOptions,
} from "./web/static-file-handler.ts";
export { streamRequestBody } from "./web/stream-request-body.ts";
export type { UIMethod, UISource } from "./web/template-names.ts";
export type { PathArgs } from "./web/typed-routes.ts";
export { UIModule, type UIModuleClass } from "./web/ui-module.ts";
export type { Guard, Guards } from "./web/verbs.ts";
