/**
 * The WebSockets that are open: all of one `Tcp`, with one timer for all of their pings and
 * timeouts, so that an idle one costs a place in a list. `connection.ts` enters itself here.
 */

import type { Tcp } from "../host.ts";
import type { WebSocketLimits } from "./limits.ts";

/** What the registry asks of a connection. */
export interface Member {
  readonly limits: WebSocketLimits;
  /** Where it is in the list; kept by the registry. */
  place: number;
  /** Looks at its timeouts. Times are whole milliseconds of `performance.now()`. */
  checkTimeouts(now: number): void;
}

/** How often timeouts are looked at, in milliseconds, unless one is too short for that. */
const TICK = 1000;
const SHORTEST_TICK = 20;

const registries = new WeakMap<Tcp, Registry>();

export class Registry {
  readonly tcp: Tcp;
  /** Milliseconds at the pace of the timer: enough for timeouts, and free to read. */
  now = 0;
  readonly #members: Member[] = [];
  #tick = TICK;
  /** Those of the connection before; most share them. */
  #lastLimits: WebSocketLimits | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tcp: Tcp) {
    this.tcp = tcp;
  }

  /** The one of a `Tcp`, made on first use. */
  static of(tcp: Tcp): Registry {
    let registry = registries.get(tcp);
    if (registry === undefined) {
      registry = new Registry(tcp);
      registries.set(tcp, registry);
    }
    return registry;
  }

  add(member: Member): void {
    member.place = this.#members.push(member) - 1;
    const tick = member.limits === this.#lastLimits ? this.#tick : tickFor(member.limits);
    this.#lastLimits = member.limits;
    const isSooner = tick < this.#tick;
    if (isSooner) this.#tick = tick;
    if (this.#members.length > 1 && !isSooner) return;
    clearTimeout(this.#timer);
    this.now = Math.floor(performance.now());
    this.#startTimer();
  }

  remove(member: Member): void {
    const { place } = member;
    if (this.#members[place] !== member) return;
    const last = this.#members.pop() as Member;
    if (last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    if (this.#members.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tick = TICK;
    this.#lastLimits = undefined;
  }

  #startTimer(): void {
    this.#timer = setTimeout(() => this.#onTick(), this.#tick);
  }

  #onTick(): void {
    this.now = Math.floor(performance.now());
    // From the end: one that is removed is replaced by one that has been looked at.
    for (let at = this.#members.length - 1; at >= 0; at--) {
      this.#members[at]?.checkTimeouts(this.now);
    }
    if (this.#members.length > 0) this.#startTimer();
  }
}

/** A quarter of the shortest timeout, so that none is late by more than that. */
function tickFor(limits: WebSocketLimits): number {
  const { pingInterval, pingTimeout, sendTimeout, closeTimeout } = limits;
  const timeouts = [pingInterval, pingTimeout, sendTimeout, closeTimeout];
  const shortest = Math.min(...timeouts.filter((timeout) => timeout > 0)) * 1000;
  return Math.max(SHORTEST_TICK, Math.min(TICK, shortest / 4));
}
