/**
 * HMAC (RFC 2104) with SHA-256 and SHA-1. A key is prepared once: the two states that its inner
 * and outer pads leave, so that a short message costs three blocks and not five.
 */

import { SHA1, SHA256 } from "../layout";
import { hash, hashBlocks, hashStart, writeDigest } from "./hash";
import { padTail, tailBlocks } from "./padding";

const BLOCK_LENGTH: i32 = 64;
/** Where SHA-1's states are in a prepared key, after SHA-256's. */
const SHA1_STATES: usize = 64;

const PAD: usize = memory.data(64, 16);
const CHAIN: usize = memory.data(32, 16);
const INNER: usize = memory.data(32, 16);

/** Prepares the secret of `n` bytes for both hashes. `key` has room for KEY_LENGTH bytes. */
export function hmacKey(key: usize, p: usize, n: i32): void {
  prepare(SHA256, key, p, n);
  prepare(SHA1, key + SHA1_STATES, p, n);
}

function prepare(algorithm: i32, states: usize, p: usize, n: i32): void {
  memory.fill(PAD, 0, BLOCK_LENGTH);
  if (n > BLOCK_LENGTH) hash(algorithm, p, n, PAD);
  else memory.copy(PAD, p, n);
  for (let i = 0; i < BLOCK_LENGTH; i++) store<u8>(PAD + i, load<u8>(PAD + i) ^ 0x36);
  hashStart(algorithm, states);
  hashBlocks(algorithm, states, PAD, 1);
  for (let i = 0; i < BLOCK_LENGTH; i++) store<u8>(PAD + i, load<u8>(PAD + i) ^ 0x36 ^ 0x5c);
  hashStart(algorithm, states + digestLength(algorithm));
  hashBlocks(algorithm, states + digestLength(algorithm), PAD, 1);
  memory.fill(PAD, 0, BLOCK_LENGTH);
}

/** The code of `n` bytes under a prepared key; answers its length. */
export function hmac(algorithm: i32, key: usize, p: usize, n: i32, out: usize): i32 {
  const states = algorithm == SHA256 ? key : key + SHA1_STATES;
  const length = digestLength(algorithm);
  memory.copy(CHAIN, states, length);
  hashBlocks(algorithm, CHAIN, p, n / BLOCK_LENGTH);
  const left = n & (BLOCK_LENGTH - 1);
  const tail = padTail(p + (n - left), left, BLOCK_LENGTH + n, BLOCK_LENGTH);
  hashBlocks(algorithm, CHAIN, tail, tailBlocks(left, BLOCK_LENGTH));
  writeDigest(algorithm, CHAIN, INNER);

  memory.copy(CHAIN, states + length, length);
  hashBlocks(algorithm, CHAIN, padTail(INNER, length, BLOCK_LENGTH + length, BLOCK_LENGTH), 1);
  return writeDigest(algorithm, CHAIN, out);
}

function digestLength(algorithm: i32): i32 {
  return algorithm == SHA256 ? 32 : 20;
}
