/**
 * Hashing in the core, typed: the name of a content, and SHA-1, SHA-256, SHA-512 and BLAKE3 of
 * bytes or text, whole or as a stream. Synchronous; anything longer than the core's window goes
 * through it in pieces. Signing is in signing.ts.
 */

import { Buffer } from "node:buffer";
import {
  BLAKE3,
  DIGEST,
  HASH,
  HASH_LENGTH,
  SHA1,
  SHA256,
  SHA512,
  WINDOW,
  WINDOW_LENGTH,
} from "../../core-wasm/layout.ts";
import { memory, wasm } from "./load.ts";
import { asciiAt, bufferAt, putData } from "./memory.ts";

/** `blake3` gives 32 bytes. */
export type HashAlgorithm = "sha1" | "sha256" | "sha512" | "blake3";

const ids: Readonly<Record<HashAlgorithm, number>> = {
  sha1: SHA1,
  sha256: SHA256,
  sha512: SHA512,
  blake3: BLAKE3,
};

const CONTENT_DIGITS = 32;

/**
 * Names the bytes at `start` of the core's memory by 32 hexadecimal digits: BLAKE3, cut to 128
 * bits. Made for the entity tag of every response, so it is one call and one string.
 */
export function contentHash(start: number, length: number): string {
  wasm.contentHash(start, length, DIGEST);
  return asciiAt(DIGEST, DIGEST + CONTENT_DIGITS);
}

/** The digest of bytes, or of text as UTF-8. */
export function digest(algorithm: HashAlgorithm, data: string | Uint8Array): Buffer {
  return bufferAt(DIGEST, DIGEST + digestInto(algorithm, data));
}

/** As `digest`, in lower-case hexadecimal digits. */
export function hexDigest(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  return hexOfDigest(digestInto(algorithm, data));
}

export function sha1(data: string | Uint8Array): Buffer {
  return digest("sha1", data);
}

export function sha256(data: string | Uint8Array): Buffer {
  return digest("sha256", data);
}

export function sha512(data: string | Uint8Array): Buffer {
  return digest("sha512", data);
}

/** A hash over data that comes in pieces. Any number of them may be under way at once. */
export class Hash {
  /** Whose state is in the core's memory. */
  static #current: Hash | undefined;

  /** The state, while it is not in the core's memory. */
  #saved: Uint8Array | undefined;
  #ended = false;

  constructor(algorithm: HashAlgorithm) {
    this.#takeOver();
    wasm.hashInit(ids[algorithm]);
  }

  /** Takes the next bytes, or the next text as UTF-8. */
  update(data: string | Uint8Array): this {
    this.#enter();
    eachPiece(data, wasm.hashUpdate);
    return this;
  }

  /** Ends the hash and gives its digest. */
  digest(): Buffer {
    return bufferAt(DIGEST, DIGEST + this.#final());
  }

  /** Ends the hash and gives its digest in lower-case hexadecimal digits. */
  hexDigest(): string {
    return hexOfDigest(this.#final());
  }

  #final(): number {
    this.#enter();
    this.#ended = true;
    Hash.#current = undefined;
    return wasm.hashFinal(DIGEST);
  }

  /** Brings this hash's state into the core's memory. */
  #enter(): void {
    if (this.#ended) throw new Error("Cannot use a hash again: its digest has been taken");
    if (Hash.#current === this) return;
    this.#takeOver();
    if (this.#saved !== undefined) memory.set(this.#saved, HASH);
  }

  /** Puts another's state aside. */
  #takeOver(): void {
    const other = Hash.#current;
    if (other !== undefined) other.#save();
    Hash.#current = this;
  }

  #save(): void {
    this.#saved ??= new Uint8Array(HASH_LENGTH);
    this.#saved.set(memory.subarray(HASH, HASH + HASH_LENGTH));
  }
}

function digestInto(algorithm: HashAlgorithm, data: string | Uint8Array): number {
  if (isInCore(data)) return wasm.hash(ids[algorithm], data.byteOffset, data.length, DIGEST);
  if (fitsWindow(data)) {
    return wasm.hash(ids[algorithm], WINDOW, putData(data, WINDOW, WINDOW_LENGTH), DIGEST);
  }
  const hash = new Hash(algorithm).update(data).digest();
  memory.set(hash, DIGEST);
  return hash.length;
}

function hexOfDigest(length: number): string {
  wasm.hex(DIGEST, length, DIGEST);
  return asciiAt(DIGEST, DIGEST + 2 * length);
}

function isInCore(data: string | Uint8Array): data is Uint8Array {
  return typeof data !== "string" && data.buffer === memory.buffer;
}

function fitsWindow(data: string | Uint8Array): boolean {
  // One UTF-16 unit takes three bytes of UTF-8 at most.
  const most = typeof data === "string" ? data.length * 3 : data.length;
  return most <= WINDOW_LENGTH;
}

/** Has `take` called for each piece of the data, which then lies in the core's memory. */
function eachPiece(data: string | Uint8Array, take: (start: number, length: number) => void): void {
  if (isInCore(data)) {
    take(data.byteOffset, data.length);
    return;
  }
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  for (let at = 0; at < bytes.length; at += WINDOW_LENGTH) {
    const piece = bytes.subarray(at, at + WINDOW_LENGTH);
    take(WINDOW, putData(piece, WINDOW, WINDOW_LENGTH));
  }
}
