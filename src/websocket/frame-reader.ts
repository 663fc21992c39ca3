/**
 * Turns received bytes into frames and messages (RFC 6455 section 5), where the kernel put them: a
 * message that arrives whole is unmasked, checked and copied out once. Knows when to wait, and
 * nothing of handshakes. `connection.ts` extends it.
 */

import { Buffer, isUtf8 } from "node:buffer";
import {
  asciiAt,
  CARRY_CAPACITY,
  CARRY_START,
  copyBytes,
  frameReason,
  frameTable,
  isUtf8At,
  maskAt,
  NEED_DATA,
  parseFrameHead,
  putBytes,
  takeBytes,
  textAt,
  viewBytes,
} from "../core.ts";
import type { Socket } from "../host.ts";
import { isThenable } from "../util.ts";
import { beginDelivery, endDelivery, LONG_TEXT } from "./delivered-text.ts";
import { HeldInput } from "./held-input.ts";
import { PartialMessage } from "./partial-message.ts";
import {
  CLOSE,
  COMPRESSED,
  CONTINUATION,
  INVALID_PAYLOAD,
  MAX_CONTROL,
  MESSAGE_TOO_BIG,
  PROTOCOL_ERROR,
  TEXT,
} from "./protocol.ts";

/** What is kept of a frame is the head of one, or a control frame as a whole. */
const MAX_CARRY = 14 + MAX_CONTROL;
/** Input that was held back is put here, behind the room in which a kept head is completed. */
const HELD_START = CARRY_START + 256;
const HELD_CAPACITY = CARRY_CAPACITY - 256;
/** What compression may add to a message (zlib's `deflateBound`), and flushes between fragments. */
const compressedBound = (length: number): number => length + (length >> 3) + 1024;
/** Of input that was held, this much is tried first, then twice as much: it may be held again. */
const FIRST_PIECE = 1024;

