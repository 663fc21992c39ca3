/**
 * Sends one response through an application's transforms, its parts in order also when a transform
 * needs time. Stands between `handler-response.ts` and the connection, where there are transforms.
 */

import { utf8 } from "../escape.ts";
import {
  type HTTPConnection,
  type HTTPHeaders,
  type HTTPServerRequest,
  type ResponseStartLine,
  standardStartLine,
} from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { appLog } from "../log.ts";
import { isThenable } from "../util.ts";
import type {
  OutputTransform,
  OutputTransformClass,
  TransformedChunk,
} from "./output-transform.ts";

const NOTHING = new Uint8Array(0);

export class TransformedOutput {
  readonly #connection: HTTPConnection;
  readonly #transforms: readonly OutputTransform[];
  #pending: Promise<void> | undefined;

  constructor(classes: readonly OutputTransformClass[], request: HTTPServerRequest) {
    this.#connection = request.connection;
    this.#transforms = classes.map((each) => new each(request));
  }

  /** Resolves when all that was given so far has been sent; undefined if it has. Never rejects. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  /** Sends the head and the first part of the body, which is all of it if `finishing`. */
  begin(
    startLine: ResponseStartLine,
    headers: HTTPHeaders,
    part: string | Uint8Array | undefined,
    finishing: boolean,
  ): Promise<void> | undefined {
    let status = startLine.code;
    let current = headers;
    const chunk = this.#through(part, (transform, bytes) => {
      const start = transform.transformFirstChunk(status, current, bytes, finishing);
      status = start.status;
      current = start.headers;
      return start.chunk;
    });
    return this.#inOrder(chunk, (bytes) => {
      const line = status === startLine.code ? startLine : standardStartLine(status);
      return this.#connection.writeHeaders(line, current, bytes, finishing ? "whole" : "part");
    });
  }

  /** Sends a further part. */
  write(part: string | Uint8Array | undefined, finishing: boolean): Promise<void> | undefined {
    if (part === undefined && !finishing) return this.#pending;
    const chunk = this.#through(part, (transform, bytes) =>
      transform.transformChunk(bytes, finishing),
    );
    return this.#inOrder(chunk, (bytes) => this.#connection.write(bytes));
  }

  /** The part after each transform; a promise as soon as one of them gives one. */
  #through(
    part: string | Uint8Array | undefined,
    step: (transform: OutputTransform, bytes: Uint8Array) => TransformedChunk,
  ): TransformedChunk {
    let chunk: TransformedChunk = part === undefined ? NOTHING : utf8(part);
    for (const transform of this.#transforms) {
      chunk = isThenable(chunk)
        ? (chunk as PromiseLike<Uint8Array>).then((bytes) => step(transform, bytes))
        : step(transform, chunk as Uint8Array);
    }
    return chunk;
  }

  #inOrder(
    chunk: TransformedChunk,
    send: (bytes: Uint8Array) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    if (this.#pending === undefined && !isThenable(chunk)) return send(chunk as Uint8Array);
    const before = this.#pending ?? Promise.resolve();
    const sent = before.then(async () => send(await chunk));
    const done = sent.then(undefined, (error) => this.#failed(error));
    this.#pending = done;
    done.then(() => {
      if (this.#pending === done) this.#pending = undefined;
    });
    return sent;
  }

  /** The rest of the response cannot be made: the client must not take it for complete. */
  #failed(error: unknown): void {
    if (!(error instanceof StreamClosedError)) {
      appLog.exception("Uncaught exception in an output transform", error);
    }
    this.#connection.abort();
  }
}
