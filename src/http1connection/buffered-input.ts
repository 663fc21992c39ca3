/**
 * Received bytes of one connection, in order: used as far as either end can use them, kept
 * otherwise, while the socket is not read. Knows when to go on, and nothing of HTTP.
 */

import { CARRY_CAPACITY, CARRY_START } from "../core.ts";
import { NOBODY, type Socket } from "../host.ts";
import { CarryOver } from "./carry-over.ts";

// What goes on, as bits of one member: an idle connection costs these objects.
/** A loop over received bytes is running: whoever makes more of them usable leaves them to it. */
const CONSUMING = 1;
const PAUSED = 2;
/** What arrives is somebody else's. */
const FORWARDED = 4;
/** Nothing is used until a promise settles; from here on the bits count how many have to. */
const HELD = 8;

/** Unfinished heads up to this length are parsed at every byte: two milliseconds at worst. */
const EAGER_LENGTH = 4096;

/**
 * Whether an unfinished head is parsed again: always while it is short, so that an error shows with
 * the byte that makes it; else once it has grown by an eighth, so that a drip of single bytes costs
 * linear time.
 */
export function hasGrown(length: number, looked: number): boolean {
  return length <= EAGER_LENGTH || length - looked >= length / 8;
}

export abstract class BufferedInput {
  readonly socket: Socket;
  #carry: CarryOver | undefined;
  #flags = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Uses bytes in the core's memory, and returns how many; 0 if they have to wait. */
  protected abstract takeBytes(start: number, length: number): number;
  /** Whether what waits, waits for more bytes: then the socket is read on. */
  protected abstract get awaitsBytes(): boolean;

  /** Up to this many bytes that cannot be used now are read, so that the end behind them is heard. */
  protected get mostKeptAhead(): number {
    return 0;
  }

  /** Whether more bytes without a line end are worth a look; `looked` bytes have been looked at. */
  protected abstract mayShowMore(length: number, looked: number): boolean;

  /** Bytes are kept that have not been used. */
  protected get hasInput(): boolean {
    return this.#carry !== undefined;
  }

  /** Bytes are kept beyond those that `takeBytes` is being asked to use. */
  protected get hasMoreInput(): boolean {
    if (this.#carry === undefined) return false;
    return (this.#flags & CONSUMING) === 0 || this.#carry.length > CARRY_CAPACITY;
  }

  /** Nothing is used until a promise settles. */
  protected get held(): boolean {
    return this.#flags >= HELD;
  }

  data(start: number, length: number): void {
    if (this.#carry === undefined) {
      const used = this.#use(start, length);
      if (used < length) this.#keep(start + used, length - used);
      return;
    }
    const lineEnded = this.#carry.append(start, length);
    const { length: kept, parsed } = this.#carry;
    if (this.mostKeptAhead > 0) this.#pauseIfFull();
    else if (!this.awaitsBytes || lineEnded || this.mayShowMore(kept, parsed)) this.useInput();
  }

  /** Goes on with bytes that were kept, as far as they can be used now. */
  protected useInput(): void {
    if ((this.#flags & (CONSUMING | FORWARDED)) !== 0) return;
    while (this.#carry !== undefined && !this.held) {
      const kept = this.#carry.length;
      const length = this.#carry.restore();
      const used = this.#use(CARRY_START, length);
      if (this.#carry === undefined) return;
      if (used === this.#carry.length) this.#carry = undefined;
      else if (used > 0) this.#carry.drop(used);
      // What did not fit into the core may complete what is left over.
      if (used < length && (used === 0 || length === kept)) break;
    }
    this.#pauseIfFull();
  }

  /** Reads on unless what is kept cannot be used now, or something else is waited for. */
  #pauseIfFull(): void {
    const kept = this.#carry?.length ?? 0;
    const isStuck = this.held || (kept > 0 && !this.awaitsBytes);
    this.#setPaused(isStuck && kept >= this.mostKeptAhead);
  }

  /**
   * Uses nothing until `waiting` settles; then calls `next` and goes on. Reads nothing either, unless
   * `watches` says that it matters whether anything comes meanwhile.
   */
  protected holdInput(
    waiting: PromiseLike<unknown>,
    next: () => void,
    failed: (error: unknown) => void,
    watches = false,
  ): void {
    this.#flags += HELD;
    const release = (): void => {
      this.#flags -= HELD;
      next();
      this.useInput();
    };
    waiting.then(release, (error) => {
      failed(error);
      release();
    });
    if (!watches) this.#setPaused(true);
  }

  /** Forgets what is kept, and reads on. */
  protected dropInput(): void {
    this.#carry = undefined;
    this.#setPaused(false);
  }

  /** Forgets what is kept: the socket is gone. */
  protected endInput(): void {
    this.#carry = undefined;
  }

  /**
   * Gives what is kept to the socket's new handler, and reads on: also what was held is its. Who only
   * writes and closes sets none: then what arrives is thrown away.
   */
  protected forwardInput(): void {
    this.#flags |= FORWARDED;
    if (this.#handlesSocket) this.socket.handler = NOBODY;
    const { handler } = this.socket;
    while (this.#carry !== undefined) {
      const length = this.#carry.restore();
      if (length === this.#carry.length) this.#carry = undefined;
      else this.#carry.drop(length);
      handler.data(CARRY_START, length);
    }
    this.#setPaused(false);
  }

  #use(start: number, length: number): number {
    const end = start + length;
    let position = start;
    this.#flags |= CONSUMING;
    try {
      while (position < end && !this.held) {
        const taken = this.takeBytes(position, end - position);
        if (taken === 0) break;
        position += taken;
      }
    } finally {
      this.#flags &= ~CONSUMING;
    }
    return position - start;
  }

  #keep(start: number, length: number): void {
    if (!this.#handlesSocket) {
      this.socket.handler.data(start, length);
      return;
    }
    this.#carry = new CarryOver(start, length);
    this.#pauseIfFull();
  }

  get #handlesSocket(): boolean {
    const handler: unknown = this.socket.handler;
    return handler === this;
  }

  #setPaused(paused: boolean): void {
    if (paused === ((this.#flags & PAUSED) !== 0)) return;
    this.#flags ^= PAUSED;
    if (paused) this.socket.pause();
    else this.socket.resume();
  }
}
