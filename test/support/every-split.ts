/** Cuts wire bytes the ways a network can, for the tests of everything that takes bytes. */

/** The input whole, byte by byte, and cut in two at every position. */
export function* everySplit(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
  for (let cut = 1; cut < bytes.length; cut++) yield [bytes.subarray(0, cut), bytes.subarray(cut)];
}
