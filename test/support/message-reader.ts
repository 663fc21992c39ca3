/**
 * The plainest reader of HTTP messages over the core: collects what arrives, takes heads and
 * bodies off it, keeps them. For tests that compare whole streams; `http1connection` is the real
 * one.
 */

import {
  FLAG_CHUNKED,
  FLAG_HAS_LENGTH,
  FLAG_KEEP_ALIVE,
  FLAG_NO_BODY,
  FLAG_UNTIL_CLOSE,
  FLAG_UPGRADE,
  FLAGS,
  FORM_AUTHORITY,
  STATUS_CODE,
  TARGET_FORM,
} from "../../core-wasm/layout.ts";
import { NEED_DATA } from "../../core-wasm/status.ts";
import { type CoreBuild, decode, placesOf, put, statusName } from "./core-builds.ts";
import { requestHead } from "./heads.ts";

export interface Message {
  /** Method and target, or the status code. */
  readonly start: string;
  readonly headers: readonly (readonly [string, string])[];
  body: string;
  complete: boolean;
}

export interface Stream {
  readonly messages: Message[];
  /** The status that ended the stream. */
  error: string | undefined;
  /** Bytes of whole heads and whole bodies: what is refused begins there. */
  consumed: number;
}

const MAX_HEADERS = 100;
const MAX_TARGET_LENGTH = 8192;

class MessageReader {
  readonly stream: Stream = { messages: [], error: undefined, consumed: 0 };
  readonly #build: CoreBuild;
  readonly #kind: "request" | "response";
  /** Pieces that arrived and were not taken; cut where they were cut. */
  #pieces: Uint8Array[] = [];
  #take: () => boolean = () => this.#takeHead();

  constructor(build: CoreBuild, kind: "request" | "response") {
    this.#build = build;
    this.#kind = kind;
  }

  receive(piece: Uint8Array): void {
    this.#pieces.push(piece);
    while (this.stream.error === undefined && this.#take());
  }

  #takeHead(): boolean {
    const bytes = Buffer.concat(this.#pieces);
    if (bytes.length === 0) return false;
    const build = this.#build;
    const [start = 0] = placesOf(build, bytes.length);
    put(build, start, bytes, bytes.length);
    const result =
      this.#kind === "request"
        ? build.wasm.parseRequestHead(start, bytes.length, MAX_HEADERS, MAX_TARGET_LENGTH)
        : build.wasm.parseResponseHead(start, bytes.length, MAX_HEADERS, 1);
    if (result === NEED_DATA) return false;
    if (result < 0) {
      this.stream.error = statusName(result);
      return false;
    }
    this.#pieces = [bytes.subarray(result)];
    this.stream.consumed += result;
    this.#begin(start);
    return true;
  }

  /** Notes the message whose head was just parsed, and what is to be taken of its body. */
  #begin(start: number): void {
    const { table } = this.#build;
    const head = requestHead(this.#build, start);
    const message: Message = {
      start:
        this.#kind === "request" ? `${head.method} ${head.target}` : String(table[STATUS_CODE]),
      headers: head.headers.map(({ name, value }) => [name, value]),
      body: "",
      complete: false,
    };
    this.stream.messages.push(message);
    const flags = table[FLAGS] ?? 0;
    const tunnel = flags & FLAG_UPGRADE || table[TARGET_FORM] === FORM_AUTHORITY;
    const next = flags & FLAG_KEEP_ALIVE && !tunnel ? () => this.#takeHead() : () => false;
    if (flags & FLAG_UNTIL_CLOSE) this.#take = () => this.#takeAll(message);
    else if (!(flags & FLAG_NO_BODY) && flags & FLAG_CHUNKED) this.#takeChunks(message, next);
    else if (!(flags & FLAG_NO_BODY) && flags & FLAG_HAS_LENGTH)
      this.#takeLength(message, head.contentLength, next);
    else this.#end(message, next);
  }

  #end(message: Message, next: () => boolean): void {
    message.complete = true;
    this.#take = next;
  }

  #takeAll(message: Message): boolean {
    message.body += Buffer.concat(this.#pieces.splice(0)).toString("latin1");
    return false;
  }

  #takeLength(message: Message, length: number, next: () => boolean): void {
    this.#take = () => {
      const bytes = Buffer.concat(this.#pieces);
      const part = bytes.subarray(0, length - message.body.length);
      message.body += part.toString("latin1");
      this.#pieces = [bytes.subarray(part.length)];
      if (message.body.length < length) return false;
      this.stream.consumed += length;
      this.#end(message, next);
      return true;
    };
  }

  /** Gives the decoder all pieces of this body again, cut as they came: it is as good as going on. */
  #takeChunks(message: Message, next: () => boolean): void {
    this.#take = () => {
      const decoded = decode(this.#build, this.#pieces, 16384, 16384);
      message.body = decoded.data;
      if (decoded.status < 0) this.stream.error = statusName(decoded.status);
      if (!decoded.done) return false;
      this.stream.consumed += decoded.consumed;
      this.#pieces = [Buffer.concat(this.#pieces).subarray(decoded.consumed)];
      this.#end(message, next);
      return true;
    };
  }
}

/** What one stream holds, fed in these pieces. */
export function readMessages(
  build: CoreBuild,
  kind: "request" | "response",
  pieces: readonly Uint8Array[],
): Stream {
  const reader = new MessageReader(build, kind);
  for (const piece of pieces) reader.receive(piece);
  return reader.stream;
}
