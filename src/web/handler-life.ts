/**
 * How a handler runs: its hooks in their order, its verb's method, its errors. Called by
 * `handler-delegate.ts` for each request; never throws. Functions instead of methods of the
 * handler, whose making they would make dearer.
 */

import { urlUnescapeBytes } from "../escape.ts";
import { HTTPInputError } from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { appLog } from "../log.ts";
import type { PathMatch } from "../routing.ts";
import { isResponse, isThenable } from "../util.ts";
import { BodyStream } from "./body-stream.ts";
import type { Chunk } from "./chunks.ts";
import { Finish, HTTPError } from "./errors.ts";
import { breakOff, renderingOf } from "./handler-response.ts";
import type { RequestHandler } from "./request-handler.ts";
import { requireSync, watch } from "./unawaited.ts";
import { isSupported, KEEP_OPEN, verbOf } from "./verbs.ts";
import { writeResponse } from "./web-response.ts";
import { isSafeMethod } from "./xsrf.ts";

/**
 * Runs around a request's `prepare` and verb: what stands before `await next()` runs before them,
 * what stands after it before the response is finished. Without `next()` they do not run.
 */
export type RequestHook = (handler: RequestHandler, next: () => Promise<void>) => unknown;

/**
 * Runs a handler whose request is there as a whole, or gives a promise of it. `options` are those of
 * the route.
 */
export function runHandler(
  handler: RequestHandler,
  match: PathMatch,
  options: object,
): PromiseLike<void> | undefined {
  try {
    begin(handler, match, options);
    const { application } = handler;
    if (application.intercepts) {
      if (application.hooks.length > 0) return runHooks(handler, undefined);
      checkOrigin(handler);
    }
    const prepared = handler.prepare();
    if (isThenable(prepared)) return runPrepared(handler, prepared, undefined);
    if (handler.finished) return undefined;
    const result = callVerb(handler);
    return isThenable(result) ? settle(handler, result) : end(handler, result);
  } catch (error) {
    handleException(handler, error);
  }
  return undefined;
}

/** Lets a handler run before its request's body is there; it tells the stream when it wants it. */
export function runStreaming(
  handler: RequestHandler,
  match: PathMatch,
  options: object,
): BodyStream {
  const body = new BodyStream();
  try {
    begin(handler, match, options);
    if (handler.application.hooks.length > 0) runHooks(handler, body);
    else {
      checkOrigin(handler);
      runPrepared(handler, handler.prepare(), body);
    }
  } catch (error) {
    body.begin();
    handleException(handler, error);
  }
  return body;
}

function begin(handler: RequestHandler, match: PathMatch, options: object): void {
  requireSync(handler.initialize(options), "initialize");
  if (!isSupported(handler)) throw new HTTPError(405);
  takePathArguments(handler, match);
}

function checkOrigin(handler: RequestHandler): void {
  const isChecked = handler.application.checksXsrf && !isSafeMethod(handler.request.method);
  if (isChecked) requireSync(handler.checkXsrfCookie(), "checkXsrfCookie");
}

async function runPrepared(
  handler: RequestHandler,
  prepared: unknown,
  body: BodyStream | undefined,
): Promise<void> {
  try {
    await prepared;
    body?.begin();
    await body?.ended;
    if (!handler.finished) await end(handler, await callVerb(handler));
  } catch (error) {
    body?.begin();
    handleException(handler, error);
  }
}

/** Runs the application's hooks, each around the next, and the handler's own steps within. */
async function runHooks(handler: RequestHandler, body: BodyStream | undefined): Promise<void> {
  const { hooks } = handler.application;
  let result: unknown;
  const step = async (index: number): Promise<void> => {
    const hook = hooks[index];
    if (hook !== undefined) {
      await runHook(hook, handler, () => step(index + 1));
      return;
    }
    checkOrigin(handler);
    await handler.prepare();
    body?.begin();
    await body?.ended;
    if (!handler.finished) result = await callVerb(handler);
  };
  try {
    await step(0);
    await end(handler, result);
  } catch (error) {
    handleException(handler, error);
  } finally {
    body?.begin();
  }
}

/**
 * Runs one hook around what comes after it, once. If the hook does not wait for that, it is waited
 * for here: else the response would be finished before the verb has run, and nobody would hear of
 * its errors.
 */
