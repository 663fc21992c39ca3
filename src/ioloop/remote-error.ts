/**
 * Carries what was thrown from one thread to another: copies alone would lose its name and stack.
 * Private to `ioloop`.
 */

/** What was thrown, in a form that can be copied. */
export type RemoteError =
  | { readonly thrown: unknown }
  | {
      /** Its class and those above it, nearest first, up to Error. */
      readonly classes: readonly string[];
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      readonly fields: Readonly<Record<string, unknown>>;
      readonly cause: RemoteError | undefined;
      /** Those of an AggregateError. */
      readonly errors: readonly RemoteError[] | undefined;
    };

/** A class of errors. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Causes of causes that are carried, so that a circle ends. */
const DEPTH = 8;

/** The runtime's own classes of errors, which are made again as what they were. */
const CLASSES: ReadonlyMap<string, ErrorConstructor> = new Map(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((each) => [
    each.name,
    each,
  ]),
);

export function describeError(error: unknown, depth: number = DEPTH): RemoteError {
  if (!(error instanceof Error)) return { thrown: copyable(error) ? error : String(error) };
  const { name, message, stack = "", cause } = error;
  const own = Object.entries(error).filter(([key, value]) => key !== "cause" && copyable(value));
  const hasCause = cause !== undefined && depth > 0;
  const hasErrors = error instanceof AggregateError && depth > 0;
  return {
    classes: classesOf(error),
    name,
    message,
    stack,
    fields: Object.fromEntries(own),
    cause: hasCause ? describeError(cause, depth - 1) : undefined,
    errors: hasErrors ? error.errors.map((each) => describeError(each, depth - 1)) : undefined,
  };
}

/**
 * An error of the same name, message, stack, cause, errors and fields, such as `code`, and of the
 * nearest class that is the runtime's own or among those given. Their constructors are not called.
 */
export function restoreError(error: RemoteError, given: readonly ErrorClass[] = []): unknown {
  if ("thrown" in error) return error.thrown;
  const cause = error.cause === undefined ? undefined : { cause: restoreError(error.cause, given) };
  const restored = newError(error, given, cause);
  for (const name of error.classes) {
    const found = given.find((each) => each.name === name);
    if (found !== undefined) Object.setPrototypeOf(restored, found.prototype);
    if (found !== undefined || CLASSES.has(name)) break;
  }
  define(restored, "stack", error.stack);
  define(restored, "name", error.name);
  for (const [key, value] of Object.entries(error.fields)) define(restored, key, value, true);
  return restored;
}

/** One of the nearest class of the runtime's. */
function newError(
  { classes, name, message, errors }: Exclude<RemoteError, { thrown: unknown }>,
  given: readonly ErrorClass[],
  cause: { cause: unknown } | undefined,
): Error {
  if (errors !== undefined) {
    return new AggregateError(
      errors.map((each) => restoreError(each, given)),
      message,
      cause,
    );
  }
  if (classes.includes("DOMException")) return new DOMException(message, { name, ...cause });
  const own = classes.find((each) => CLASSES.has(each)) ?? "Error";
  return new (CLASSES.get(own) ?? Error)(message, cause);
}

function classesOf(error: Error): string[] {
  const names: string[] = [];
  let prototype = Object.getPrototypeOf(error);
  while (prototype instanceof Error || prototype === Error.prototype) {
    names.push(String(prototype.constructor?.name));
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}

/** Whatever its class says of the property: what it would need of the constructor is not there. */
function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
}

function copyable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
