/**
 * What can be put around a verb's method: `authenticated`, `addSlash`, `removeSlash`,
 * `asynchronous`. Plain functions, because decorator syntax does not run on every runtime; they
 * fit both kinds of decorators where those do, and stand in a handler's `static guards`.
 */

import { urlConcat } from "../httputil.ts";
import { isThenable } from "../util.ts";
import { HTTPError } from "./errors.ts";
import type { RequestHandler, Verb } from "./request-handler.ts";
import { KEEP_OPEN } from "./verbs.ts";

/**
 * Wraps a verb's method. Use it in `static guards = { get: authenticated }`, on the method itself,
 * `this.prototype.get = authenticated(this.prototype.get)`, or as a decorator of either kind.
 */
export interface MethodWrapper {
  <This, Args extends unknown[], Result>(
    method: (this: This, ...args: Args) => Result,
    context?: unknown,
  ): (this: This, ...args: Args) => Result;
  /** As a decorator of the kind that TypeScript had before the standard. */
  (target: object, name: string | symbol, descriptor: PropertyDescriptor): PropertyDescriptor;
}

/** Runs around a verb's method; `next` runs the method. */
type Around = (handler: RequestHandler, next: () => unknown) => unknown;

function wrapper(around: Around): MethodWrapper {
  const wrap = (method: Verb): Verb =>
    function (this: RequestHandler, ...args: unknown[]): unknown {
      return around(this, () => method.apply(this, args));
    };
  const either = (
    method: Verb | object,
    _context?: unknown,
    descriptor?: PropertyDescriptor,
  ): unknown => {
    if (descriptor === undefined) return wrap(method as Verb);
    return { ...descriptor, value: wrap(descriptor.value as Verb) };
  };
  return either as MethodWrapper;
}

/**
 * Requires a user. Without one, GET and HEAD are sent to the login URL, which gets the page they
 * wanted as the argument `next`; anything else is 403 (Tornado `authenticated`).
 */
export const authenticated: MethodWrapper = wrapper((handler, next) => {
  const known = handler.findCurrentUser();
  if (!isThenable(known)) return known ? next() : sendToLogin(handler);
  return known.then((found) => (found ? next() : sendToLogin(handler)));
});

function sendToLogin(handler: RequestHandler): void {
  const { request } = handler;
  if (request.method !== "GET" && request.method !== "HEAD") throw new HTTPError(403);
  const url = handler.getLoginUrl();
  if (url.includes("?")) {
    handler.redirect(url);
    return;
  }
  const isAbsolute = /^[a-z][a-z0-9+.-]*:/i.test(url);
  handler.redirect(urlConcat(url, { next: isAbsolute ? request.fullUrl() : localUri(handler) }));
}

/** The request's path and query. With two slashes at its start it would name another host. */
function localUri({ request }: RequestHandler): string {
  const query = request.query === "" ? "" : `?${request.query}`;
  return request.path.replace(/^[/\\]+/, "/") + query;
}

/** Sends GET and HEAD for a path with a slash at its end to the one without; else 404. */
export const removeSlash: MethodWrapper = wrapper((handler, next) => {
  const { path } = handler.request;
  if (!path.endsWith("/")) return next();
  const shorter = withoutSlashes(path);
  if (shorter === "") return next();
  return moveTo(handler, shorter);
});

/** Sends GET and HEAD for a path without a slash at its end to the one with; else 404. */
export const addSlash: MethodWrapper = wrapper((handler, next) => {
  const { path } = handler.request;
  return path.endsWith("/") ? next() : moveTo(handler, `${path}/`);
});

function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

function moveTo(handler: RequestHandler, path: string): void {
  const { method, query } = handler.request;
  const isOtherHost = /^[/\\]{2}/.test(path);
  if ((method !== "GET" && method !== "HEAD") || isOtherHost) throw new HTTPError(404);
  handler.redirect(query === "" ? path : `${path}?${query}`, { permanent: true });
}

/** Leaves the response open when the method returns, until `finish()` is called, as Tornado 1 did. */
export const asynchronous: MethodWrapper = wrapper((_handler, next) => {
  const result = next();
  return isThenable(result) ? result.then(() => KEEP_OPEN) : KEEP_OPEN;
});
