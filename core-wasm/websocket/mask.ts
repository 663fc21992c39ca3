/**
 * Masking and unmasking (RFC 6455 section 5.3), in place, at any address: byte i of a payload is
 * XORed with byte i % 4 of the key. With SIMD 64 bytes at a time, without it four.
 */

/** Masks `n` bytes of a payload, the first of which is its byte `offset`. */
export function mask(p: usize, n: i32, key: u32, offset: i32): void {
  // The first byte of the key is the low one of the word, as it was loaded.
  key = rotr(key, (offset & 3) << 3);
  if (ASC_FEATURE_SIMD) {
    const keys = i32x4.splat(key);
    for (; n >= 64; n -= 64) {
      v128.store(p, v128.xor(v128.load(p), keys));
      v128.store(p, v128.xor(v128.load(p, 16), keys), 16);
      v128.store(p, v128.xor(v128.load(p, 32), keys), 32);
      v128.store(p, v128.xor(v128.load(p, 48), keys), 48);
      p += 64;
    }
    for (; n >= 16; n -= 16) {
      v128.store(p, v128.xor(v128.load(p), keys));
      p += 16;
    }
  }
  for (; n >= 4; n -= 4) {
    store<u32>(p, load<u32>(p, 0, 1) ^ key, 0, 1);
    p += 4;
  }
  for (; n > 0; n--) {
    store<u8>(p, load<u8>(p) ^ key);
    key >>= 8;
    p++;
  }
}
