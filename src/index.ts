/**
 * The few names that a hello world needs. Everything else has a module of its own, such as
 * `squall/web`.
 */

export { banner } from "./httpserver.ts";
export { IOLoop } from "./ioloop.ts";
export { VERSION } from "./util.ts";
export { Application, HTTPError, RequestHandler } from "./web.ts";
