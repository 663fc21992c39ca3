/**
 * Marks handlers that take their request's body in parts.
 */

const streaming = new WeakSet<object>();

/**
 * Makes a handler class get its body through `dataReceived`, part by part, instead of whole: its
 * `prepare` runs before the body is read, its verb's method after. Call it on the class, or use it
 * as a class decorator where those run (Tornado `stream_request_body`).
 */
export function streamRequestBody<Class extends object>(
  handlerClass: Class,
  _context?: unknown,
): Class {
  if (typeof handlerClass !== "function") {
    throw new TypeError("Cannot stream the body: streamRequestBody is for a class");
  }
  streaming.add(handlerClass);
  return handlerClass;
}

/** Whether a class, or one that it extends, was given to `streamRequestBody`. */
export function isStreaming(handlerClass: object): boolean {
  let each: object | null = handlerClass;
  while (each !== null) {
    if (streaming.has(each)) return true;
    each = Object.getPrototypeOf(each);
  }
  return false;
}