async function runHook(
  hook: RequestHook,
  handler: RequestHandler,
  goOn: () => Promise<void>,
): Promise<void> {
  let rest: Rest | undefined;
  let isUnderWay = false;
  const over = (): void => {
    isUnderWay = false;
  };
  await hook(handler, () => {
    if (rest !== undefined) throw new Error("Cannot go on: a hook has called next before");
    isUnderWay = true;
    rest = new Rest((resolve) => resolve(goOn()));
    rest.watch(over);
    return rest;
  });
  if (rest !== undefined && (isUnderWay || !(rest as Rest).isHeard)) await rest;
}

/** What comes after a hook. Knows whether the hook listens: what it does not hear is not lost. */
class Rest extends Promise<void> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  isHeard = false;

  // biome-ignore lint/suspicious/noThenProperty: `await` calls it, because this is no plain Promise.
  override then<Result1 = void, Result2 = never>(
    resolved?: ((value: void) => Result1 | PromiseLike<Result1>) | null,
    rejected?: ((reason: unknown) => Result2 | PromiseLike<Result2>) | null,
  ): Promise<Result1 | Result2> {
    this.isHeard = true;
    return super.then(resolved, rejected);
  }

  watch(settled: () => void): void {
    super.then(settled, settled);
  }
}

async function settle(handler: RequestHandler, result: PromiseLike<unknown>): Promise<void> {
  try {
    await end(handler, await result);
  } catch (error) {
    handleException(handler, error);
  }
}

function callVerb(handler: RequestHandler): unknown {
  const verb = verbOf(handler);
  if (verb === undefined) throw new HTTPError(405);
  const { pathArgs, pathKwargs } = handler;
  if (pathKwargs !== undefined) return verb.call(handler, pathKwargs);
  return pathArgs.length === 0 ? verb.call(handler) : verb.apply(handler, [...pathArgs]);
}

function takePathArguments(handler: RequestHandler, match: PathMatch): void {
  if (match.pathArgs.length > 0) {
    handler.pathArgs = match.pathArgs.map((group) => decodeGroup(handler, group, "path"));
  }
  if (match.pathKwargs === undefined) return;
  handler.pathKwargs = Object.fromEntries(
    Object.entries(match.pathKwargs).map(([name, group]) => [
      name,
      decodeGroup(handler, group, name),
    ]),
  );
}

function decodeGroup(
  handler: RequestHandler,
  group: string | undefined,
  name: string,
): string | undefined {
  if (group === undefined) return undefined;
  if (handler.takesAsIs(group)) return group;
  return handler.decodeArgument(urlUnescapeBytes(group, false), name);
}

/**
 * A verb's method has returned: what it returned is written, and the response finished. A promise
 * if that takes time.
 */
function end(handler: RequestHandler, result: unknown): Promise<void> | undefined {
  if (handler.finished) return undefined;
  const rendering = renderingOf(handler);
  if (rendering !== undefined) return rendered(handler, rendering);
  if (result === KEEP_OPEN) return undefined;
  if (result !== undefined && result !== null) {
    if (isResponse(result)) return copy(handler, result);
    handler.write(result as Chunk);
  }
  handler.finish();
  return undefined;
}

/** The page that was rendered last will be the response. */
async function rendered(handler: RequestHandler, rendering: Promise<void>): Promise<void> {
  try {
    await rendering;
  } catch (error) {
    handleException(handler, error);
  }
}

async function copy(handler: RequestHandler, response: Response): Promise<void> {
  try {
    await writeResponse(handler, response);
  } catch (error) {
    handleException(handler, error);
  }
}

/** Ends a request with what was thrown. Never throws. */
export function handleException(handler: RequestHandler, error: unknown): void {
  if (!(error instanceof Finish)) {
    answerError(handler, error);
    return;
  }
  if (handler.finished) return;
  try {
    handler.finish(error.chunk);
  } catch (failure) {
    // Another Finish too, of a hook that finishing calls: it would be thrown again and again.
    answerError(handler, failure);
  }
}

function answerError(handler: RequestHandler, error: unknown): void {
  if (error instanceof StreamClosedError) {
    breakOff(handler);
    return;
  }
  try {
    watch(handler.logException(error), "logException");
  } catch (failure) {
    appLog.exception("Uncaught exception in logException", failure);
  }
  if (handler.finished) return;
  const details = { error };
  if (error instanceof HTTPError) {
    const reason = error.reason;
    handler.sendError(error.status, reason === undefined ? details : { ...details, reason });
  } else {
    handler.sendError(error instanceof HTTPInputError ? error.status : 500, details);
  }
}
