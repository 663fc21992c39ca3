/**
 * When one connection has taken too long. `http1connection.ts` says what begins and what arrives;
 * the server's timer asks. Times are seconds of the server's clock.
 */

import type { ConnectionLimits } from "./limits.ts";

export class Deadlines {
  readonly #limits: ConnectionLimits;
  /** When the current phase began: the head, the body, the silence between requests. */
  #since: number;
  #bytes = 0;
  #stalledSince = 0;
  #stalledAmount = 0;

  constructor(limits: ConnectionLimits, now: number) {
    this.#limits = limits;
    this.#since = now;
  }

  /** A phase begins. */
  start(now: number): void {
    this.#since = now;
    this.#bytes = 0;
  }

  /** Bytes of body have arrived. */
  received(bytes: number): void {
    this.#bytes += bytes;
  }

  headTooLong(now: number): boolean {
    return isOver(this.#limits.headerTimeout, now - this.#since);
  }

  idleTooLong(now: number): boolean {
    return isOver(this.#limits.idleConnectionTimeout, now - this.#since);
  }

  lingeredEnough(now: number, lingerTimeout: number): boolean {
    return now - this.#since >= lingerTimeout;
  }

  /** A body may take `bodyTimeout`, and longer only as fast as `minBodyRate`. */
  bodyTooLong(now: number): boolean {
    const { bodyTimeout, minBodyRate } = this.#limits;
    const earned = minBodyRate === 0 ? 0 : this.#bytes / minBodyRate;
    return isOver(bodyTimeout, now - this.#since - earned);
  }

  /** Output waits, and the peer has taken none of it for `sendTimeout`. */
  outputStalled(now: number, bufferedAmount: number): boolean {
    if (bufferedAmount === 0 || bufferedAmount !== this.#stalledAmount) {
      this.#stalledAmount = bufferedAmount;
      this.#stalledSince = now;
      return false;
    }
    return isOver(this.#limits.sendTimeout, now - this.#stalledSince);
  }
}

/** 0 switches a timeout off. */
function isOver(timeout: number, elapsed: number): boolean {
  return timeout > 0 && elapsed >= timeout;
}
