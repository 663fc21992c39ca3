/**
 * Carries what was thrown from one thread to another: copies alone would lose its name and stack.
 * Private to `ioloop`.
 */

/** What was thrown, in a form that can be copied. */
export type RemoteError =
  | { readonly thrown: unknown }
  | {
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      readonly fields: Readonly<Record<string, unknown>>;
      readonly cause: RemoteError | undefined;
      /** Those of an AggregateError. */
      readonly errors: readonly RemoteError[] | undefined;
    };

/** Causes of causes that are carried, so that a circle ends. */
const DEPTH = 8;

/** The runtime's own classes of errors, which are made again as what they were. */
const CLASSES: Readonly<Record<string, ErrorConstructor | undefined>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

export function describeError(error: unknown, depth: number = DEPTH): RemoteError {
  if (!(error instanceof Error)) return { thrown: copyable(error) ? error : String(error) };
  const { name, message, stack = "", cause } = error;
  const own = Object.entries(error).filter(([key, value]) => key !== "cause" && copyable(value));
  const hasCause = cause !== undefined && depth > 0;
  const hasErrors = error instanceof AggregateError && depth > 0;
  return {
    name,
    message,
    stack,
    fields: Object.fromEntries(own),
    cause: hasCause ? describeError(cause, depth - 1) : undefined,
    errors: hasErrors ? error.errors.map((each) => describeError(each, depth - 1)) : undefined,
  };
}

/** An error of the same name, message, stack, cause, errors and fields, such as `code`. */
export function restoreError(error: RemoteError): unknown {
  if ("thrown" in error) return error.thrown;
  const cause = error.cause === undefined ? undefined : { cause: restoreError(error.cause) };
  const restored =
    error.errors === undefined
      ? new (CLASSES[error.name] ?? Error)(error.message, cause)
      : new AggregateError(error.errors.map(restoreError), error.message, cause);
  Object.assign(restored, error.fields);
  define(restored, "stack", error.stack);
  if (restored.name !== error.name) define(restored, "name", error.name);
  return restored;
}

function define(error: Error, key: string, value: string): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true });
}

function copyable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
