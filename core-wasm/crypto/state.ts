/**
 * What a hash's state holds, as offsets from its address (`HASH` or `HASH_ONCE` of layout.ts). One
 * form for all algorithms, so that JavaScript can save and restore it without knowing which it is.
 */

/** i32: which of the algorithms of layout.ts. */
export const ALGORITHM: usize = 0;
/** i32: bytes in BUFFER. */
export const FILL: usize = 4;
/** u64: bytes taken so far; of BLAKE3, chunks. */
export const TOTAL: usize = 8;
/** i32: values on BLAKE3's stack. */
export const STACK_LENGTH: usize = 16;
/** Up to 64 bytes: the chaining state of SHA. */
export const CHAIN: usize = 64;
/** Up to 1024 bytes: a block or chunk that is not full. */
export const BUFFER: usize = 128;
/** BLAKE3's stack: 54 values, enough for 2^54 chunks, and one above them while it is finished. */
export const STACK: usize = 1152;
