/** Long streams in the contract's tests: made, sent with regard to backpressure, and read slowly. */
import { createHash, type Hash } from "node:crypto";
import type { Probe } from "./probe.ts";

const KIB = 1024;
export const MIB: number = 1024 * KIB;

/** Bytes without a pattern that a lost, doubled or moved piece could hide in. */
export function noise(length: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    // Marsaglia's xorshift.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}

const source = noise(MIB, 7);

/** Sends `size` bytes, no more than the host takes at a time, then half-closes if not told else. */
export function pump(
  probe: Probe,
  size: number,
  how: "send" | "write",
  sentAll: () => void = () => probe.shutdown(),
): Hash {
  const sent = createHash("sha1");
  let left = size;
  let step = 1;
  const go = () => {
    while (left > 0) {
      // Lengths from a few bytes to 256 KiB, at ever different places.
      step = (step * 48271) % 2147483647;
      const length = Math.min(left, 1 + (step % (256 * KIB)));
      const start = step % (source.length - length);
      const bytes = source.subarray(start, start + length);
      sent.update(bytes);
      left -= length;
      probe[how](bytes);
      if (left > 0 && probe.socket.bufferedAmount > 0) return;
    }
    probe.script = { ...probe.script, drain: () => {} };
    sentAll();
  };
  probe.script = { ...probe.script, drain: go };
  go();
  return sent;
}

/** Reads all that comes, with a short rest after every MiB. */
export function sip(probe: Probe): Hash {
  const received = createHash("sha1");
  let sinceRest = 0;
  probe.keep = false;
  probe.script = {
    ...probe.script,
    data: (bytes) => {
      received.update(bytes);
      sinceRest += bytes.length;
      if (sinceRest < MIB) return;
      sinceRest = 0;
      probe.pause();
      setTimeout(() => probe.resume(), 2);
    },
  };
  return received;
}