export abstract class FrameReader {
  readonly socket: Socket;
  /** A beginning of a frame, too short to be used. */
  #carry: Uint8Array | undefined = undefined;
  #partial: PartialMessage | undefined = undefined;
  /** Nothing is read until a message has been dealt with. */
  #held = false;
  #waiting: HeldInput | undefined = undefined;
  #ignoring = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Frames of the peer must be masked: it is a client (section 5.1). */
  protected abstract get peerMasks(): boolean;
  protected abstract get maxMessageSize(): number;
  /** RSV1 means that a message is compressed; undefined if that was not negotiated. */
  protected abstract inflate(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  protected abstract get isCompressing(): boolean;
  /** Bytes of a message are delivered where they lie, for as long as `messageReceived` runs. */
  protected abstract get lendsMessages(): boolean;
  /** A message has arrived. While a promise has not settled, nothing more is read. */
  protected abstract messageReceived(message: string | Uint8Array): unknown;
  /** A ping, pong or close has arrived; the payload is at `start` until this returns. */
  protected abstract controlReceived(opcode: number, start: number, length: number): void;
  /** The peer has broken the protocol. */
  protected abstract fail(code: number, reason: string): void;
  /** What was done with a message has failed. */
  protected abstract messageFailed(error: unknown): void;

  /** Input waits for what is being done with a message. */
  protected get held(): boolean {
    return this.#held;
  }

  /** Reads on, and throws away what arrives: nothing more is to be heard. */
  protected ignoreInput(): void {
    this.#ignoring = true;
    this.#carry = undefined;
    this.#partial = undefined;
    this.#waiting = undefined;
    if (this.#held) this.socket.resume();
  }

  data(start: number, length: number): void {
    if (this.#ignoring) return;
    if (this.#held) {
      this.#keep(start, length);
      this.socket.pause();
      return;
    }
    this.#readAll(start, start + length);
  }

  /** Reads nothing until `waiting` settles. */
  protected hold(waiting: PromiseLike<unknown>): void {
    this.#held = true;
    this.socket.pause();
    const release = (): void => this.#release();
    waiting.then(release, (error) => {
      this.messageFailed(error);
      release();
    });
  }

  #release(): void {
    this.#held = false;
    let most = FIRST_PIECE;
    for (let waiting = this.#waiting; waiting !== undefined && !this.#held; ) {
      const length = Math.min(waiting.length, most);
      putBytes(waiting.first(length), HELD_START);
      this.#waiting = undefined;
      const left = this.#read(HELD_START, HELD_START + length);
      waiting.drop(length - left);
      if (this.#ignoring || waiting.length === 0) waiting = undefined;
      this.#waiting = waiting;
      most = Math.min(2 * most, HELD_CAPACITY);
    }
    if (!this.#held) this.socket.resume();
  }

  #readAll(start: number, end: number): void {
    const left = this.#read(start, end);
    if (left > 0) this.#keep(end - left, left);
  }

  #keep(start: number, length: number): void {
    const bytes = viewBytes(start, length);
    if (this.#waiting === undefined) this.#waiting = new HeldInput(bytes);
    else this.#waiting.append(bytes);
  }

  /** Uses bytes until a message holds the next ones back; answers how many are left then. */
  #read(start: number, end: number): number {
    let at = start;
    if (this.#carry !== undefined) at += this.#completeCarry(this.#carry, at, end - at);
    while (at < end) {
      if (this.#held) return end - at;
      if (this.#ignoring) return 0;
      const length = end - at;
      const partial = this.#partial;
      const used =
        partial !== undefined && partial.left > 0
          ? this.#takePayload(partial, at, length)
          : this.#takeFrame(at, length);
      if (used === 0) {
        this.#carry = copyBytes(at, length);
        return 0;
      }
      at += used;
    }
    return 0;
  }

  /** Adds bytes to a frame's kept beginning; answers how many of them have been used. */
  #completeCarry(carry: Uint8Array, start: number, length: number): number {
    const added = Math.min(length, MAX_CARRY - carry.length);
    putBytes(carry, CARRY_START);
    putBytes(viewBytes(start, added), CARRY_START + carry.length);
    const used = this.#takeFrame(CARRY_START, carry.length + added);
    if (used === 0) {
      this.#carry = copyBytes(CARRY_START, carry.length + added);
      return added;
    }
    this.#carry = undefined;
    return used - carry.length;
  }

  /** Takes the frame that begins here, as far as it is there; 0 if more of it is needed first. */
  #takeFrame(start: number, length: number): number {
    const head = parseFrameHead(start, length, this.peerMasks, this.isCompressing ? COMPRESSED : 0);
    if (head <= 0) {
      if (head === NEED_DATA) return 0;
      this.fail(PROTOCOL_ERROR, frameReason(head));
      return length;
    }
    if (frameTable.opcode() >= CLOSE) return this.#takeControl(start, length, head);
    return this.#takeData(start, length, head);
  }

  #takeControl(start: number, length: number, head: number): number {
    const opcode = frameTable.opcode();
    const size = frameTable.length();
    if (length < head + size) return 0;
    const key = frameTable.key();
    if (key !== 0) maskAt(start + head, size, key, 0);
    this.controlReceived(opcode, start + head, size);
    return head + size;
  }

  #takeData(start: number, length: number, head: number): number {
    const opcode = frameTable.opcode();
    const size = frameTable.length();
    const isLast = frameTable.isFinal();
    const key = frameTable.key();
    let partial = this.#partial;
    if ((partial === undefined) === (opcode === CONTINUATION)) {
      this.fail(
        PROTOCOL_ERROR,
        partial === undefined ? "continuation of no message" : "message within a message",
      );
      return length;
    }
    const isCompressed = frameTable.reserved() !== 0;
    const { maxMessageSize } = this;
    // How long it is decompressed is seen when it is.
    const isBound = isCompressed || partial?.compressed === true;
    const most = isBound ? compressedBound(maxMessageSize) : maxMessageSize;
    if ((partial?.expected ?? 0) + size > most) {
      this.fail(MESSAGE_TOO_BIG, `message longer than ${maxMessageSize} bytes`);
      return length;
    }
    const payload = start + head;
    const available = length - head;
    if (partial === undefined) {
      if (isLast && size <= available && !isCompressed) {
        const isAscii = key !== 0 && maskAt(payload, size, key, 0);
        if (isAscii && opcode === TEXT) this.#takeText(payload, size, true);
        else this.#takeWhole(opcode, payload, size);
        return head + size;
      }
      partial = new PartialMessage(opcode, isCompressed);
      this.#partial = partial;
    }
    partial.begin(isLast, size, key);
    return head + this.#takePayload(partial, payload, available);
  }

  /** A message of one frame that is all there. */
  #takeWhole(opcode: number, start: number, length: number): void {
    if (opcode !== TEXT) {
      this.#deliver(this.lendsMessages ? viewBytes(start, length) : takeBytes(start, length));
    } else if (isUtf8At(start, length)) this.#takeText(start, length, false);
    else this.#failText();
  }

