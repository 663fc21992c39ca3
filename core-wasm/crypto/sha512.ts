/**
 * SHA-512 (FIPS 180-4, section 6.4), block by block. Called by hash.ts and hmac.ts, which pad. A loop over
 * sixteen rounds, with the message schedule in locals: written out whole it is larger than
 * JavaScriptCore optimises well.
 */

import { load64 } from "../bytes";

/** The first 64 bits of the fractions of the cube roots of the first 80 primes. */
const K: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
]);

/** The first 64 bits of the fractions of the square roots of the first eight primes. */
const INITIAL: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);

export function sha512Init(chain: usize): void {
  memory.copy(chain, INITIAL, 64);
}

// The functions of section 4.1.3, without the additions to what a round changes.

function first(e: u64, f: u64, g: u64, word: u64): u64 {
  return (rotr(e, 14) ^ rotr(e, 18) ^ rotr(e, 41)) + (g ^ (e & (f ^ g))) + word;
}

function second(a: u64, b: u64, c: u64): u64 {
  return (rotr(a, 28) ^ rotr(a, 34) ^ rotr(a, 39)) + ((a & b) | (c & (a | b)));
}

function small0(w: u64): u64 {
  return rotr(w, 1) ^ rotr(w, 8) ^ (w >> 7);
}

function small1(w: u64): u64 {
  return rotr(w, 19) ^ rotr(w, 61) ^ (w >> 6);
}

/** Hashes `blocks` blocks of 128 bytes into the chaining state. */
export function sha512Blocks(chain: usize, p: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    sha512Block(chain, p);
    p += 128;
  }
}

function sha512Block(chain: usize, p: usize): void {
  let a = load<u64>(chain);
  let b = load<u64>(chain, 8);
  let c = load<u64>(chain, 16);
  let d = load<u64>(chain, 24);
  let e = load<u64>(chain, 32);
  let f = load<u64>(chain, 40);
  let g = load<u64>(chain, 48);
  let h = load<u64>(chain, 56);
  let w0: u64 = bswap(load64(p));
  let w1: u64 = bswap(load64(p + 8));
  let w2: u64 = bswap(load64(p + 16));
  let w3: u64 = bswap(load64(p + 24));
  let w4: u64 = bswap(load64(p + 32));
  let w5: u64 = bswap(load64(p + 40));
  let w6: u64 = bswap(load64(p + 48));
  let w7: u64 = bswap(load64(p + 56));
  let w8: u64 = bswap(load64(p + 64));
  let w9: u64 = bswap(load64(p + 72));
  let w10: u64 = bswap(load64(p + 80));
  let w11: u64 = bswap(load64(p + 88));
  let w12: u64 = bswap(load64(p + 96));
  let w13: u64 = bswap(load64(p + 104));
  let w14: u64 = bswap(load64(p + 112));
  let w15: u64 = bswap(load64(p + 120));
  for (let t = K; ; ) {
    h += first(e, f, g, load<u64>(t) + w0);
    d += h;
    h += second(a, b, c);
    g += first(d, e, f, load<u64>(t, 8) + w1);
    c += g;
    g += second(h, a, b);
    f += first(c, d, e, load<u64>(t, 16) + w2);
    b += f;
    f += second(g, h, a);
    e += first(b, c, d, load<u64>(t, 24) + w3);
    a += e;
    e += second(f, g, h);
    d += first(a, b, c, load<u64>(t, 32) + w4);
    h += d;
    d += second(e, f, g);
    c += first(h, a, b, load<u64>(t, 40) + w5);
    g += c;
    c += second(d, e, f);
    b += first(g, h, a, load<u64>(t, 48) + w6);
    f += b;
    b += second(c, d, e);
    a += first(f, g, h, load<u64>(t, 56) + w7);
    e += a;
    a += second(b, c, d);
    h += first(e, f, g, load<u64>(t, 64) + w8);
    d += h;
    h += second(a, b, c);
    g += first(d, e, f, load<u64>(t, 72) + w9);
    c += g;
    g += second(h, a, b);
    f += first(c, d, e, load<u64>(t, 80) + w10);
    b += f;
    f += second(g, h, a);
    e += first(b, c, d, load<u64>(t, 88) + w11);
    a += e;
    e += second(f, g, h);
    d += first(a, b, c, load<u64>(t, 96) + w12);
    h += d;
    d += second(e, f, g);
    c += first(h, a, b, load<u64>(t, 104) + w13);
    g += c;
    c += second(d, e, f);
    b += first(g, h, a, load<u64>(t, 112) + w14);
    f += b;
    b += second(c, d, e);
    a += first(f, g, h, load<u64>(t, 120) + w15);
    e += a;
    a += second(b, c, d);
    t += 128;
    if (t == K + 640) break;
    w0 += small1(w14) + w9 + small0(w1);
    w1 += small1(w15) + w10 + small0(w2);
    w2 += small1(w0) + w11 + small0(w3);
    w3 += small1(w1) + w12 + small0(w4);
    w4 += small1(w2) + w13 + small0(w5);
    w5 += small1(w3) + w14 + small0(w6);
    w6 += small1(w4) + w15 + small0(w7);
    w7 += small1(w5) + w0 + small0(w8);
    w8 += small1(w6) + w1 + small0(w9);
    w9 += small1(w7) + w2 + small0(w10);
    w10 += small1(w8) + w3 + small0(w11);
    w11 += small1(w9) + w4 + small0(w12);
    w12 += small1(w10) + w5 + small0(w13);
    w13 += small1(w11) + w6 + small0(w14);
    w14 += small1(w12) + w7 + small0(w15);
    w15 += small1(w13) + w8 + small0(w0);
  }
  add(chain, a);
  add(chain + 8, b);
  add(chain + 16, c);
  add(chain + 24, d);
  add(chain + 32, e);
  add(chain + 40, f);
  add(chain + 48, g);
  add(chain + 56, h);
}

function add(p: usize, value: u64): void {
  store<u64>(p, load<u64>(p) + value);
}
