/**
 * What more than one module needs and no module owns. Imports nothing, knows nothing of HTTP.
 */

/** The version that the banner and the `Server` header name; the same as package.json's. */
export const VERSION = "0.1.0";

/** True for a promise, or anything that can be awaited like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
