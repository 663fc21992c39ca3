/** A wire text in every way it may be cut: whole, byte by byte, and in two at every position. */
export function* everySplit(wire: string): Generator<Uint8Array[]> {
  const bytes = Uint8Array.from(wire, (character) => character.charCodeAt(0));
  yield [bytes];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
  for (let cut = 1; cut < bytes.length; cut++) yield [bytes.subarray(0, cut), bytes.subarray(cut)];
}
