/**
 * What a developer is shown of an exception: the place, the source, the request, and no secret.
 * Made for `debug-page.ts`, in debug mode only.
 */

import { reasonFor } from "../httputil.ts";
import { type Frame, framesOf } from "./error-stack.ts";
import { HTTPError } from "./errors.ts";
import { argumentsOf, type Field, REDACTED, redactorFor, shown } from "./redaction.ts";
import type { RequestHandler } from "./request-handler.ts";

/** One exception of a chain of causes. */
export interface ErrorReport {
  readonly name: string;
  readonly message: string;
  readonly frames: readonly Frame[];
  /** The stack as the engine wrote it. */
  readonly stack: string;
}

/** An exception and the request that it ended. */
export interface Report {
  readonly status: number;
  readonly reason: string;
  /** The exception, then what caused it, and so on. */
  readonly errors: readonly ErrorReport[];
  readonly method: string;
  readonly uri: string;
  readonly remoteIp: string;
  /** The handler's class. */
  readonly handler: string;
  /** Tables of the request, by their titles. */
  readonly tables: Readonly<Record<string, readonly Field[]>>;
}

/** A chain of causes may lead back to itself. */
const MOST_CAUSES = 5;

/** Describes an exception. Never throws for what the request holds. */
export function reportOf(handler: RequestHandler, status: number, error: unknown): Report {
  const { request, settings } = handler;
  const redact = redactorFor(request, settings);
  const fields = (entries: Iterable<readonly [string, string]>): Field[] =>
    Array.from(entries, ([name, value]) => {
      const field = shown(name, value);
      return { name, value: redact(field.value) };
    });
  const groups = handler.pathKwargs ?? handler.pathArgs;
  return {
    status,
    reason: reasonFor(status, error instanceof HTTPError ? error.reason : undefined),
    errors: chainOf(error).map((each) => errorReport(each, handler, redact)),
    method: request.method,
    uri: redact(request.uri),
    remoteIp: request.remoteIp,
    handler: handler.constructor.name,
    tables: {
      "Rules, in the order in which they are tried": status === 404 ? rulesOf(handler) : [],
      "Path arguments": fields(Object.entries(groups).map(([name, value]) => [name, value ?? ""])),
      Arguments: fields(argumentsOf(request)),
      Cookies: Array.from(request.cookies.keys(), (name) => ({ name, value: REDACTED })),
      Headers: fields(request.headers),
    },
  };
}

function rulesOf({ application }: RequestHandler): Field[] {
  return application.describeRules().map(({ rule, target }) => ({ name: rule, value: target }));
}

function chainOf(error: unknown): unknown[] {
  const chain = [error];
  let { cause } = Object(error) as { cause?: unknown };
  while (cause !== undefined && chain.length < MOST_CAUSES) {
    chain.push(cause);
    ({ cause } = Object(cause) as { cause?: unknown });
  }
  return chain;
}

function errorReport(
  error: unknown,
  handler: RequestHandler,
  redact: (text: string) => string,
): ErrorReport {
  if (!(error instanceof Error)) {
    const message = redact(`${String(error)} (thrown, and no Error)`);
    return { name: typeof error, message, frames: [], stack: "" };
  }
  const { templates } = handler.application;
  const frames = framesOf(error, (name) => templates.sourceOf(name));
  return {
    name: error.name,
    message: redact(error.message),
    stack: redact(error.stack ?? ""),
    frames: frames.map((frame) => ({
      ...frame,
      source: frame.source.map(({ number, text }) => ({ number, text: redact(text) })),
    })),
  };
}
