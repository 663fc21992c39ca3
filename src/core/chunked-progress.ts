/**
 * The chunked decoder's state: one block in the core's memory that every chunked body borrows
 * while its bytes are decoded, so that the core keeps nothing between calls.
 */

import {
  CHUNKED,
  CHUNKED_DATA_LENGTH,
  CHUNKED_DONE,
  CHUNKED_IN_TRAILERS,
  CHUNKED_OVERHEAD,
  CHUNKED_STATE,
  CHUNKED_WORDS as WORDS,
} from "../../core-wasm/layout.ts";
import { memory } from "./load.ts";

/** Words of 32 bits that one body's state takes; all zero is the start of a body. */
export const CHUNKED_WORDS: number = WORDS;

const block = new Int32Array(memory.buffer, memory.byteOffset + CHUNKED, WORDS);

/** Moves a body's state into the core before `decodeChunked`, and out of it after. */
export const chunkedProgress = {
  load(words: Int32Array): void {
    block.set(words);
  },
  store(words: Int32Array): void {
    words.set(block);
  },
  /** Bytes of body that the last call found, moved together to the start of its input. */
  get dataLength(): number {
    return block[CHUNKED_DATA_LENGTH] as number;
  },
  /** The last call has seen the last chunk and its trailers. */
  get done(): boolean {
    return block[CHUNKED_DONE] === 1;
  },
  /** Bytes after the last chunk that all calls together have seen, the empty line included. */
  get trailerLength(): number {
    const isAfterLast = this.done || (block[CHUNKED_STATE] as number) >= CHUNKED_IN_TRAILERS;
    return isAfterLast ? (block[CHUNKED_OVERHEAD] as number) : 0;
  },
};
