/** The interface hashing of core.wit. A hasher is a slot with the state of its stream. */

import { contentHash, hash, hashFinal, hashInit, hashUpdate } from "../crypto/hash";
import { BLAKE3, DIGEST, HASH, HASH_LENGTH, OUTPUT, SHA1 } from "../layout";
import { allocate, argument, endCall } from "./arena";
import { newHasher } from "./handles";
import { FULL, freeSlot, isTaken, takeSlot } from "./pool";
import { give, giveBytes, giveError, OK, put8, put32 } from "./result";

const TOO_MANY_HASHERS: i32 = 0;
const INVALID_ARGUMENT: i32 = 1;

const CONTENT_DIGITS: i32 = 32;

/** States lie where the server has its output. */
const HASHERS: i32 = 256;
const hashers: usize = memory.data(HASHERS);

/** Algorithms are numbered from 0 in core.wit, from SHA1 in layout.ts. */
export function digest(algorithm: u32, p: usize, n: i32): usize {
  const data = argument(p, n);
  if (data == 0 || !isAlgorithm(algorithm)) return giveBytes(DIGEST, 0);
  return giveBytes(DIGEST, hash(algorithm + SHA1, data, n, DIGEST));
}

export function contentVersion(p: usize, n: i32): usize {
  const data = argument(p, n);
  if (data == 0) return giveBytes(DIGEST, 0);
  contentHash(data, n, DIGEST);
  return giveBytes(DIGEST, CONTENT_DIGITS);
}

export function createHasher(algorithm: u32): usize {
  if (!isAlgorithm(algorithm)) return giveError(4, INVALID_ARGUMENT);
  const slot = takeSlot(hashers, HASHERS);
  if (slot == FULL) return giveError(4, TOO_MANY_HASHERS);
  hashInit(algorithm + SHA1);
  memory.copy(stateAt(slot), HASH, HASH_LENGTH);
  put8(0, OK);
  put32(4, newHasher(slot));
  return give();
}

export function dropHasher(slot: i32): void {
  freeSlot(hashers, HASHERS, slot);
}

export function update(slot: i32, p: usize, n: i32): void {
  const data = argument(p, n);
  if (data != 0 && isTaken(hashers, HASHERS, slot)) {
    memory.copy(HASH, stateAt(slot), HASH_LENGTH);
    hashUpdate(data, n);
    memory.copy(stateAt(slot), HASH, HASH_LENGTH);
  }
  endCall();
}

/** Ends a copy of the state, so the stream can go on. */
export function finish(slot: i32): usize {
  if (!isTaken(hashers, HASHERS, slot)) return giveBytes(DIGEST, 0);
  memory.copy(HASH, stateAt(slot), HASH_LENGTH);
  return giveBytes(DIGEST, hashFinal(DIGEST));
}

function isAlgorithm(algorithm: u32): bool {
  return algorithm <= <u32>(BLAKE3 - SHA1);
}

function stateAt(slot: i32): usize {
  return <usize>OUTPUT + <usize>slot * HASH_LENGTH;
}
