/**
 * The body of a request on its way out: the whole, or its parts as they come. Knows how it is framed
 * (RFC 9112 section 6) and whether it can be sent a second time.
 */

import { utf8Length } from "../core.ts";
import type { HTTP1ClientConnection } from "../http1connection.ts";
import { type HTTPHeaders, HTTPOutputError } from "../httputil.ts";
import type { Chunk, RequestSettings } from "./request.ts";

/** Sends the parts of a body by the function that it is given. */
export type Producer = (write: (chunk: Chunk) => Promise<void>) => unknown;

/** The body of a request. */
export interface RequestBody {
  /** What goes out with the head; `""` for a streamed one. */
  readonly whole: Chunk;
  /** Its size in bytes. */
  readonly size: number;
  /** Sends what is not in `whole`. */
  readonly producer: Producer | undefined;
  /** It can be sent again, for a redirect or a digest. */
  readonly repeatable: boolean;
}

const NOTHING: RequestBody = { whole: "", size: 0, producer: undefined, repeatable: true };
/** Methods whose servers expect to be told that there is nothing (RFC 9110 section 8.6). */
const SAYS_NOTHING = new Set(["POST", "PUT", "PATCH"]);

/** The body that settings ask for, or undefined. */
export function bodyOf(settings: RequestSettings): RequestBody | undefined {
  const { body, bodyProducer, method } = settings;
  if (bodyProducer !== undefined) return { ...NOTHING, producer: bodyProducer };
  if (body === undefined) return SAYS_NOTHING.has(method) ? NOTHING : undefined;
  if (typeof body === "string") return { ...NOTHING, whole: body, size: utf8Length(body) };
  if (body instanceof Uint8Array) return { ...NOTHING, whole: body, size: body.length };
  if (typeof body === "object" && body !== null && Symbol.asyncIterator in body) {
    return { ...NOTHING, producer: (write) => pour(body, write), repeatable: false };
  }
  throw new TypeError("Cannot fetch: the body is no text, no bytes and not an async iterable");
}

async function pour(
  parts: AsyncIterable<Chunk>,
  write: (chunk: Chunk) => Promise<void>,
): Promise<void> {
  for await (const part of parts) await write(part);
}

/**
 * The header line that frames a body. Throws HTTPOutputError where the application's own
 * Content-Length is not that of its body, or it frames the body by Transfer-Encoding.
 */
export function framingLine(
  body: RequestBody | undefined,
  headers: HTTPHeaders | undefined,
): string {
  if (headers?.has("Transfer-Encoding") === true) {
    throw new HTTPOutputError("Cannot set Transfer-Encoding: the client frames bodies itself");
  }
  const given = headers?.getList("Content-Length") ?? [];
  if (given.length === 0) {
    if (body === undefined) return "";
    return body.producer === undefined
      ? `Content-Length: ${body.size}\r\n`
      : "Transfer-Encoding: chunked\r\n";
  }
  const length = given.length === 1 && /^[0-9]{1,15}$/.test(given[0] ?? "") ? Number(given[0]) : -1;
  const fits = body?.producer !== undefined ? length >= 0 : length === (body?.size ?? 0);
  if (!fits) {
    throw new HTTPOutputError(
      `Cannot set Content-Length to ${given.join(", ")}: the body has ${body?.size ?? 0} bytes`,
    );
  }
  return "";
}

/** Sends a streamed body. Rejects with what the producer throws, or for a wrong number of bytes. */
export async function sendParts(
  producer: Producer,
  connection: HTTP1ClientConnection,
  length: number | undefined,
): Promise<void> {
  let sent = 0;
  let over = false;
  let failure: unknown;
  const send = async (chunk: Chunk): Promise<void> => {
    if (over) throw new HTTPOutputError("Cannot write: the body is complete");
    // Of another array, length would not be its number of bytes.
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) {
      throw new TypeError("Cannot write: a part of the body is no text and no bytes");
    }
    const size = typeof chunk === "string" ? utf8Length(chunk) : chunk.length;
    if (size === 0) return;
    sent += size;
    if (length !== undefined && sent > length) {
      throw new HTTPOutputError(`Cannot write: more than the ${length} bytes of Content-Length`);
    }
    if (length === undefined) connection.write(`${size.toString(16)}\r\n`);
    const waiting = connection.write(chunk);
    if (length === undefined) connection.write("\r\n");
    await waiting;
  };
  const write = (chunk: Chunk): Promise<void> => {
    const sending = send(chunk);
    // A producer need not wait: what fails then fails the body.
    sending.catch((error) => {
      failure ??= error;
    });
    return sending;
  };
  await producer(write);
  over = true;
  if (failure !== undefined) throw failure;
  if (length !== undefined && sent < length) {
    throw new HTTPOutputError(
      `Cannot complete body: ${length - sent} bytes fewer than Content-Length were written`,
    );
  }
  if (length === undefined) connection.write("0\r\n\r\n");
}
