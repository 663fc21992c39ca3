/**
 * Compressed responses: the transform of the setting `compressResponse` (RFC 9110 section 8.4).
 * A response that is there as a whole is compressed as such; one that is flushed in parts becomes
 * a gzip stream whose parts can be read as they arrive.
 */

import type { Buffer } from "node:buffer";
import zlib from "node:zlib";
import type { HTTPHeaders, HTTPServerRequest } from "../httputil.ts";
import { codedEtag } from "./etag.ts";
import { GzipStream } from "./gzip-stream.ts";
import { chooseCoding } from "./negotiation.ts";
import {
  OutputTransform,
  type TransformedChunk,
  type TransformedStart,
} from "./output-transform.ts";

/** Below this, what compression saves is less than a packet. Tornado's limit. */
const MIN_LENGTH = 1024;
/** Above this, compression is left to a thread: it would hold up other requests too long. */
const MAX_SYNC_LENGTH = 64 * 1024;
const GZIP_LEVEL = 6;
/** Denser than gzip at its level 6, and faster. */
const BROTLI_QUALITY = 4;
const TYPES =
  /^(?:text\/|(?:application|image)\/(?:[\w.-]+\+)?(?:javascript|x-javascript|json|xml|atom|wasm|manifest|svg)\b)/i;

/** Compresses whole bodies; at once if they are short. */
type Compressor = (bytes: Uint8Array) => TransformedChunk;

const compressors = new Map<string, Compressor>([
  [
    "br",
    sized(
      (bytes) => zlib.brotliCompressSync(bytes, brotliOptions(bytes)),
      (bytes, done) => zlib.brotliCompress(bytes, brotliOptions(bytes), done),
    ),
  ],
  [
    "gzip",
    sized(
      (bytes) => zlib.gzipSync(bytes, { level: GZIP_LEVEL }),
      (bytes, done) => zlib.gzip(bytes, { level: GZIP_LEVEL }, done),
    ),
  ],
]);
// Node 20 has no zstd.
if (typeof zlib.zstdCompressSync === "function") {
  const zstd = sized(
    (bytes) => zlib.zstdCompressSync(bytes),
    (bytes, done) => zlib.zstdCompress(bytes, done),
  );
  compressors.set("zstd", zstd);
}

const WHOLE = ["br", "zstd", "gzip"].filter((coding) => compressors.has(coding));
const IN_PARTS = ["gzip"];

function brotliOptions(bytes: Uint8Array): zlib.BrotliOptions {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  return {
    params: { [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
  };
}

function sized(
  short: (bytes: Uint8Array) => Uint8Array,
  long: (bytes: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void,
): Compressor {
  return (bytes) => {
    if (bytes.length <= MAX_SYNC_LENGTH) return short(bytes);
    return new Promise((resolve, reject) => {
      long(bytes, (error, result) => (error === null ? resolve(result) : reject(error)));
    });
  };
}

/** Compresses a response if the client takes it, its type gains by it, and it is long enough. */
export class ContentEncoding extends OutputTransform {
  readonly #acceptEncoding: string | undefined;
  #stream: GzipStream | undefined;

  constructor(request: HTTPServerRequest) {
    super(request);
    this.#acceptEncoding = request.headers.get("Accept-Encoding");
  }

  override transformFirstChunk(
    status: number,
    headers: HTTPHeaders,
    chunk: Uint8Array,
    finishing: boolean,
  ): TransformedStart {
    addVary(headers);
    const isWorth = !finishing || chunk.length >= MIN_LENGTH;
    const coding =
      isWorth && isCompressible(status, headers)
        ? chooseCoding(this.#acceptEncoding, finishing ? WHOLE : IN_PARTS)
        : undefined;
    if (coding === undefined) return { status, headers, chunk };
    headers.set("Content-Encoding", coding);
    headers.delete("Content-Length");
    headers.delete("Accept-Ranges");
    const etag = headers.get("Etag");
    if (etag !== undefined) headers.set("Etag", codedEtag(etag, coding));
    if (finishing)
      return { status, headers, chunk: (compressors.get(coding) as Compressor)(chunk) };
    this.#stream = new GzipStream(GZIP_LEVEL);
    return { status, headers, chunk: this.#stream.add(chunk, false) };
  }

  override transformChunk(chunk: Uint8Array, finishing: boolean): TransformedChunk {
    return this.#stream === undefined ? chunk : this.#stream.add(chunk, finishing);
  }
}

/** Caches must keep responses to clients that can read other codings apart. */
function addVary(headers: HTTPHeaders): void {
  const vary = headers.get("Vary");
  if (vary === undefined) headers.set("Vary", "Accept-Encoding");
  else if (vary !== "*" && !/(^|,)\s*Accept-Encoding\s*(,|$)/i.test(vary)) {
    headers.set("Vary", `${vary}, Accept-Encoding`);
  }
}

/**
 * Whether a response may be compressed: neither a part of one, whose numbers count the bytes as
 * they are, nor one that is compressed already or must not be touched.
 */
function isCompressible(status: number, headers: HTTPHeaders): boolean {
  if (status < 200 || status === 204 || status === 206 || status === 304) return false;
  if (headers.has("Content-Encoding") || headers.has("Content-Range")) return false;
  if (/(^|,)\s*no-transform\b/i.test(headers.get("Cache-Control") ?? "")) return false;
  return TYPES.test(headers.get("Content-Type") ?? "");
}
