/**
 * Whether `n` bytes are the same, in a time that depends on `n` alone: who guesses a signature must
 * not learn how much of it was right.
 */
export function equal(p: usize, q: usize, n: i32): bool {
  let difference: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    let differences = i8x16.splat(0);
    for (; n >= 16; n -= 16) {
      differences = v128.or(differences, v128.xor(v128.load(p), v128.load(q)));
      p += 16;
      q += 16;
    }
    difference = v128.any_true(differences) ? 1 : 0;
  }
  for (; n > 0; n--) difference |= load<u8>(p++) ^ load<u8>(q++);
  return difference == 0;
}
