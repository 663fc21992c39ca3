/**
 * Compressed bodies (RFC 9110 section 8.4), decompressed under a limit: a few kilobytes can stand for
 * gigabytes. One coding is undone; a list of them is refused, because each could blow up what the one
 * before it has blown up (CVE-2026-22036). For `httpclient`, and for servers with `decompressRequest`.
 */

import { kMaxLength } from "node:buffer";
import type { Transform } from "node:stream";
import zlib from "node:zlib";
import { HTTPInputError } from "./httputil.ts";

/** Compressed bytes up to this are decompressed at once: at worst they become 16 MiB. */
const SYNC_LENGTH = 16 * 1024;

/** Node 20 has no zstd. */
export const zstdAvailable: boolean = typeof zlib.zstdDecompress === "function";

type Done = (error: Error | null, bytes: Uint8Array) => void;

interface Coding {
  sync(bytes: Uint8Array, maxOutputLength: number): Uint8Array;
  threaded(bytes: Uint8Array, maxOutputLength: number, done: Done): void;
  stream(): Transform;
}

const gzip: Coding = {
  sync: (bytes, maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength }),
  threaded: (bytes, maxOutputLength, done) => zlib.gunzip(bytes, { maxOutputLength }, done),
  stream: () => zlib.createGunzip(),
};
const deflate: Coding = {
  sync: (bytes, maxOutputLength) => zlib.inflateSync(bytes, { maxOutputLength }),
  threaded: (bytes, maxOutputLength, done) => zlib.inflate(bytes, { maxOutputLength }, done),
  stream: () => zlib.createInflate(),
};
/** What some servers send as deflate: without the zlib format around it. */
const deflateRaw: Coding = {
  sync: (bytes, maxOutputLength) => zlib.inflateRawSync(bytes, { maxOutputLength }),
  threaded: (bytes, maxOutputLength, done) => zlib.inflateRaw(bytes, { maxOutputLength }, done),
  stream: () => zlib.createInflateRaw(),
};
const brotli: Coding = {
  sync: (bytes, maxOutputLength) => zlib.brotliDecompressSync(bytes, { maxOutputLength }),
  threaded: (bytes, maxOutputLength, done) =>
    zlib.brotliDecompress(bytes, { maxOutputLength }, done),
  stream: () => zlib.createBrotliDecompress(),
};
const zstd: Coding = {
  sync: (bytes, maxOutputLength) => zlib.zstdDecompressSync(bytes, { maxOutputLength }),
  threaded: (bytes, maxOutputLength, done) => zlib.zstdDecompress(bytes, { maxOutputLength }, done),
  stream: () => zlib.createZstdDecompress(),
};

const codings = new Map<string, Coding>([
  ["gzip", gzip],
  ["x-gzip", gzip],
  ["deflate", deflate],
  ["br", brotli],
]);
if (zstdAvailable) codings.set("zstd", zstd);

/**
 * The one coding that Content-Encoding names and that can be undone; undefined leaves the body as it
 * is. Throws HTTPInputError 415 for several.
 */
export function codingOf(values: readonly string[]): string | undefined {
  if (values.length === 0) return undefined;
  const names = values
    .join(",")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length > 1) {
    throw new HTTPInputError(`Cannot decompress body: ${names.length} codings one on another`, 415);
  }
  const [name] = names;
  return name !== undefined && codings.has(name) ? name : undefined;
}

/** Decompresses a whole body. Throws, or rejects with, HTTPInputError. */
export function decompress(
  name: string,
  bytes: Uint8Array,
  limit: number,
): Uint8Array | Promise<Uint8Array> {
  if (bytes.length === 0) return bytes;
  const coding = select(name, bytes);
  // More than an array can hold is no limit to zlib, which refuses it.
  const most = Math.min(limit, kMaxLength);
  if (bytes.length <= SYNC_LENGTH) {
    try {
      return coding.sync(bytes, most);
    } catch (error) {
      throw failure(error, limit);
    }
  }
  return new Promise((resolve, reject) => {
    coding.threaded(bytes, most, (error, result) => {
      if (error === null || error === undefined) resolve(result);
      else reject(failure(error, limit));
    });
  });
}

/** Decompresses a body as it comes, and gives its parts on. */
export class StreamDecompressor {
  readonly #name: string;
  readonly #limit: number;
  readonly #deliver: (chunk: Uint8Array) => unknown;
  #stream: Transform | undefined;
  #delivered: Promise<void> | undefined;

  constructor(name: string, limit: number, deliver: (chunk: Uint8Array) => unknown) {
    this.#name = name;
    this.#limit = limit;
    this.#deliver = deliver;
  }

  /** Takes a part, which must not change. Resolves when there is room for the next one. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#stream === undefined) {
      this.#stream = select(this.#name, chunk).stream();
      this.#delivered = this.#deliverAll(this.#stream);
      // Who writes or finishes next hears of it.
      this.#delivered.catch(() => undefined);
    }
    const stream = this.#stream;
    const written = new Promise<void>((resolve) => {
      stream.write(chunk, () => resolve());
    });
    await Promise.race([written, this.#delivered]);
  }

  /** The body is complete. Resolves when all of it has been given on. */
  async finish(): Promise<void> {
    this.#stream?.end();
    await this.#delivered;
  }

  /** Nobody waits for the rest: frees what the decoder holds. */
  abandon(): void {
    this.#stream?.destroy();
  }

  async #deliverAll(stream: Transform): Promise<void> {
    let total = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        total += chunk.length;
        if (total > this.#limit) throw tooLong(this.#limit);
        await this.#deliver(chunk);
      }
    } catch (error) {
      stream.destroy();
      throw isCodecError(error) ? failure(error, this.#limit) : error;
    }
  }
}

function select(name: string, bytes: Uint8Array): Coding {
  // RFC 1950: the low half of the first byte is 8 in the zlib format, and never of a raw block that
  // a compressor writes first.
  if (name === "deflate" && ((bytes[0] ?? 0) & 0x0f) !== 8) return deflateRaw;
  return codings.get(name) as Coding;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function isCodecError(error: unknown): boolean {
  return /^(Z_|ERR_|ZSTD_)/.test(codeOf(error));
}

function failure(error: unknown, limit: number): HTTPInputError {
  if (codeOf(error) === "ERR_BUFFER_TOO_LARGE" || error instanceof RangeError) {
    return tooLong(limit);
  }
  const why = error instanceof Error ? error.message : String(error);
  return new HTTPInputError(`Cannot decompress body: ${why}`, 400, { cause: error });
}

function tooLong(limit: number): HTTPInputError {
  return new HTTPInputError(`The body is longer than ${limit} bytes, decompressed`, 413);
}
