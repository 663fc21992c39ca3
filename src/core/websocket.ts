/**
 * The WebSocket part of the core, typed: heads of frames, masking, UTF-8 as a stream. `websocket`
 * keeps the state of a connection and turns statuses into close codes.
 */

import {
  FRAME_FINAL,
  FRAME_KEY,
  FRAME_LENGTH_HIGH,
  FRAME_LENGTH_LOW,
  FRAME_OPCODE,
  FRAME_RESERVED,
  SCRATCH,
  WINDOW,
  WINDOW_LENGTH,
} from "../../core-wasm/layout.ts";
import {
  BAD_CONTROL_FRAME,
  BAD_FRAME_LENGTH,
  BAD_MASKING,
  BAD_OPCODE,
  BAD_RESERVED_BITS,
} from "../../core-wasm/status.ts";
import { memory, table, wasm, wideAt } from "./load.ts";

/**
 * Reads the head of a frame at `start` of the core's memory. Answers the bytes it takes, and
 * `frameTable` then says what they were; or a status. `masked` says whether the peer must mask,
 * `reserved` are the bits, of 0x70, that an extension uses.
 */
export function parseFrameHead(
  start: number,
  length: number,
  masked: boolean,
  reserved: number,
): number {
  return wasm.parseFrameHead(start, length, masked ? 1 : 0, reserved);
}

/** The fields of the frame's head that `parseFrameHead` has read last. */
export const frameTable = {
  isFinal: (): boolean => table[FRAME_FINAL] === 1,
  /** RSV1 to RSV3, as bits of 0x70. */
  reserved: (): number => table[FRAME_RESERVED] as number,
  opcode: (): number => table[FRAME_OPCODE] as number,
  /** 0 if the frame is not masked. */
  key: (): number => table[FRAME_KEY] as number,
  /** Bytes of payload. */
  length: (): number => wideAt(FRAME_LENGTH_LOW, FRAME_LENGTH_HIGH),
};

/** Bytes of the head of a frame that is to be sent. */
export function frameHeadLength(length: number, masked: boolean): number {
  const extended = length < 126 ? 2 : length < 65536 ? 4 : 10;
  return masked ? extended + 4 : extended;
}

/**
 * Writes a frame's head at `start` of the core's memory: `first` is its first byte, FIN, the
 * reserved bits and the opcode; `key` is undefined for a frame that is not masked.
 */
export function putFrameHead(
  start: number,
  first: number,
  length: number,
  key: number | undefined,
): void {
  const mask = key === undefined ? 0 : 0x80;
  memory[start] = first;
  let at = start + 2;
  if (length < 126) memory[start + 1] = mask | length;
  else if (length < 65536) {
    memory[start + 1] = mask | 126;
    at = memory.writeUInt16BE(length, at);
  } else {
    memory[start + 1] = mask | 127;
    memory.writeUInt32BE(Math.floor(length / 2 ** 32), at);
    at = memory.writeUInt32BE(length >>> 0, at + 4);
  }
  if (key !== undefined) memory.writeInt32LE(key, at);
}

/** The head of a frame that is not masked, as bytes of its own. */
export function frameHeadBytes(first: number, length: number): Uint8Array {
  putFrameHead(SCRATCH, first, length, undefined);
  return Uint8Array.prototype.slice.call(memory, SCRATCH, SCRATCH + frameHeadLength(length, false));
}

/** Whether bytes of the core's memory are UTF-8, all of them. */
export function isUtf8At(start: number, length: number): boolean {
  return wasm.validateUtf8(start, length, 0) === 0;
}

const reasons: ReadonlyMap<number, string> = new Map([
  [BAD_RESERVED_BITS, "reserved bits are set"],
  [BAD_OPCODE, "reserved opcode"],
  [BAD_CONTROL_FRAME, "control frame that is fragmented or too long"],
  [BAD_MASKING, "frame with the wrong masking"],
  [BAD_FRAME_LENGTH, "frame length that is not in its shortest form, or too large"],
]);

/** Why the head of a frame was refused, in words for the reason of a close. */
export function frameReason(status: number): string {
  return reasons.get(status) ?? `unknown status ${status}`;
}

/**
 * Masks or unmasks a payload, or the part of it from byte `offset` on, in the core's memory. Answers
 * whether it is ASCII then.
 */
export function maskAt(start: number, length: number, key: number, offset: number): boolean {
  return wasm.mask(start, length, key, offset) === 1;
}

/** Checks that the pieces of a text are UTF-8 together, wherever it was cut. */
export class Utf8Validator {
  #state = 0;

  /** Takes `length` bytes at `start` of the core's memory; false if the text is not UTF-8. */
  takeAt(start: number, length: number): boolean {
    if (this.#state < 0) return false;
    this.#state = wasm.validateUtf8(start, length, this.#state);
    return this.#state >= 0;
  }

  /** As `takeAt`, of bytes anywhere. */
  take(bytes: Uint8Array): boolean {
    if (bytes.buffer === memory.buffer) return this.takeAt(bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; at += WINDOW_LENGTH) {
      const piece = bytes.subarray(at, at + WINDOW_LENGTH);
      memory.set(piece, WINDOW);
      if (!this.takeAt(WINDOW, piece.length)) return false;
    }
    return this.#state >= 0;
  }

  /** Ends the text: whether it was UTF-8 and no character is missing its end. Starts anew. */
  end(): boolean {
    const isComplete = this.#state === 0;
    this.#state = 0;
    return isComplete;
  }
}
