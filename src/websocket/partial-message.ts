/**
 * A message that has not arrived as a whole: the frame that is under way, and the payload so far.
 * `frame-reader.ts` makes one when it needs one, so that an idle connection has none.
 */

import { Buffer } from "node:buffer";
import { maskAt, newLarge, Utf8Validator, viewBytes } from "../core.ts";
import { TEXT } from "./protocol.ts";

/** Memory set aside at first for a frame that announces more: what it announces may never come. */
const FIRST_LENGTH = 128 * 1024;
/**
 * Text is put together in memory that is used again, as nobody else sees it: V8 counts what is asked
 * for and given back, and runs full collections for it. Eight are enough for messages that arrive in
 * a few pieces; more would only be kept.
 */
const MAX_ROOMS = 8;
/** Below this memory is asked for in the length that is announced. */
const LONG = 32 * 1024;
const rooms: Uint8Array[] = [];
const EMPTY = new Uint8Array(0);

export class PartialMessage {
  readonly opcode: number;
  readonly compressed: boolean;
  /** Bytes of the current frame that have not arrived. */
  left = 0;
  /** The current frame is the last one. */
  isLast = false;
  #bytes: Uint8Array = EMPTY;
  #length = 0;
  #key = 0;
  /** Bytes of the current frame that have arrived. */
  #offset = 0;
  readonly #utf8: Utf8Validator | undefined;
  #isAscii = true;

  constructor(opcode: number, compressed: boolean) {
    this.opcode = opcode;
    this.compressed = compressed;
    if (opcode === TEXT && !compressed) this.#utf8 = new Utf8Validator();
  }

  /** Bytes of the message, with those that the current frame has announced. */
  get expected(): number {
    return this.#length + this.left;
  }

  /** The next frame's head is there. */
  begin(isLast: boolean, length: number, key: number): void {
    this.isLast = isLast;
    this.left = length;
    this.#key = key;
    this.#offset = 0;
  }

  /** Takes bytes of the current frame; false if they cannot be text. */
  take(start: number, length: number): boolean {
    const isAscii = this.#key !== 0 && maskAt(start, length, this.#key, this.#offset);
    this.#isAscii = this.#isAscii && isAscii;
    this.#offset += length;
    this.left -= length;
    if (this.#utf8 !== undefined && !this.#isAscii && !this.#utf8.takeAt(start, length))
      return false;
    this.#append(start, length);
    return true;
  }

  /** Whether the text has all bytes of its last character. */
  endsWhole(): boolean {
    return this.#utf8 === undefined || this.#utf8.end();
  }

  /** The payload as text. */
  get text(): string {
    const { view } = this;
    const payload = Buffer.from(view.buffer, view.byteOffset, view.length);
    return payload.toString(this.#isAscii ? "latin1" : "utf8");
  }

  /** The payload where it is put together: valid until `release`. */
  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The payload, which nobody else uses. */
  get payload(): Uint8Array {
    const bytes = this.#bytes;
    return this.#length === bytes.length ? bytes : bytes.slice(0, this.#length);
  }

  /** Grows by doubling, so that many tiny fragments cost what one large one does. */
  #append(start: number, length: number): void {
    const needed = this.#length + length;
    if (needed > this.#bytes.length) {
      const announced = needed + this.left;
      const most = Math.max(needed, 2 * this.#length, FIRST_LENGTH);
      const grown = this.#newRoom(this.isLast ? Math.min(announced, most) : most);
      grown.set(this.#bytes.subarray(0, this.#length));
      this.release();
      this.#bytes = grown;
    }
    this.#bytes.set(viewBytes(start, length), this.#length);
    this.#length = needed;
  }

  #newRoom(length: number): Uint8Array {
    if (this.#utf8 === undefined || length < LONG || length > FIRST_LENGTH) return newLarge(length);
    return rooms.pop() ?? newLarge(FIRST_LENGTH);
  }

  /** Gives back the memory in which text is put together. */
  release(): void {
    const bytes = this.#bytes;
    this.#bytes = EMPTY;
    const isRoom = this.#utf8 !== undefined && bytes.length === FIRST_LENGTH;
    if (isRoom && rooms.length < MAX_ROOMS) rooms.push(bytes);
  }
}
