/**
 * Masking and unmasking (RFC 6455 section 5.3), in place, at any address: byte i of a payload is
 * XORed with byte i % 4 of the key. With SIMD 64 bytes at a time, without it four.
 */

const HIGH_BITS: u32 = 0x80808080;

/**
 * Masks `n` bytes of a payload, the first of which is its byte `offset`. Answers whether they are
 * ASCII then, 1 or 0: text that is needs no other look at it.
 */
export function mask(p: usize, n: i32, key: u32, offset: i32): i32 {
  // The first byte of the key is the low one of the word, as it was loaded.
  key = rotr(key, (offset & 3) << 3);
  let high: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    const keys = i32x4.splat(key);
    let all = i32x4.splat(0);
    for (; n >= 64; n -= 64) {
      const bytes0 = v128.xor(v128.load(p), keys);
      const bytes1 = v128.xor(v128.load(p, 16), keys);
      const bytes2 = v128.xor(v128.load(p, 32), keys);
      const bytes3 = v128.xor(v128.load(p, 48), keys);
      v128.store(p, bytes0);
      v128.store(p, bytes1, 16);
      v128.store(p, bytes2, 32);
      v128.store(p, bytes3, 48);
      all = v128.or(all, v128.or(v128.or(bytes0, bytes1), v128.or(bytes2, bytes3)));
      p += 64;
    }
    for (; n >= 16; n -= 16) {
      const bytes = v128.xor(v128.load(p), keys);
      v128.store(p, bytes);
      all = v128.or(all, bytes);
      p += 16;
    }
    high = i8x16.bitmask(all) ? HIGH_BITS : 0;
  }
  for (; n >= 4; n -= 4) {
    const bytes = load<u32>(p, 0, 1) ^ key;
    store<u32>(p, bytes, 0, 1);
    high |= bytes;
    p += 4;
  }
  for (; n > 0; n--) {
    const byte: u32 = (load<u8>(p) ^ key) & 0xff;
    store<u8>(p, byte);
    high |= byte;
    key >>= 8;
    p++;
  }
  return high & HIGH_BITS ? 0 : 1;
}
