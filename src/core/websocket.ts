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
import { memory, table, wasm } from "./load.ts";

/** Payloads up to this long are masked faster by hand than by a way through the core. */
const SHORT_PAYLOAD = 32;

/** The head of the frame that `parseFrameHead` has read last. */
export interface FrameHead {
  readonly final: boolean;
  /** RSV1 to RSV3, as bits of 0x70. */
  readonly reserved: number;
  readonly opcode: number;
  /** 0 if the frame is not masked. */
  readonly key: number;
  /** Bytes of payload. */
  readonly length: number;
}

/**
 * Reads the head of a frame at `start` of the core's memory. Answers the bytes it takes, and
 * `frameHead()` then says what they were; or a status. `masked` says whether the peer must mask,
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

/** What `parseFrameHead` has read last. */
export function frameHead(): FrameHead {
  return {
    final: table[FRAME_FINAL] === 1,
    reserved: table[FRAME_RESERVED] ?? 0,
    opcode: table[FRAME_OPCODE] ?? 0,
    key: table[FRAME_KEY] ?? 0,
    length: (table[FRAME_LENGTH_HIGH] ?? 0) * 2 ** 32 + ((table[FRAME_LENGTH_LOW] ?? 0) >>> 0),
  };
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

/** Masks or unmasks a payload, or the part of it from byte `offset` on, in the core's memory. */
export function maskAt(start: number, length: number, key: number, offset: number): void {
  wasm.mask(start, length, key, offset);
}

/** As `maskAt`, of bytes anywhere, in place. */
export function maskBytes(bytes: Uint8Array, key: number, offset: number): void {
  if (bytes.buffer === memory.buffer) {
    wasm.mask(bytes.byteOffset, bytes.length, key, offset);
    return;
  }
  if (bytes.length <= SHORT_PAYLOAD) {
    maskShort(bytes, key, offset);
    return;
  }
  for (let at = 0; at < bytes.length; at += WINDOW_LENGTH) {
    const piece = bytes.subarray(at, at + WINDOW_LENGTH);
    memory.set(piece, WINDOW);
    wasm.mask(WINDOW, piece.length, key, offset + at);
    piece.set(memory.subarray(WINDOW, WINDOW + piece.length));
  }
}

function maskShort(bytes: Uint8Array, key: number, offset: number): void {
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (bytes[i] ?? 0) ^ (key >>> (((offset + i) & 3) << 3));
  }
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
