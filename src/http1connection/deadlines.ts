/**
 * When one connection has taken too long. `server-connection.ts` notes when a phase began and what
 * has arrived since; the server's timer asks. What an idle connection needs of this is one number.
 */

import type { ConnectionLimits } from "./limits.ts";

/**
 * Milliseconds of a clock that comes round every 49 days: as an integer of 32 bits it takes no
 * memory of its own where it is kept, and differences of up to 24 days come out right.
 */
export function clock(): number {
  return performance.now() | 0;
}

/** Seconds from one time of the clock to another. */
export function secondsSince(since: number, now: number): number {
  return ((now - since) | 0) / 1000;
}

/** 0 switches a timeout off. */
export function isOver(timeout: number, elapsed: number): boolean {
  return timeout > 0 && elapsed >= timeout;
}

/** What is known of output that waits for the peer. Made when somebody asks, dropped when it is out. */
export class Backlog {
  readonly #waiters: (() => void)[] = [];
  #response: unknown;
  #taken = Number.NaN;
  #since = 0;

  /** Resolves when it is out, or the socket is closed. */
  over(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** It is out. */
  end(): void {
    for (const resolve of this.#waiters) resolve();
  }

  /**
   * The peer has taken nothing of a response for `sendTimeout`. Told by how much of it was taken, not
   * by how much waits: a handler may write on while nobody reads. With TLS more waits than was
   * written, so less may seem to be taken than before: that is nothing taken, too.
   */
  isStalled(limits: ConnectionLimits, now: number, taken: number, response: unknown): boolean {
    if (response !== this.#response || !(taken <= this.#taken)) {
      this.#response = response;
      this.#taken = taken;
      this.#since = now;
      return false;
    }
    return isOver(limits.sendTimeout, secondsSince(this.#since, now));
  }
}