  #takeText(start: number, length: number, isAscii: boolean): void {
    const text = isAscii ? asciiAt(start, start + length) : textAt(start, length);
    if (length < LONG_TEXT) this.#deliver(text);
    else this.#deliverLong(text, viewBytes(start, length));
  }

  /** Takes what is there of a frame's payload, and the message if that was the last of it. */
  #takePayload(partial: PartialMessage, start: number, length: number): number {
    const used = Math.min(length, partial.left);
    if (!partial.take(start, used)) this.#failText();
    else if (partial.left === 0 && partial.isLast) this.#finishMessage(partial);
    return used;
  }

  #finishMessage(partial: PartialMessage): void {
    this.#partial = undefined;
    const { opcode } = partial;
    if (partial.compressed) this.#inflateMessage(opcode, partial.payload);
    else if (!partial.endsWhole()) this.#failText();
    else if (opcode === TEXT) {
      this.#deliverLong(partial.text, partial.view);
      partial.release();
    } else this.#deliver(partial.payload);
  }

  #inflateMessage(opcode: number, payload: Uint8Array): void {
    let whole: Uint8Array | Promise<Uint8Array>;
    try {
      whole = this.inflate(payload);
    } catch (error) {
      this.messageFailed(error);
      return;
    }
    if (isThenable(whole)) this.hold(whole.then((bytes) => this.#deliverNow(opcode, bytes)));
    else this.#deliverInflated(opcode, whole);
  }

  #deliverInflated(opcode: number, bytes: Uint8Array): void {
    if (opcode !== TEXT) this.#deliver(bytes);
    else if (isUtf8(bytes)) this.#deliver(textOf(bytes));
    else this.#failText();
  }

  /** As `#deliverInflated`, while input is held; gives the promise of what is done with it. */
  #deliverNow(opcode: number, bytes: Uint8Array): unknown {
    if (this.#ignoring) return undefined;
    if (opcode !== TEXT) return this.messageReceived(bytes);
    if (isUtf8(bytes)) return this.messageReceived(textOf(bytes));
    this.#failText();
    return undefined;
  }

  #deliver(message: string | Uint8Array): void {
    let waiting: unknown;
    try {
      waiting = this.messageReceived(message);
    } catch (error) {
      this.messageFailed(error);
      return;
    }
    if (isThenable(waiting)) this.hold(waiting);
  }

  /** Delivers text together with the bytes it is made of, which are used for something else later. */
  #deliverLong(text: string, bytes: Uint8Array): void {
    beginDelivery(text, bytes);
    try {
      this.#deliver(text);
    } finally {
      endDelivery();
    }
  }

  #failText(): void {
    this.fail(INVALID_PAYLOAD, "text that is not UTF-8");
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
