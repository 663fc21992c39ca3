/**
 * A gzip stream (RFC 1952) whose parts are complete as they are given: each is compressed with
 * what stood before it as its dictionary, and flushed. One call of zlib for a part, where a stream
 * of zlib's own would answer at some later time.
 */

import { Buffer } from "node:buffer";
import zlib from "node:zlib";

const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** How far back deflate can refer (RFC 1951 section 2). */
const WINDOW = 32 * 1024;

export class GzipStream {
  readonly #level: number;
  #started = false;
  #checksum = 0;
  #length = 0;
  #window: Buffer = Buffer.alloc(0);

  constructor(level: number) {
    this.#level = level;
  }

  /** The stream's next bytes for the next part of the content; the last one ends the stream. */
  add(part: Uint8Array, last: boolean): Uint8Array {
    const pieces: Uint8Array[] = [];
    if (!this.#started) pieces.push(HEADER);
    this.#started = true;
    if (part.length > 0 || last) pieces.push(this.#deflate(part, last));
    this.#checksum = zlib.crc32(part, this.#checksum);
    this.#length = (this.#length + part.length) >>> 0;
    if (last) pieces.push(this.#trailer());
    return Buffer.concat(pieces);
  }

  #deflate(part: Uint8Array, last: boolean): Uint8Array {
    const { Z_FINISH, Z_SYNC_FLUSH } = zlib.constants;
    const options: zlib.ZlibOptions = {
      level: this.#level,
      finishFlush: last ? Z_FINISH : Z_SYNC_FLUSH,
    };
    if (this.#window.length > 0) options.dictionary = this.#window;
    const bytes = zlib.deflateRawSync(part, options);
    this.#window =
      part.length >= WINDOW
        ? Buffer.from(part.subarray(part.length - WINDOW))
        : Buffer.concat([this.#window, part]).subarray(-WINDOW);
    return bytes;
  }

  #trailer(): Uint8Array {
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#checksum, 0);
    trailer.writeUInt32LE(this.#length, 4);
    return trailer;
  }
}
