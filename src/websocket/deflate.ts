/**
 * permessage-deflate (RFC 7692) for one connection: bytes of a message in, bytes of its frames out,
 * and back. Used by `connection.ts`; what was agreed on comes from `extension.ts`.
 *
 * Each message is compressed by a call of its own that is told what was said before, so that a
 * connection keeps 32 KiB at most between messages and none of zlib's memory. Short messages are
 * done at once, where zlib takes a dictionary; long ones on the runtime's threads, few at a time.
 */

import {
  constants,
  deflateRaw,
  deflateRawSync,
  inflateRaw,
  inflateRawSync,
  type ZlibOptions,
} from "node:zlib";
import type { Agreement, CompressionOptions } from "./extension.ts";
import { History } from "./history.ts";
import { deflateBehind, takesDictionary } from "./primed-deflate.ts";
import { INVALID_PAYLOAD, MESSAGE_TOO_BIG, WebSocketError } from "./protocol.ts";
import { Turnstile } from "./turnstile.ts";

/** Section 7.2.1: what every compressed message ends with and none is sent with. */
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);
/** Longer ones take longer than the way to another thread and back. */
const LONG = 32 * 1024;
/**
 * Of what was sent, this much is referred to: looking through 32 KiB before each message costs more
 * than it saves.
 */
const SENT_HISTORY = 8 * 1024;
const NOTHING = new Uint8Array(0);
/** A peer may end its stream and begin another within a message; each costs a call. */
const MOST_STREAMS = 16;
/** zlib's threads are shared with files and names: four in all by default. */
const turnstile = new Turnstile(4);

interface Inflated {
  readonly bytes: Uint8Array;
  /** Bytes of input that were used; less than all if a stream ended before. */
  readonly used: number;
}

