/**
 * Base 64 (RFC 4648, section 4). Decoding reads what Python's `base64.b64decode` reads, which is
 * what Tornado decodes with: bytes outside the alphabet are skipped, and what stands after the
 * padding is too.
 */

import { BAD_BASE64 } from "./status";

const PAD: u8 = 0x3d;

const ALPHABET: usize = memory.data<u8>([
  0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50,
  0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
  0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76,
  0x77, 0x78, 0x79, 0x7a, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x2b, 0x2f,
]);

/** Writes `n` bytes in base 64, padded; answers the length. */
export function base64Encode(p: usize, n: i32, out: usize): i32 {
  const start = out;
  for (; n >= 3; n -= 3) {
    encodeGroup(((<u32>load<u8>(p)) << 16) | ((<u32>load<u8>(p, 1)) << 8) | load<u8>(p, 2), out);
    p += 3;
    out += 4;
  }
  if (n == 0) return <i32>(out - start);
  encodeGroup(((<u32>load<u8>(p)) << 16) | (n == 2 ? (<u32>load<u8>(p, 1)) << 8 : 0), out);
  store<u8>(out, PAD, 3);
  if (n == 1) store<u8>(out, PAD, 2);
  return <i32>(out + 4 - start);
}

function encodeGroup(bits: u32, out: usize): void {
  store<u8>(out, load<u8>(ALPHABET + (bits >> 18)));
  store<u8>(out, load<u8>(ALPHABET + ((bits >> 12) & 63)), 1);
  store<u8>(out, load<u8>(ALPHABET + ((bits >> 6) & 63)), 2);
  store<u8>(out, load<u8>(ALPHABET + (bits & 63)), 3);
}

/** Bytes that `n` digits may decode to at most are `n / 4 * 3 + 2`. Answers how many, or a status. */
export function base64Decode(p: usize, n: i32, out: usize): i32 {
  const start = out;
  const end = p + n;
  let bits: u32 = 0;
  let digits = 0;
  let pads = 0;
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (byte == PAD) {
      if (digits >= 2 && digits + ++pads >= 4) {
        store<u8>(out++, <u8>(digits == 2 ? bits >> 4 : bits >> 10));
        if (digits == 3) store<u8>(out++, <u8>(bits >> 2));
        return <i32>(out - start);
      }
      continue;
    }
    const value = base64Value(byte);
    if (value > 63) continue;
    pads = 0;
    bits = (bits << 6) | value;
    if (++digits < 4) continue;
    store<u8>(out, <u8>(bits >> 16));
    store<u8>(out, <u8>(bits >> 8), 1);
    store<u8>(out, <u8>bits, 2);
    out += 3;
    digits = 0;
    bits = 0;
  }
  return digits == 0 ? <i32>(out - start) : BAD_BASE64;
}

/** The value of a digit, above 63 if it is none. */
function base64Value(byte: u32): u32 {
  const letter = (byte | 0x20) - 0x61;
  if (letter < 26) return byte < 0x61 ? letter : letter + 26;
  if (byte - 0x30 < 10) return byte - 0x30 + 52;
  return byte == 0x2b ? 62 : byte == 0x2f ? 63 : 0xff;
}
