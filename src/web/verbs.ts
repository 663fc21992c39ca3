/**
 * Which method of a handler answers a request's verb, and which verbs a handler has.
 */

import type { RequestHandler, Verb } from "./request-handler.ts";

/** Put around a verb's method: `authenticated`, for example. */
export type Guard = (method: Verb) => Verb;

/** Guards by the name of the method, `get` and so on; of several, the first is outermost. */
export type Guards = Readonly<Record<string, Guard | readonly Guard[]>>;

/** What a verb's method returns to keep the response open. */
export const KEEP_OPEN: unique symbol = Symbol("the response stays open");

/** `GET` → `get` and so on, for every method that has been asked for and is supported. */
const names = new Map<string, string>();
const guarded = new WeakMap<Guards, WeakMap<Verb, Verb>>();

/**
 * Throws a TypeError for guards that would guard nothing, such as those of a verb that is not there:
 * what they were to protect would be open.
 */
export function checkGuards(handlerClass: typeof RequestHandler): void {
  const { guards, supportedMethods, name } = handlerClass;
  if (guards === undefined) return;
  if (typeof guards !== "object" || guards === null || Array.isArray(guards)) {
    throw new TypeError(`Cannot use the guards of ${name}: expected { get: guard } or the like`);
  }
  const verbs = supportedMethods.map(nameOf);
  for (const [verb, given] of Object.entries(guards)) {
    if (!verbs.includes(verb)) {
      throw new TypeError(`Cannot use the guards of ${name}: no verb is called "${verb}"`);
    }
    if ([given].flat().some((guard) => typeof guard !== "function")) {
      throw new TypeError(`Cannot use the guards of ${name}: that of "${verb}" is no function`);
    }
  }
}

/** Guards of an object in place of its class guard nothing. Other members of that name may be. */
function checkMisplaced(handler: RequestHandler): void {
  const { guards } = handler as unknown as { guards?: unknown };
  const isMeant = Object.values(Object(guards)).some((guard) => typeof guard === "function");
  if (!isMeant) return;
  throw new TypeError(`Cannot use the guards of ${handler.constructor.name}: they are not static`);
}

/** Whether the request's verb is one that the handler's class may have a method for. */
export function isSupported(handler: RequestHandler): boolean {
  const supported = (handler.constructor as typeof RequestHandler).supportedMethods;
  const { method } = handler.request;
  return supported[0] === method || supported.includes(method);
}

/** The method for the request's verb, or undefined if the handler has none. */
export function verbOf(handler: RequestHandler): Verb | undefined {
  const { guards } = handler.constructor as typeof RequestHandler;
  const method = handler.request.method;
  const verb = methodFor(handler, method);
  if ("guards" in handler) checkMisplaced(handler);
  if (guards === undefined || verb === undefined) return verb;
  return withGuards(verb, guards, memberNamed(handler, method) === undefined ? "GET" : method);
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
  const member = (handler as unknown as Record<string, unknown>)[nameOf(method)];
  return typeof member === "function" ? (member as Verb) : undefined;
}

function nameOf(method: string): string {
  let name = method === "GET" ? "get" : names.get(method);
  if (name === undefined) {
    name = method.toLowerCase();
    names.set(method, name);
  }
  return name;
}

/** A method with its guards around it, put there once for each method. */
function withGuards(verb: Verb, guards: Guards, method: string): Verb {
  const name = nameOf(method);
  if (!Object.hasOwn(guards, name)) return verb;
  let known = guarded.get(guards);
  if (known === undefined) {
    known = new WeakMap();
    guarded.set(guards, known);
  }
  let wrapped = known.get(verb);
  if (wrapped === undefined) {
    wrapped = [guards[name] ?? []].flat().reduceRight((inner, guard) => guard(inner), verb);
    known.set(verb, wrapped);
  }
  return wrapped;
}
