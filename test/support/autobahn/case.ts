/**
 * The words in which the cases of the Autobahn test suite are written here: what the tester sends,
 * and what the peer under test, which echoes messages, must have said when the connection is over.
 */

import { Buffer } from "node:buffer";

export interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly final: boolean;
  /** RSV1 to RSV3, as bits of 0x70. */
  readonly reserved: number;
}

export interface Case {
  /** Its number in the test suite. */
  readonly id: string;
  readonly send: readonly Frame[];
  /** Bytes that go out at once; frames, unless it says otherwise. */
  readonly chop?: number;
  /** Payload of one frame, at most, of a message that is compressed; all of it, unless it says so. */
  readonly fragmentSize?: number;
  /** The peer's words in short, as `describe` says them. */
  readonly said: readonly string[];
  /** Each message is sent when the one before has come back. */
  readonly inTurn?: boolean;
}

export function bytes(data: string | Uint8Array | readonly number[]): Uint8Array {
  if (typeof data === "string") return new TextEncoder().encode(data);
  return data instanceof Uint8Array ? data : Uint8Array.from(data);
}

export function frame(
  opcode: number,
  data: string | Uint8Array | readonly number[] = "",
  options: { final?: boolean; reserved?: number } = {},
): Frame {
  const { final = true, reserved = 0 } = options;
  return { opcode, payload: bytes(data), final, reserved };
}

export const CLOSE: Frame = frame(8, [3, 232]);

/** A close with a code, and a reason. */
export function close(code: number, reason: string | Uint8Array = ""): Frame {
  return frame(8, Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), bytes(reason)]));
}

/** A message in frames of some length. RSV1 is for the first alone (RFC 7692 section 6.1). */
export function split({ opcode, payload, reserved }: Frame, length: number): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < payload.length || at === 0; at += length) {
    const final = at + length >= payload.length;
    const part = payload.subarray(at, at + length);
    frames.push(at === 0 ? frame(opcode, part, { final, reserved }) : frame(0, part, { final }));
  }
  return frames;
}

export function fragments(opcode: number, data: string | Uint8Array, length: number): Frame[] {
  return split(frame(opcode, data), length);
}

/** A message in short: long ones by a sum over their bytes. */
export function describe(opcode: number, payload: Uint8Array): string {
  if (opcode === 8) {
    return payload.length < 2 ? "close" : `close ${((payload[0] ?? 0) << 8) | (payload[1] ?? 0)}`;
  }
  const kind = { 1: "text", 2: "binary", 9: "ping", 10: "pong" }[opcode] ?? `opcode ${opcode}`;
  if (payload.length <= 64) return `${kind} ${Buffer.from(payload).toString("hex")}`;
  return `${kind} of ${payload.length}, ${adler(payload)}`;
}

/** Adler-32, cheap enough for sixteen megabytes. */
function adler(data: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (let at = 0; at < data.length; ) {
    const end = Math.min(at + 3800, data.length);
    for (; at < end; at++) {
      low += data[at] as number;
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return high * 65536 + low;
}

export function text(data: string | Uint8Array): string {
  return describe(1, bytes(data));
}

export function binary(data: string | Uint8Array): string {
  return describe(2, bytes(data));
}

export function pong(data: string | Uint8Array): string {
  return describe(10, bytes(data));
}
