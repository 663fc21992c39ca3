/**
 * SHA-256 (FIPS 180-4, section 6.2), block by block. Called by hash.ts and hmac.ts, which pad. A loop over
 * sixteen rounds, with the message schedule in locals: written out whole it is larger than
 * JavaScriptCore optimises well, and with the schedule in memory V8 is slower.
 */

import { load32 } from "../bytes";

/** The first 32 bits of the fractions of the cube roots of the first 64 primes. */
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** The first 32 bits of the fractions of the square roots of the first eight primes. */
const INITIAL: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

export function sha256Init(chain: usize): void {
  memory.copy(chain, INITIAL, 32);
}

// The functions of section 4.1.2, without the additions to what a round changes.

function first(e: u32, f: u32, g: u32, word: u32): u32 {
  return (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) + word;
}

function second(a: u32, b: u32, c: u32): u32 {
  return (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)));
}

function small0(w: u32): u32 {
  return rotr(w, 7) ^ rotr(w, 18) ^ (w >> 3);
}

function small1(w: u32): u32 {
  return rotr(w, 17) ^ rotr(w, 19) ^ (w >> 10);
}

/** Hashes `blocks` blocks of 64 bytes into the chaining state. */
export function sha256Blocks(chain: usize, p: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    sha256Block(chain, p);
    p += 64;
  }
}

function sha256Block(chain: usize, p: usize): void {
  let a = load<u32>(chain);
  let b = load<u32>(chain, 4);
  let c = load<u32>(chain, 8);
  let d = load<u32>(chain, 12);
  let e = load<u32>(chain, 16);
  let f = load<u32>(chain, 20);
  let g = load<u32>(chain, 24);
  let h = load<u32>(chain, 28);
  let w0: u32 = bswap(load32(p));
  let w1: u32 = bswap(load32(p + 4));
  let w2: u32 = bswap(load32(p + 8));
  let w3: u32 = bswap(load32(p + 12));
  let w4: u32 = bswap(load32(p + 16));
  let w5: u32 = bswap(load32(p + 20));
  let w6: u32 = bswap(load32(p + 24));
  let w7: u32 = bswap(load32(p + 28));
  let w8: u32 = bswap(load32(p + 32));
  let w9: u32 = bswap(load32(p + 36));
  let w10: u32 = bswap(load32(p + 40));
  let w11: u32 = bswap(load32(p + 44));
  let w12: u32 = bswap(load32(p + 48));
  let w13: u32 = bswap(load32(p + 52));
  let w14: u32 = bswap(load32(p + 56));
  let w15: u32 = bswap(load32(p + 60));
  h += first(e, f, g, load<u32>(K) + w0);
  d += h;
  h += second(a, b, c);
  g += first(d, e, f, load<u32>(K, 4) + w1);
  c += g;
  g += second(h, a, b);
  f += first(c, d, e, load<u32>(K, 8) + w2);
  b += f;
  f += second(g, h, a);
  e += first(b, c, d, load<u32>(K, 12) + w3);
  a += e;
  e += second(f, g, h);
  d += first(a, b, c, load<u32>(K, 16) + w4);
  h += d;
  d += second(e, f, g);
  c += first(h, a, b, load<u32>(K, 20) + w5);
  g += c;
  c += second(d, e, f);
  b += first(g, h, a, load<u32>(K, 24) + w6);
  f += b;
  b += second(c, d, e);
  a += first(f, g, h, load<u32>(K, 28) + w7);
  e += a;
  a += second(b, c, d);
  h += first(e, f, g, load<u32>(K, 32) + w8);
  d += h;
  h += second(a, b, c);
  g += first(d, e, f, load<u32>(K, 36) + w9);
  c += g;
  g += second(h, a, b);
  f += first(c, d, e, load<u32>(K, 40) + w10);
  b += f;
  f += second(g, h, a);
  e += first(b, c, d, load<u32>(K, 44) + w11);
  a += e;
  e += second(f, g, h);
  d += first(a, b, c, load<u32>(K, 48) + w12);
  h += d;
  d += second(e, f, g);
  c += first(h, a, b, load<u32>(K, 52) + w13);
  g += c;
  c += second(d, e, f);
  b += first(g, h, a, load<u32>(K, 56) + w14);
  f += b;
  b += second(c, d, e);
  a += first(f, g, h, load<u32>(K, 60) + w15);
  e += a;
  a += second(b, c, d);
  for (let t = K + 64; t < K + 256; t += 64) {
    w0 += small1(w14) + w9 + small0(w1);
    h += first(e, f, g, load<u32>(t) + w0);
    d += h;
    h += second(a, b, c);
    w1 += small1(w15) + w10 + small0(w2);
    g += first(d, e, f, load<u32>(t, 4) + w1);
    c += g;
    g += second(h, a, b);
    w2 += small1(w0) + w11 + small0(w3);
    f += first(c, d, e, load<u32>(t, 8) + w2);
    b += f;
    f += second(g, h, a);
    w3 += small1(w1) + w12 + small0(w4);
    e += first(b, c, d, load<u32>(t, 12) + w3);
    a += e;
    e += second(f, g, h);
    w4 += small1(w2) + w13 + small0(w5);
    d += first(a, b, c, load<u32>(t, 16) + w4);
    h += d;
    d += second(e, f, g);
    w5 += small1(w3) + w14 + small0(w6);
    c += first(h, a, b, load<u32>(t, 20) + w5);
    g += c;
    c += second(d, e, f);
    w6 += small1(w4) + w15 + small0(w7);
    b += first(g, h, a, load<u32>(t, 24) + w6);
    f += b;
    b += second(c, d, e);
    w7 += small1(w5) + w0 + small0(w8);
    a += first(f, g, h, load<u32>(t, 28) + w7);
    e += a;
    a += second(b, c, d);
    w8 += small1(w6) + w1 + small0(w9);
    h += first(e, f, g, load<u32>(t, 32) + w8);
    d += h;
    h += second(a, b, c);
    w9 += small1(w7) + w2 + small0(w10);
    g += first(d, e, f, load<u32>(t, 36) + w9);
    c += g;
    g += second(h, a, b);
    w10 += small1(w8) + w3 + small0(w11);
    f += first(c, d, e, load<u32>(t, 40) + w10);
    b += f;
    f += second(g, h, a);
    w11 += small1(w9) + w4 + small0(w12);
    e += first(b, c, d, load<u32>(t, 44) + w11);
    a += e;
    e += second(f, g, h);
    w12 += small1(w10) + w5 + small0(w13);
    d += first(a, b, c, load<u32>(t, 48) + w12);
    h += d;
    d += second(e, f, g);
    w13 += small1(w11) + w6 + small0(w14);
    c += first(h, a, b, load<u32>(t, 52) + w13);
    g += c;
    c += second(d, e, f);
    w14 += small1(w12) + w7 + small0(w15);
    b += first(g, h, a, load<u32>(t, 56) + w14);
    f += b;
    b += second(c, d, e);
    w15 += small1(w13) + w8 + small0(w0);
    a += first(f, g, h, load<u32>(t, 60) + w15);
    e += a;
    a += second(b, c, d);
  }
  add(chain, a);
  add(chain + 4, b);
  add(chain + 8, c);
  add(chain + 12, d);
  add(chain + 16, e);
  add(chain + 20, f);
  add(chain + 24, g);
  add(chain + 28, h);
}

function add(p: usize, value: u32): void {
  store<u32>(p, load<u32>(p) + value);
}
