/**
 * Compression that refers to what was said before, where the runtime's zlib takes no dictionary, as
 * Deno's does not: what came before goes through the same stream first, and what that gives is
 * thrown away. Used by `deflate.ts`.
 */

import { Buffer } from "node:buffer";
import { constants, createDeflateRaw, deflateRawSync, type ZlibOptions } from "node:zlib";

const SAMPLE = new Uint8Array(128).map((_, index) => (index * 37) ^ (index >> 3));

/** Of what came before, this much is looked through: twice as much takes twice the time. */
const MOST_BEFORE = 4 * 1024;

/** Undefined as long as nobody has asked. */
let isTaken: boolean | undefined;

/** Whether zlib refers to a dictionary when it compresses; who takes none says nothing. */
export function takesDictionary(): boolean {
  isTaken ??= deflateRawSync(SAMPLE, { dictionary: SAMPLE }).length < SAMPLE.length / 2;
  return isTaken;
}

/** Compresses bytes so that they refer to those `before`, up to a flush. */
export function deflateBehind(
  before: Uint8Array,
  bytes: Uint8Array,
  options: ZlibOptions,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stream = createDeflateRaw(options);
    const chunks: Uint8Array[] = [];
    stream.on("error", reject);
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    stream.write(before.subarray(-MOST_BEFORE));
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      chunks.length = 0;
      stream.write(bytes);
      stream.flush(constants.Z_SYNC_FLUSH, () => {
        stream.close();
        resolve(Buffer.concat(chunks));
      });
    });
  });
}