/** A message that its peer cannot have meant. `code` is what the connection is closed with. */
export class InflateError extends WebSocketError {
  override readonly name: string = "InflateError";
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export class PerMessageDeflate {
  /** Shorter messages are sent as they are. */
  readonly threshold: number;
  readonly #level: number;
  readonly #memLevel: number;
  readonly #windowBits: number;
  readonly #maxSize: number;
  readonly #sent: History | undefined;
  readonly #received: History | undefined;

  constructor(
    agreement: Agreement,
    options: CompressionOptions,
    isServer: boolean,
    maxSize: number,
  ) {
    const { serverMaxWindowBits, clientMaxWindowBits } = agreement;
    const { serverNoContextTakeover, clientNoContextTakeover } = agreement;
    this.threshold = options.threshold ?? 64;
    this.#level = options.compressionLevel ?? 6;
    this.#memLevel = options.memLevel ?? 8;
    this.#maxSize = maxSize;
    this.#windowBits = isServer ? serverMaxWindowBits : clientMaxWindowBits;
    const receivedBits = isServer ? clientMaxWindowBits : serverMaxWindowBits;
    if (!(isServer ? serverNoContextTakeover : clientNoContextTakeover)) {
      this.#sent = new History(Math.min(SENT_HISTORY, 2 ** this.#windowBits));
    }
    if (!(isServer ? clientNoContextTakeover : serverNoContextTakeover)) {
      this.#received = new History(2 ** receivedBits);
    }
  }

  /** How this compresses: what is compressed alike for all can be sent to all who say the same. */
  get kind(): string {
    return `${this.#level} ${this.#memLevel} ${this.#windowBits}`;
  }

  /**
   * Compresses a message: at once, or with a promise. The next may begin when it has settled; the
   * bytes may change as soon as this returns.
   */
  deflate(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const before = this.#sent?.bytes ?? NOTHING;
    this.#sent?.add(bytes);
    const options = this.#deflateOptions(bytes.length, before.length);
    const refers = before.length > 0 && bytes.length > 0;
    const isPrimed = refers && !takesDictionary();
    if (refers && !isPrimed) options.dictionary = before;
    if (bytes.length <= LONG && !isPrimed) return withoutTail(deflateRawSync(bytes, options));
    const own = new Uint8Array(bytes);
    return turnstile.pass(async () =>
      withoutTail(
        await (isPrimed ? deflateBehind(before, own, options) : deflateLater(own, options)),
      ),
    );
  }

  /** Compresses a message so that it refers to nothing before it. */
  deflateAlone(bytes: Uint8Array): Uint8Array {
    return withoutTail(deflateRawSync(bytes, this.#deflateOptions(bytes.length, 0)));
  }

  /** A message was sent that was compressed alone: later ones may refer to it. */
  wasSent(bytes: Uint8Array): void {
    this.#sent?.add(bytes);
  }

  /** Gives a message back, at once or with a promise. Throws or rejects with InflateError. */
  inflate(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    if (bytes.length > LONG) return turnstile.pass(() => this.#inflateLong(bytes));
    let rest: Uint8Array = bytes;
    const whole: Uint8Array[] = [];
    for (let left = this.#maxSize, streams = 0; rest.length > 0; ) {
      const { bytes: part, used } = this.#inflatePart(rest, left, streams++);
      whole.push(part);
      left = this.#leftAfter(part, left);
      this.#received?.add(part);
      rest = rest.subarray(used);
    }
    return joined(whole);
  }

  async #inflateLong(bytes: Uint8Array): Promise<Uint8Array> {
    let rest: Uint8Array = bytes;
    const whole: Uint8Array[] = [];
    for (let left = this.#maxSize, streams = 0; rest.length > 0; ) {
      checkStreams(streams++);
      const before = this.#received?.bytes;
      const options = inflateOptions(rest.length, left, before);
      let result: InflateResult;
      try {
        result = await inflateLater(inputOf(rest, before), options);
      } catch (error) {
        throw inflateError(error, this.#maxSize);
      }
      const { bytes: part, used } = withoutBefore(result, before);
      whole.push(part);
      left = this.#leftAfter(part, left);
      this.#received?.add(part);
      rest = rest.subarray(used);
    }
    return joined(whole);
  }

  #leftAfter(part: Uint8Array, left: number): number {
    if (part.length <= left) return left - part.length;
    throw tooBig(this.#maxSize);
  }

  #inflatePart(input: Uint8Array, left: number, streams: number): Inflated {
    checkStreams(streams);
    const before = this.#received?.bytes;
    const options = inflateOptions(input.length, left, before);
    let result: InflateResult;
    try {
      result = inflateRawSync(inputOf(input, before), options) as unknown as InflateResult;
    } catch (error) {
      throw inflateError(error, this.#maxSize);
    }
    return withoutBefore(result, before);
  }

  /**
   * zlib clears tables as large as the window before it begins, so the window is as large as what
   * it can be used for.
   */
  #deflateOptions(length: number, before: number): ZlibOptions {
    const room = length + before + 262;
    const windowBits = Math.min(this.#windowBits, Math.max(9, 32 - Math.clz32(room - 1)));
    return {
      level: this.#level,
      memLevel: Math.min(this.#memLevel, Math.max(1, windowBits - 7)),
      windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: Math.max(64, Math.min(length + 64, 64 * 1024)),
    };
  }
}

interface InflateResult {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function inflateOptions(
  length: number,
  left: number,
  before: Uint8Array | undefined,
): ZlibOptions & { info: true } {
  const beforeLength = before?.length ?? 0;
  return {
    finishFlush: constants.Z_SYNC_FLUSH,
    // Nothing is more than 0 for zlib.
    maxOutputLength: Math.max(1, beforeLength + left),
    chunkSize: Math.max(256, Math.min(beforeLength + 4 * length, 64 * 1024)),
    info: true,
  };
}

/**
 * What zlib is given: the bytes that came before as a block that is stored (RFC 1951 section
 * 3.2.4), which fills its window, then the message. Deno takes no dictionary here.
 */
function inputOf(message: Uint8Array, before: Uint8Array | undefined): Uint8Array {
  const stored = storedLength(before);
  const input = new Uint8Array(stored + message.length + TAIL.length);
  if (before !== undefined && stored > 0) {
    const { length } = before;
    input.set([0, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff]);
    input.set(before, 5);
  }
  input.set(message, stored);
  input.set(TAIL, stored + message.length);
  return input;
}

function storedLength(before: Uint8Array | undefined): number {
  return before === undefined || before.length === 0 ? 0 : 5 + before.length;
}

function withoutBefore(result: InflateResult, before: Uint8Array | undefined): Inflated {
  const { buffer, engine } = result;
  const bytes = before === undefined ? buffer : buffer.subarray(before.length);
  return { bytes, used: engine.bytesWritten - storedLength(before) };
}

function withoutTail(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length - TAIL.length);
}

/** A plain array of its own: zlib's are Buffers, whose slice does not copy. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function checkStreams(streams: number): void {
  if (streams < MOST_STREAMS) return;
  throw new InflateError(INVALID_PAYLOAD, `more than ${MOST_STREAMS} streams in one message`);
}

function tooBig(maxSize: number, options?: ErrorOptions): InflateError {
  return new InflateError(MESSAGE_TOO_BIG, `message longer than ${maxSize} bytes`, options);
}

function inflateError(cause: unknown, maxSize: number): InflateError {
  if ((cause as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") {
    return tooBig(maxSize, { cause });
  }
  return new InflateError(INVALID_PAYLOAD, "message that cannot be decompressed", { cause });
}

function deflateLater(bytes: Uint8Array, options: ZlibOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    deflateRaw(bytes, options, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

function inflateLater(bytes: Uint8Array, options: ZlibOptions): Promise<InflateResult> {
  return new Promise((resolve, reject) => {
    inflateRaw(bytes, options, (error, result) => {
      if (error) reject(error);
      else resolve(result as unknown as InflateResult);
    });
  });
}
