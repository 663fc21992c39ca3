/**
 * BLAKE3's compression with vectors. Of one block, the four rows of the state are four vectors, so
 * that one G does a whole column step. Of four inputs at once, chunks or parents, each vector has
 * one word of all four; the rounds are then a loop over the schedule, with the message in memory:
 * written out they are so long that JavaScriptCore runs them at half the speed.
 */

import {
  CHUNK_END,
  CHUNK_LENGTH,
  CHUNK_START,
  CV_LENGTH,
  chaining,
  PARENT,
  schedule,
} from "./blake3-words";

// Vectors of four words. Rotations by whole bytes are one shuffle.

function rotate16(x: v128): v128 {
  return i8x16.shuffle(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

function rotate12(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 12), i32x4.shl(x, 20));
}

function rotate8(x: v128): v128 {
  return i8x16.shuffle(x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
}

function rotate7(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 7), i32x4.shl(x, 25));
}

/** Compresses the block at `p`, of which `n` bytes count, into the chaining value `out`. */
export function compressRows(
  value: usize,
  p: usize,
  n: u32,
  counter: u64,
  flags: u32,
  out: usize,
): void {
  let a = v128.load(value);
  let b = v128.load(value, 16);
  let c = v128.load(chaining);
  let d = i64x2.replace_lane(i64x2.splat(counter), 1, <u64>n | ((<u64>flags) << 32));
  let m0 = v128.load(p);
  let m1 = v128.load(p, 16);
  let m2 = v128.load(p, 32);
  let m3 = v128.load(p, 48);
  // The words in the order of the columns, then of the diagonals, each with its second words.
  let x = v128.shuffle<u32>(m0, m1, 0, 2, 4, 6);
  let y = v128.shuffle<u32>(m0, m1, 1, 3, 5, 7);
  let z = v128.shuffle<u32>(m2, m3, 6, 0, 2, 4);
  let w = v128.shuffle<u32>(m2, m3, 7, 1, 3, 5);
  for (let round = 0; ; round++) {
    a = i32x4.add(a, i32x4.add(b, x));
    d = rotate16(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotate12(v128.xor(b, c));
    a = i32x4.add(a, i32x4.add(b, y));
    d = rotate8(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotate7(v128.xor(b, c));
    // Turns the rows against b, so that the diagonals stand in columns.
    a = v128.shuffle<u32>(a, a, 3, 0, 1, 2);
    d = v128.shuffle<u32>(d, d, 2, 3, 0, 1);
    c = v128.shuffle<u32>(c, c, 1, 2, 3, 0);
    a = i32x4.add(a, i32x4.add(b, z));
    d = rotate16(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotate12(v128.xor(b, c));
    a = i32x4.add(a, i32x4.add(b, w));
    d = rotate8(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotate7(v128.xor(b, c));
    a = v128.shuffle<u32>(a, a, 1, 2, 3, 0);
    d = v128.shuffle<u32>(d, d, 2, 3, 0, 1);
    c = v128.shuffle<u32>(c, c, 3, 0, 1, 2);
    if (round == 6) break;
    // The permutation of the message words, in the order they stand in here.
    m0 = x;
    m1 = y;
    m2 = z;
    m3 = w;
    x = v128.shuffle<u32>(m0, m1, 1, 5, 7, 2);
    y = v128.shuffle<u32>(v128.shuffle<u32>(m0, m2, 3, 6, 0, 0), m3, 0, 1, 2, 7);
    z = v128.shuffle<u32>(v128.shuffle<u32>(m3, m1, 0, 4, 1, 1), m2, 0, 1, 7, 2);
    w = v128.shuffle<u32>(v128.shuffle<u32>(m2, m3, 1, 6, 0, 0), m1, 0, 1, 6, 2);
  }
  v128.store(out, v128.xor(a, c));
  v128.store(out, v128.xor(b, d), 16);
}

/** The words of one block of each input: vector i has word i of all four. */
const MESSAGE: usize = memory.data(256, 16);
/** The chaining values: vector i has word i of all four. */
const VALUES: usize = memory.data(128, 16);
const COUNTER_LOW: usize = memory.data(16, 16);
const COUNTER_HIGH: usize = memory.data(16, 16);

/** Four whole chunks that lie side by side, the first of which has this number. */
export function hashChunks4(p: usize, counter: u64, out: usize): void {
  for (let i: usize = 0; i < 4; i++) {
    store<u32>(COUNTER_LOW + i * 4, <u32>(counter + i));
    store<u32>(COUNTER_HIGH + i * 4, <u32>((counter + i) >> 32));
  }
  begin();
  for (let i = 0; i < CHUNK_LENGTH; i += 64) {
    const flags = i == 0 ? CHUNK_START : i == CHUNK_LENGTH - 64 ? CHUNK_END : 0;
    gather(p + i, CHUNK_LENGTH);
    compress4(flags);
  }
  scatter(out);
}

/** Four parents of eight chaining values that lie side by side. `out` may be where they lie. */
export function hashParents4(p: usize, out: usize): void {
  v128.store(COUNTER_LOW, i32x4.splat(0));
  v128.store(COUNTER_HIGH, i32x4.splat(0));
  begin();
  gather(p, 64);
  compress4(PARENT);
  scatter(out);
}

function begin(): void {
  for (let i: usize = 0; i < 8; i++) {
    v128.store(VALUES + i * 16, v128.load_splat<u32>(chaining + i * 4));
  }
}

/** Turns one block of each input into sixteen vectors. */
function gather(p: usize, stride: usize): void {
  for (let i: usize = 0; i < 64; i += 16) {
    transpose(p + i, stride, MESSAGE + i * 4, 16);
  }
}

/** Turns the chaining values back into four, side by side. */
function scatter(out: usize): void {
  transpose(VALUES, 16, out, CV_LENGTH);
  transpose(VALUES + 64, 16, out + 16, CV_LENGTH);
}

/** Four rows of four words each become columns. */
function transpose(p: usize, stride: usize, out: usize, outStride: usize): void {
  const a = v128.load(p);
  const b = v128.load(p + stride);
  const c = v128.load(p + stride * 2);
  const d = v128.load(p + stride * 3);
  const ab = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const ab2 = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const cd2 = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<u64>(ab, cd, 0, 2));
  v128.store(out + outStride, v128.shuffle<u64>(ab, cd, 1, 3));
  v128.store(out + outStride * 2, v128.shuffle<u64>(ab2, cd2, 0, 2));
  v128.store(out + outStride * 3, v128.shuffle<u64>(ab2, cd2, 1, 3));
}

function word(s: usize, index: usize): v128 {
  return v128.load(MESSAGE + load<u8>(s + index));
}

/** One block of 64 bytes of each input: columns, then diagonals, in each of seven rounds. */
function compress4(flags: u32): void {
  let v0 = v128.load(VALUES);
  let v1 = v128.load(VALUES, 16);
  let v2 = v128.load(VALUES, 32);
  let v3 = v128.load(VALUES, 48);
  let v4 = v128.load(VALUES, 64);
  let v5 = v128.load(VALUES, 80);
  let v6 = v128.load(VALUES, 96);
  let v7 = v128.load(VALUES, 112);
  let v8 = v128.load_splat<u32>(chaining);
  let v9 = v128.load_splat<u32>(chaining, 4);
  let v10 = v128.load_splat<u32>(chaining, 8);
  let v11 = v128.load_splat<u32>(chaining, 12);
  let v12 = v128.load(COUNTER_LOW);
  let v13 = v128.load(COUNTER_HIGH);
  let v14 = i32x4.splat(64);
  let v15 = i32x4.splat(flags);
  for (let s = schedule; s < schedule + 112; s += 16) {
    v0 = i32x4.add(i32x4.add(v0, v4), word(s, 0));
    v1 = i32x4.add(i32x4.add(v1, v5), word(s, 2));
    v2 = i32x4.add(i32x4.add(v2, v6), word(s, 4));
    v3 = i32x4.add(i32x4.add(v3, v7), word(s, 6));
    v12 = rotate16(v128.xor(v12, v0));
    v13 = rotate16(v128.xor(v13, v1));
    v14 = rotate16(v128.xor(v14, v2));
    v15 = rotate16(v128.xor(v15, v3));
    v8 = i32x4.add(v8, v12);
    v9 = i32x4.add(v9, v13);
    v10 = i32x4.add(v10, v14);
    v11 = i32x4.add(v11, v15);
    v4 = rotate12(v128.xor(v4, v8));
    v5 = rotate12(v128.xor(v5, v9));
    v6 = rotate12(v128.xor(v6, v10));
    v7 = rotate12(v128.xor(v7, v11));
    v0 = i32x4.add(i32x4.add(v0, v4), word(s, 1));
    v1 = i32x4.add(i32x4.add(v1, v5), word(s, 3));
    v2 = i32x4.add(i32x4.add(v2, v6), word(s, 5));
    v3 = i32x4.add(i32x4.add(v3, v7), word(s, 7));
    v12 = rotate8(v128.xor(v12, v0));
    v13 = rotate8(v128.xor(v13, v1));
    v14 = rotate8(v128.xor(v14, v2));
    v15 = rotate8(v128.xor(v15, v3));
    v8 = i32x4.add(v8, v12);
    v9 = i32x4.add(v9, v13);
    v10 = i32x4.add(v10, v14);
    v11 = i32x4.add(v11, v15);
    v4 = rotate7(v128.xor(v4, v8));
    v5 = rotate7(v128.xor(v5, v9));
    v6 = rotate7(v128.xor(v6, v10));
    v7 = rotate7(v128.xor(v7, v11));

    v0 = i32x4.add(i32x4.add(v0, v5), word(s, 8));
    v1 = i32x4.add(i32x4.add(v1, v6), word(s, 10));
    v2 = i32x4.add(i32x4.add(v2, v7), word(s, 12));
    v3 = i32x4.add(i32x4.add(v3, v4), word(s, 14));
    v15 = rotate16(v128.xor(v15, v0));
    v12 = rotate16(v128.xor(v12, v1));
    v13 = rotate16(v128.xor(v13, v2));
    v14 = rotate16(v128.xor(v14, v3));
    v10 = i32x4.add(v10, v15);
    v11 = i32x4.add(v11, v12);
    v8 = i32x4.add(v8, v13);
    v9 = i32x4.add(v9, v14);
    v5 = rotate12(v128.xor(v5, v10));
    v6 = rotate12(v128.xor(v6, v11));
    v7 = rotate12(v128.xor(v7, v8));
    v4 = rotate12(v128.xor(v4, v9));
    v0 = i32x4.add(i32x4.add(v0, v5), word(s, 9));
    v1 = i32x4.add(i32x4.add(v1, v6), word(s, 11));
    v2 = i32x4.add(i32x4.add(v2, v7), word(s, 13));
    v3 = i32x4.add(i32x4.add(v3, v4), word(s, 15));
    v15 = rotate8(v128.xor(v15, v0));
    v12 = rotate8(v128.xor(v12, v1));
    v13 = rotate8(v128.xor(v13, v2));
    v14 = rotate8(v128.xor(v14, v3));
    v10 = i32x4.add(v10, v15);
    v11 = i32x4.add(v11, v12);
    v8 = i32x4.add(v8, v13);
    v9 = i32x4.add(v9, v14);
    v5 = rotate7(v128.xor(v5, v10));
    v6 = rotate7(v128.xor(v6, v11));
    v7 = rotate7(v128.xor(v7, v8));
    v4 = rotate7(v128.xor(v4, v9));
  }
  v128.store(VALUES, v128.xor(v0, v8));
  v128.store(VALUES, v128.xor(v1, v9), 16);
  v128.store(VALUES, v128.xor(v2, v10), 32);
  v128.store(VALUES, v128.xor(v3, v11), 48);
  v128.store(VALUES, v128.xor(v4, v12), 64);
  v128.store(VALUES, v128.xor(v5, v13), 80);
  v128.store(VALUES, v128.xor(v6, v14), 96);
  v128.store(VALUES, v128.xor(v7, v15), 112);
}
