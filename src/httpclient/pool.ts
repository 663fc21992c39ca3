/**
 * Connections that are kept for the next fetch, by where they lead. One timer looks after all of
 * them: an idle connection costs no timer of its own. While nobody fetches, neither keeps the
 * process running.
 */

import { clearTimeout, setTimeout } from "node:timers";
import type { Tcp } from "../host.ts";
import type { ClientConnectionOwner, HTTP1ClientConnection } from "../http1connection.ts";
import { timerDelay } from "../util.ts";

export interface PoolLimits {
  readonly maxIdleConnections: number;
  /** Seconds. */
  readonly idleConnectionTimeout: number;
}

export class ConnectionPool implements ClientConnectionOwner {
  readonly tcp: Tcp;
  readonly #limits: PoolLimits;
  /** By key; of one key, the longest idle first. */
  readonly #idle = new Map<string, HTTP1ClientConnection[]>();
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tcp: Tcp, limits: PoolLimits) {
    this.tcp = tcp;
    this.#limits = limits;
  }

  /** Connections that are kept. */
  get size(): number {
    return this.#size;
  }

  /** The connection with this key that was used last: it is the least likely to be stale. */
  take(key: string): HTTP1ClientConnection | undefined {
    const connection = this.#idle.get(key)?.pop();
    if (connection === undefined) return undefined;
    this.#size--;
    connection.keepProcess(true);
    return connection;
  }

  /** Keeps a connection that is idle since now: its exchange notes the time. */
  connectionReleased(connection: HTTP1ClientConnection): void {
    const { maxIdleConnections, idleConnectionTimeout } = this.#limits;
    if (maxIdleConnections === 0 || idleConnectionTimeout === 0) {
      connection.closeIdle();
      return;
    }
    const others = this.#idle.get(connection.key);
    if (others === undefined) this.#idle.set(connection.key, [connection]);
    else others.push(connection);
    this.#size++;
    if (this.#size > maxIdleConnections) {
      this.#oldest()?.shift()?.closeIdle();
      this.#size--;
    }
    this.#timer ??= this.#startTimer(idleConnectionTimeout);
  }

  /** Lets the process end: nobody fetches. */
  rest(): void {
    for (const connections of this.#idle.values()) {
      for (const connection of connections) connection.keepProcess(false);
    }
  }

  /** Forgets a connection that has ended by itself. */
  connectionLost(connection: HTTP1ClientConnection): void {
    const others = this.#idle.get(connection.key);
    const index = others?.indexOf(connection) ?? -1;
    if (index < 0) return;
    others?.splice(index, 1);
    this.#size--;
  }

  /** Closes everything that is kept. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const connections of this.#idle.values()) {
      for (const connection of connections) connection.closeIdle();
    }
    this.#idle.clear();
    this.#size = 0;
  }

  #startTimer(seconds: number): NodeJS.Timeout {
    // A timeout of the user's may be longer than timers can be; it looks again then.
    return setTimeout(() => this.#expire(), timerDelay(seconds)).unref();
  }

  /** Closes what has been idle too long, and waits for the next that will have been. */
  #expire(): void {
    const timeout = this.#limits.idleConnectionTimeout;
    const now = performance.now();
    let oldest = now;
    for (const [key, connections] of this.#idle) {
      while (connections[0] !== undefined && now - connections[0].idleSince >= timeout * 1000) {
        connections.shift()?.closeIdle();
        this.#size--;
      }
      if (connections[0] === undefined) this.#idle.delete(key);
      else oldest = Math.min(oldest, connections[0].idleSince);
    }
    const left = timeout - (now - oldest) / 1000;
    this.#timer = this.#size === 0 ? undefined : this.#startTimer(Math.max(left, 0.01));
  }

  /** The connections of the key whose first has been idle longest. */
  #oldest(): HTTP1ClientConnection[] | undefined {
    let found: HTTP1ClientConnection[] | undefined;
    let since = Number.POSITIVE_INFINITY;
    for (const connections of this.#idle.values()) {
      const first = connections[0];
      if (first === undefined || first.idleSince >= since) continue;
      found = connections;
      since = first.idleSince;
    }
    return found;
  }
}
