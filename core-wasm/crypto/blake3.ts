/**
 * BLAKE3 (the BLAKE3 paper, sections 2 and 5.3), unkeyed, 256 bits of output at most. The input is
 * cut into chunks of 1 KiB, each hashed block by block to a chaining value; the values meet in a
 * binary tree. Whole groups of chunks go through blake3-vectors.ts, four at a time.
 *
 * The state of one hash lies at an address `h`, see hash.ts; the core keeps nothing elsewhere
 * between calls.
 */

import { compressRows, hashChunks4, hashParents4 } from "./blake3-vectors";
import {
  CHUNK_END,
  CHUNK_LENGTH,
  CHUNK_START,
  CV_LENGTH,
  chaining,
  compressWords,
  PARENT,
  ROOT,
} from "./blake3-words";
import { BUFFER, FILL, STACK, STACK_LENGTH, TOTAL } from "./state";

const BLOCK_LENGTH: i32 = 64;
/** Chaining values of a group of 16 chunks, and of the parents above them. */
const GROUP = memory.data(16 * 32);
/** A last block, filled up with zeros. */
const LAST = memory.data(64, 16);

/** Starts: nothing in the buffer, no chunks, an empty stack. */
export function blake3Init(h: usize): void {
  store<i32>(h, 0, FILL);
  store<u64>(h, 0, TOTAL);
  store<i32>(h, 0, STACK_LENGTH);
}

/** Takes `n` bytes. The last chunk stays in the buffer: whether it is the root is not known yet. */
export function blake3Update(h: usize, p: usize, n: i32): void {
  const fill = load<i32>(h, FILL);
  if (fill > 0) {
    const room = CHUNK_LENGTH - fill;
    const taken = n < room ? n : room;
    memory.copy(h + BUFFER + fill, p, taken);
    store<i32>(h, fill + taken, FILL);
    if (taken == n) return;
    p += taken;
    n -= taken;
    pushChunk(h, h + BUFFER);
  }
  const left = absorb(h, p, n);
  memory.copy(h + BUFFER, p + (n - left), left);
  store<i32>(h, left, FILL);
}

/** Writes the first 32 bytes of the output. */
export function blake3Final(h: usize, out: usize): void {
  finish(h, h + BUFFER, load<i32>(h, FILL), out);
}

/** The digest of bytes that lie in memory whole. */
export function blake3Once(h: usize, p: usize, n: i32, out: usize): void {
  if (n <= CHUNK_LENGTH) return hashChunk(p, n, 0, ROOT, out);
  blake3Init(h);
  const left = absorb(h, p, n);
  finish(h, p + (n - left), left, out);
}

/** Takes whole chunks while more bytes follow them; answers how many bytes are left, 1 to 1024. */
function absorb(h: usize, p: usize, n: i32): i32 {
  while (n > CHUNK_LENGTH) {
    const chunks = load<u64>(h, TOTAL);
    if (n > 16 * CHUNK_LENGTH && (chunks & 15) == 0) {
      for (let i = 0; i < 4; i++) {
        chunks4(p + i * 4 * CHUNK_LENGTH, chunks + i * 4, GROUP + i * 4 * CV_LENGTH);
      }
      parents4(GROUP, GROUP);
      parents4(GROUP + 8 * CV_LENGTH, GROUP + 4 * CV_LENGTH);
      parents4(GROUP, GROUP);
      pushGroup(h, 16);
      p += 16 * CHUNK_LENGTH;
      n -= 16 * CHUNK_LENGTH;
    } else if (n > 4 * CHUNK_LENGTH && (chunks & 3) == 0) {
      chunks4(p, chunks, GROUP);
      pushGroup(h, 4);
      p += 4 * CHUNK_LENGTH;
      n -= 4 * CHUNK_LENGTH;
    } else {
      pushChunk(h, p);
      p += CHUNK_LENGTH;
      n -= CHUNK_LENGTH;
    }
  }
  return n;
}

function pushChunk(h: usize, p: usize): void {
  hashChunk(p, CHUNK_LENGTH, load<u64>(h, TOTAL), 0, GROUP);
  push(h, GROUP, 1);
}

