/**
 * SHA-1, SHA-256, SHA-512 and BLAKE3, in one call over bytes in memory or as a stream of them: the
 * state of a stream is at HASH and is complete there, so JavaScript can put one stream aside for
 * another. The hash functions themselves are in the files named after them.
 */

import { hex } from "../hex";
import { BLAKE3, HASH, HASH_ONCE, SHA1, SHA256, SHA512 } from "../layout";
import { blake3Final, blake3Init, blake3Once, blake3Update } from "./blake3";
import { padTail, tailBlocks } from "./padding";
import { sha1Blocks, sha1Init } from "./sha1";
import { sha256Blocks, sha256Init } from "./sha256";
import { sha512Blocks, sha512Init } from "./sha512";
import { ALGORITHM, BUFFER, CHAIN, FILL, TOTAL } from "./state";

/** Bytes of BLAKE3 that name a content: 128 bits are enough against collisions by chance. */
const CONTENT_LENGTH: i32 = 16;

/** Starts the stream at HASH. */
export function hashInit(algorithm: i32): void {
  init(HASH, algorithm);
}

/** Takes the next `n` bytes of the stream. */
export function hashUpdate(p: usize, n: i32): void {
  update(HASH, p, n);
}

/** Ends the stream; writes the digest and answers its length. The state is used up. */
export function hashFinal(out: usize): i32 {
  return final(HASH, out);
}

/** The digest of `n` bytes; answers its length. */
export function hash(algorithm: i32, p: usize, n: i32, out: usize): i32 {
  if (algorithm == BLAKE3) {
    blake3Once(HASH_ONCE, p, n, out);
    return 32;
  }
  init(HASH_ONCE, algorithm);
  update(HASH_ONCE, p, n);
  return final(HASH_ONCE, out);
}

/** The 32 hexadecimal digits that name a content: BLAKE3, cut to 128 bits. */
export function contentHash(p: usize, n: i32, out: usize): void {
  blake3Once(HASH_ONCE, p, n, out);
  hex(out, CONTENT_LENGTH, out);
}

function init(h: usize, algorithm: i32): void {
  store<i32>(h, algorithm, ALGORITHM);
  if (algorithm == BLAKE3) return blake3Init(h);
  store<i32>(h, 0, FILL);
  store<u64>(h, 0, TOTAL);
  hashStart(algorithm, h + CHAIN);
}

/** Sets the chaining state of one of the SHA algorithms to its initial value. */
export function hashStart(algorithm: i32, chain: usize): void {
  if (algorithm == SHA256) sha256Init(chain);
  else if (algorithm == SHA512) sha512Init(chain);
  else sha1Init(chain);
}

function update(h: usize, p: usize, n: i32): void {
  const algorithm = load<i32>(h, ALGORITHM);
  if (algorithm == BLAKE3) return blake3Update(h, p, n);
  const blockLength = algorithm == SHA512 ? 128 : 64;
  store<u64>(h, load<u64>(h, TOTAL) + n, TOTAL);
  const fill = load<i32>(h, FILL);
  if (fill > 0) {
    const room = blockLength - fill;
    const taken = n < room ? n : room;
    memory.copy(h + BUFFER + fill, p, taken);
    if (fill + taken < blockLength) {
      store<i32>(h, fill + taken, FILL);
      return;
    }
    hashBlocks(algorithm, h + CHAIN, h + BUFFER, 1);
    p += taken;
    n -= taken;
  }
  const left = n & (blockLength - 1);
  hashBlocks(algorithm, h + CHAIN, p, n / blockLength);
  memory.copy(h + BUFFER, p + (n - left), left);
  store<i32>(h, left, FILL);
}

function final(h: usize, out: usize): i32 {
  const algorithm = load<i32>(h, ALGORITHM);
  if (algorithm == BLAKE3) {
    blake3Final(h, out);
    return 32;
  }
  const fill = load<i32>(h, FILL);
  const blockLength = algorithm == SHA512 ? 128 : 64;
  const tail = padTail(h + BUFFER, fill, load<u64>(h, TOTAL), blockLength);
  hashBlocks(algorithm, h + CHAIN, tail, tailBlocks(fill, blockLength));
  return writeDigest(algorithm, h + CHAIN, out);
}

/** Hashes whole blocks with one of the SHA algorithms. */
export function hashBlocks(algorithm: i32, chain: usize, p: usize, blocks: i32): void {
  if (algorithm == SHA256) sha256Blocks(chain, p, blocks);
  else if (algorithm == SHA512) sha512Blocks(chain, p, blocks);
  else sha1Blocks(chain, p, blocks);
}

/** Writes the chaining state as the digest, its words big-endian; answers its length. */
export function writeDigest(algorithm: i32, chain: usize, out: usize): i32 {
  if (algorithm == SHA512) {
    for (let i: usize = 0; i < 64; i += 8) {
      store<u64>(out + i, bswap(load<u64>(chain + i)), 0, 1);
    }
    return 64;
  }
  const length = algorithm == SHA256 ? 32 : 20;
  for (let i = 0; i < length; i += 4) store<u32>(out + i, bswap(load<u32>(chain + i)), 0, 1);
  return length;
}
