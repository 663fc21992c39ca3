/**
 * SHA-1 (RFC 3174, section 6.1), block by block: what WebSocket's handshake (RFC 6455 section 1.3)
 * and Tornado's first signed values are made with. Called by hash.ts and hmac.ts, which pad.
 */

import { load32 } from "../bytes";

const INITIAL: usize = memory.data<u32>([
  0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0,
]);

/** The 80 words of one block. */
const WORDS: usize = memory.data(320, 16);

export function sha1Init(chain: usize): void {
  memory.copy(chain, INITIAL, 20);
}

/** Hashes `blocks` blocks of 64 bytes into the chaining state. */
export function sha1Blocks(chain: usize, p: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    expand(p);
    sha1Block(chain);
    p += 64;
  }
}

function expand(p: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(WORDS + i, bswap(load32(p + i)));
  for (let w = WORDS + 64; w < WORDS + 320; w += 4) {
    const sum = load<u32>(w - 12) ^ load<u32>(w - 32) ^ load<u32>(w - 56) ^ load<u32>(w - 64);
    store<u32>(w, rotl(sum, 1));
  }
}

function sha1Block(chain: usize): void {
  let a = load<u32>(chain);
  let b = load<u32>(chain, 4);
  let c = load<u32>(chain, 8);
  let d = load<u32>(chain, 12);
  let e = load<u32>(chain, 16);
  let w = WORDS;
  for (; w < WORDS + 80; w += 20) {
    e += rotl(a, 5) + choose(b, c, d) + load<u32>(w) + 0x5a827999;
    b = rotl(b, 30);
    d += rotl(e, 5) + choose(a, b, c) + load<u32>(w, 4) + 0x5a827999;
    a = rotl(a, 30);
    c += rotl(d, 5) + choose(e, a, b) + load<u32>(w, 8) + 0x5a827999;
    e = rotl(e, 30);
    b += rotl(c, 5) + choose(d, e, a) + load<u32>(w, 12) + 0x5a827999;
    d = rotl(d, 30);
    a += rotl(b, 5) + choose(c, d, e) + load<u32>(w, 16) + 0x5a827999;
    c = rotl(c, 30);
  }
  for (; w < WORDS + 160; w += 20) {
    e += rotl(a, 5) + (b ^ c ^ d) + load<u32>(w) + 0x6ed9eba1;
    b = rotl(b, 30);
    d += rotl(e, 5) + (a ^ b ^ c) + load<u32>(w, 4) + 0x6ed9eba1;
    a = rotl(a, 30);
    c += rotl(d, 5) + (e ^ a ^ b) + load<u32>(w, 8) + 0x6ed9eba1;
    e = rotl(e, 30);
    b += rotl(c, 5) + (d ^ e ^ a) + load<u32>(w, 12) + 0x6ed9eba1;
    d = rotl(d, 30);
    a += rotl(b, 5) + (c ^ d ^ e) + load<u32>(w, 16) + 0x6ed9eba1;
    c = rotl(c, 30);
  }
  for (; w < WORDS + 240; w += 20) {
    e += rotl(a, 5) + majority(b, c, d) + load<u32>(w) + 0x8f1bbcdc;
    b = rotl(b, 30);
    d += rotl(e, 5) + majority(a, b, c) + load<u32>(w, 4) + 0x8f1bbcdc;
    a = rotl(a, 30);
    c += rotl(d, 5) + majority(e, a, b) + load<u32>(w, 8) + 0x8f1bbcdc;
    e = rotl(e, 30);
    b += rotl(c, 5) + majority(d, e, a) + load<u32>(w, 12) + 0x8f1bbcdc;
    d = rotl(d, 30);
    a += rotl(b, 5) + majority(c, d, e) + load<u32>(w, 16) + 0x8f1bbcdc;
    c = rotl(c, 30);
  }
  for (; w < WORDS + 320; w += 20) {
    e += rotl(a, 5) + (b ^ c ^ d) + load<u32>(w) + 0xca62c1d6;
    b = rotl(b, 30);
    d += rotl(e, 5) + (a ^ b ^ c) + load<u32>(w, 4) + 0xca62c1d6;
    a = rotl(a, 30);
    c += rotl(d, 5) + (e ^ a ^ b) + load<u32>(w, 8) + 0xca62c1d6;
    e = rotl(e, 30);
    b += rotl(c, 5) + (d ^ e ^ a) + load<u32>(w, 12) + 0xca62c1d6;
    d = rotl(d, 30);
    a += rotl(b, 5) + (c ^ d ^ e) + load<u32>(w, 16) + 0xca62c1d6;
    c = rotl(c, 30);
  }
  add(chain, a);
  add(chain + 4, b);
  add(chain + 8, c);
  add(chain + 12, d);
  add(chain + 16, e);
}

function choose(b: u32, c: u32, d: u32): u32 {
  return d ^ (b & (c ^ d));
}

function majority(b: u32, c: u32, d: u32): u32 {
  return (b & c) | (d & (b | c));
}

function add(p: usize, value: u32): void {
  store<u32>(p, load<u32>(p) + value);
}