/** Brings the four values in GROUP together and pushes their parent, which stands for `chunks`. */
function pushGroup(h: usize, chunks: i32): void {
  hashParent(GROUP, 0, GROUP);
  hashParent(GROUP + 2 * CV_LENGTH, 0, GROUP + CV_LENGTH);
  hashParent(GROUP, 0, GROUP);
  push(h, GROUP, chunks);
}

/** Pushes the value of a subtree of `chunks` chunks, a power of two. */
function push(h: usize, value: usize, chunks: i32): void {
  mergeStack(h);
  const length = load<i32>(h, STACK_LENGTH);
  memory.copy(h + STACK + length * CV_LENGTH, value, CV_LENGTH);
  store<i32>(h, length + 1, STACK_LENGTH);
  store<u64>(h, load<u64>(h, TOTAL) + chunks, TOTAL);
}

/**
 * Merges full subtrees. Complete trees of the chunks so far are as many as their count has bits
 * set. This is done only when more input has come: until then the topmost merge may be the root.
 */
function mergeStack(h: usize): void {
  const trees = <i32>popcnt<u64>(load<u64>(h, TOTAL));
  let length = load<i32>(h, STACK_LENGTH);
  while (length > trees) {
    const left = h + STACK + (length - 2) * CV_LENGTH;
    hashParent(left, 0, left);
    length--;
  }
  store<i32>(h, length, STACK_LENGTH);
}

/** Hashes the last chunk and merges the stack from its top down; the last merge is the root. */
function finish(h: usize, p: usize, n: i32, out: usize): void {
  mergeStack(h);
  let length = load<i32>(h, STACK_LENGTH);
  if (length == 0) return hashChunk(p, n, 0, ROOT, out);
  const top = h + STACK;
  hashChunk(p, n, load<u64>(h, TOTAL), 0, top + length * CV_LENGTH);
  for (; length > 1; length--) {
    const left = top + (length - 1) * CV_LENGTH;
    hashParent(left, 0, left);
  }
  hashParent(top, ROOT, out);
}

/** The chaining value of one chunk of `n` bytes, 0 to 1024. */
function hashChunk(p: usize, n: i32, counter: u64, flags: u32, out: usize): void {
  let start = CHUNK_START;
  let value = chaining;
  for (; n > BLOCK_LENGTH; n -= BLOCK_LENGTH) {
    compress(value, p, BLOCK_LENGTH, counter, start, out);
    value = out;
    start = 0;
    p += BLOCK_LENGTH;
  }
  if (n < BLOCK_LENGTH) {
    memory.fill(LAST, 0, BLOCK_LENGTH);
    memory.copy(LAST, p, n);
    p = LAST;
  }
  compress(value, p, n, counter, start | CHUNK_END | flags, out);
}

/** The chaining value of a parent, whose two children's values lie side by side at `children`. */
function hashParent(children: usize, flags: u32, out: usize): void {
  compress(chaining, children, BLOCK_LENGTH, 0, PARENT | flags, out);
}

function compress(value: usize, p: usize, n: u32, counter: u64, flags: u32, out: usize): void {
  if (ASC_FEATURE_SIMD) compressRows(value, p, n, counter, flags, out);
  else compressWords(value, p, n, counter, flags, out);
}

/** Four whole chunks that lie side by side, the first of which has this number. */
function chunks4(p: usize, counter: u64, out: usize): void {
  if (ASC_FEATURE_SIMD) return hashChunks4(p, counter, out);
  for (let i = 0; i < 4; i++) {
    hashChunk(p + i * CHUNK_LENGTH, CHUNK_LENGTH, counter + i, 0, out + i * CV_LENGTH);
  }
}

/** Four parents of eight chaining values that lie side by side. `out` may be where they lie. */
function parents4(children: usize, out: usize): void {
  if (ASC_FEATURE_SIMD) return hashParents4(children, out);
  for (let i = 0; i < 4; i++) hashParent(children + i * 2 * CV_LENGTH, 0, out + i * CV_LENGTH);
}
