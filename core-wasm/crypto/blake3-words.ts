/**
 * BLAKE3's constants, and its compression of one block (the paper, section 2.2) a word at a time,
 * for the build without SIMD. blake3-vectors.ts has the same with vectors.
 */

import { load32 } from "../bytes";

export const CHUNK_LENGTH: i32 = 1024;
/** Bytes of a chaining value. */
export const CV_LENGTH: i32 = 32;

export const CHUNK_START: u32 = 1;
export const CHUNK_END: u32 = 2;
export const PARENT: u32 = 4;
export const ROOT: u32 = 8;

/** The initial value: of SHA-256, the first bits of the square roots of the first eight primes. */
export const chaining: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** The order of the message words in each of the seven rounds, times 16. */
export const schedule: usize = memory.data<u8>([
  0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 32, 96, 48, 160, 112, 0,
  64, 208, 16, 176, 192, 80, 144, 224, 240, 128, 48, 64, 160, 192, 208, 32, 112, 224, 96, 80, 144,
  0, 176, 240, 128, 16, 160, 112, 192, 144, 224, 48, 208, 240, 64, 0, 176, 32, 80, 128, 16, 96, 192,
  208, 144, 176, 240, 160, 224, 128, 112, 32, 80, 48, 0, 16, 96, 64, 144, 224, 176, 80, 128, 192,
  240, 16, 208, 48, 0, 160, 32, 96, 64, 112, 176, 240, 80, 0, 16, 144, 128, 96, 224, 160, 32, 192,
  48, 64, 112, 208,
]);

/** The message, where its words can be loaded by the schedule: 16 words, each at its index * 4. */
const MESSAGE: usize = memory.data(64, 16);

/**
 * Compresses the block at `p`, of which `n` bytes count, into the chaining value `out`. Both values
 * may lie anywhere, as in a head that is being written.
 */
export function compressWords(
  value: usize,
  p: usize,
  n: u32,
  counter: u64,
  flags: u32,
  out: usize,
): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(MESSAGE + i, load32(p + i));
  let v0 = load32(value);
  let v1 = load32(value + 4);
  let v2 = load32(value + 8);
  let v3 = load32(value + 12);
  let v4 = load32(value + 16);
  let v5 = load32(value + 20);
  let v6 = load32(value + 24);
  let v7 = load32(value + 28);
  let v8 = load<u32>(chaining);
  let v9 = load<u32>(chaining, 4);
  let v10 = load<u32>(chaining, 8);
  let v11 = load<u32>(chaining, 12);
  let v12 = <u32>counter;
  let v13 = <u32>(counter >> 32);
  let v14 = n;
  let v15 = flags;
  for (let s = schedule; s < schedule + 112; s += 16) {
    v0 += v4 + word(s, 0);
    v12 = rotr(v12 ^ v0, 16);
    v8 += v12;
    v4 = rotr(v4 ^ v8, 12);
    v0 += v4 + word(s, 1);
    v12 = rotr(v12 ^ v0, 8);
    v8 += v12;
    v4 = rotr(v4 ^ v8, 7);
    v1 += v5 + word(s, 2);
    v13 = rotr(v13 ^ v1, 16);
    v9 += v13;
    v5 = rotr(v5 ^ v9, 12);
    v1 += v5 + word(s, 3);
    v13 = rotr(v13 ^ v1, 8);
    v9 += v13;
    v5 = rotr(v5 ^ v9, 7);
    v2 += v6 + word(s, 4);
    v14 = rotr(v14 ^ v2, 16);
    v10 += v14;
    v6 = rotr(v6 ^ v10, 12);
    v2 += v6 + word(s, 5);
    v14 = rotr(v14 ^ v2, 8);
    v10 += v14;
    v6 = rotr(v6 ^ v10, 7);
    v3 += v7 + word(s, 6);
    v15 = rotr(v15 ^ v3, 16);
    v11 += v15;
    v7 = rotr(v7 ^ v11, 12);
    v3 += v7 + word(s, 7);
    v15 = rotr(v15 ^ v3, 8);
    v11 += v15;
    v7 = rotr(v7 ^ v11, 7);

    v0 += v5 + word(s, 8);
    v15 = rotr(v15 ^ v0, 16);
    v10 += v15;
    v5 = rotr(v5 ^ v10, 12);
    v0 += v5 + word(s, 9);
    v15 = rotr(v15 ^ v0, 8);
    v10 += v15;
    v5 = rotr(v5 ^ v10, 7);
    v1 += v6 + word(s, 10);
    v12 = rotr(v12 ^ v1, 16);
    v11 += v12;
    v6 = rotr(v6 ^ v11, 12);
    v1 += v6 + word(s, 11);
    v12 = rotr(v12 ^ v1, 8);
    v11 += v12;
    v6 = rotr(v6 ^ v11, 7);
    v2 += v7 + word(s, 12);
    v13 = rotr(v13 ^ v2, 16);
    v8 += v13;
    v7 = rotr(v7 ^ v8, 12);
    v2 += v7 + word(s, 13);
    v13 = rotr(v13 ^ v2, 8);
    v8 += v13;
    v7 = rotr(v7 ^ v8, 7);
    v3 += v4 + word(s, 14);
    v14 = rotr(v14 ^ v3, 16);
    v9 += v14;
    v4 = rotr(v4 ^ v9, 12);
    v3 += v4 + word(s, 15);
    v14 = rotr(v14 ^ v3, 8);
    v9 += v14;
    v4 = rotr(v4 ^ v9, 7);
  }
  store<u32>(out, v0 ^ v8, 0, 1);
  store<u32>(out, v1 ^ v9, 4, 1);
  store<u32>(out, v2 ^ v10, 8, 1);
  store<u32>(out, v3 ^ v11, 12, 1);
  store<u32>(out, v4 ^ v12, 16, 1);
  store<u32>(out, v5 ^ v13, 20, 1);
  store<u32>(out, v6 ^ v14, 24, 1);
  store<u32>(out, v7 ^ v15, 28, 1);
}

function word(s: usize, index: usize): u32 {
  return load<u32>(MESSAGE + (load<u8>(s + index) >> 2));
}
