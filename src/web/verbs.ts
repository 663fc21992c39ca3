/**
 * Which method of a handler answers a request's verb, and which verbs a handler has.
 */

import type { RequestHandler, Verb } from "./request-handler.ts";

/** `GET` → `get` and so on, for every method that has been asked for and is supported. */
const names = new Map<string, string>();

/** Whether the request's verb is one that the handler's class may have a method for. */
export function isSupported(handler: RequestHandler): boolean {
  const supported = (handler.constructor as typeof RequestHandler).supportedMethods;
  return supported.includes(handler.request.method);
}

/** The method for the request's verb, or undefined if the handler has none. */
export function verbOf(handler: RequestHandler): Verb | undefined {
  return methodFor(handler, handler.request.method);
}

/** The verbs that a handler answers, for the `Allow` header. */
export function allowedMethods(handler: RequestHandler): string[] {
  const supported = (handler.constructor as typeof RequestHandler).supportedMethods;
  return supported.filter((method) => methodFor(handler, method) !== undefined);
}

function methodFor(handler: RequestHandler, method: string): Verb | undefined {
  const own = memberNamed(handler, method);
  if (own !== undefined || method !== "HEAD") return own;
  // RFC 9110 section 9.1: every server must know GET and HEAD. The writer leaves the body out.
  return memberNamed(handler, "GET");
}

function memberNamed(handler: RequestHandler, method: string): Verb | undefined {
  let name = method === "GET" ? "get" : names.get(method);
  if (name === undefined) {
    name = method.toLowerCase();
    names.set(method, name);
  }
  const member = (handler as unknown as Record<string, unknown>)[name];
  return typeof member === "function" ? (member as Verb) : undefined;
}
