/**
 * The end of a message of the SHA family (FIPS 180-4, section 5.1): a one bit, zeros, and the
 * length in bits as the last eight bytes. SHA-512 has sixteen for the length; a message that needs
 * more than eight of them cannot be had.
 */

/** Up to two blocks of SHA-512. */
const TAIL: usize = memory.data(256, 16);

/** Pads the last `n` bytes, less than a block; answers where the padded blocks are. */
export function padTail(p: usize, n: i32, total: u64, blockLength: i32): usize {
  const length = tailBlocks(n, blockLength) * blockLength;
  memory.copy(TAIL, p, n);
  memory.fill(TAIL + n, 0, length - n);
  store<u8>(TAIL + n, 0x80);
  store<u64>(TAIL + length - 8, bswap(total << 3));
  return TAIL;
}

/** How many blocks the padded end has, 1 or 2. */
export function tailBlocks(n: i32, blockLength: i32): i32 {
  return n + 1 + (blockLength >> 3) <= blockLength ? 1 : 2;
}
