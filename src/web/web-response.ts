/**
 * A `Response` of the web's standards, returned by a verb's method, becomes the handler's response.
 */

import type { RequestHandler } from "./request-handler.ts";

/** What only this connection's own writer may say (RFC 9110 section 7.6.1). */
const OF_THE_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Sends status, headers and body of a response. Parts of a body go out as they come. */
export async function writeResponse(handler: RequestHandler, response: Response): Promise<void> {
  if (response.statusText === "") handler.setStatus(response.status);
  else handler.setStatus(response.status, response.statusText);
  if (!response.headers.has("Content-Type")) {
    handler.clearHeader("Content-Type");
    // Bun does not tell that a body was text. What has no type must not be taken for a page.
    if (response.body !== null) handler.setHeader("X-Content-Type-Options", "nosniff");
  }
  for (const [name, value] of response.headers) {
    if (name === "set-cookie") handler.addHeader(name, value);
    else if (!OF_THE_CONNECTION.has(name)) handler.setHeader(name, value);
  }
  if (response.body === null) {
    handler.finish();
    return;
  }
  const reader = response.body.getReader();
  try {
    await copyBody(handler, reader);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

async function copyBody(
  handler: RequestHandler,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<void> {
  let next = reader.read();
  for (;;) {
    const { done, value } = await next;
    if (done || handler.finished) break;
    handler.write(value);
    next = reader.read();
    // A body that is there as a whole goes out as one, with its length and entity tag.
    if (!(await isAtHand(next))) await handler.flush();
  }
  if (!handler.finished) handler.finish();
}

/** Whether a promise settles without waiting for anything. */
function isAtHand(promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 0);
    const settled = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
