/**
 * The course of a server's graceful stop, once it accepts no more: what is in flight is finished,
 * then idle connections are left, and at the deadline the rest is broken off. Called by
 * `httpserver.ts`, which owns the connections.
 */

import type { Departure } from "../httputil.ts";
import { checkLimit } from "../util.ts";

/** How a graceful stop goes. Seconds. */
export interface DrainOptions {
  /** When what is still open is broken off; 0: never. 25 by default, below Kubernetes's 30. */
  readonly drainTimeout?: number;
  /**
   * How long idle connections are kept for a last request, which is answered with
   * `Connection: close`; 0.25 by default. Closing one at the moment that its client uses it again
   * would lose that request.
   */
  readonly drainGrace?: number;
  /**
   * How long connections are accepted on, while health checks say 503, so that load balancers stop
   * sending; 0 by default. Above the interval of their checks times the failures that they want.
   */
  readonly drainDelay?: number;
}

export const DEFAULT_DRAIN: Required<DrainOptions> = {
  drainTimeout: 25,
  drainGrace: 0.25,
  drainDelay: 0,
};

/** Most seconds that a connection lingers after its last response while the server stops. */
export const DRAIN_LINGER = 0.25;

/**
 * How many times `drainGrace` a connection is kept that has had no request yet: whoever has just
 * connected is about to ask, and unlike others may not take it for a sign to ask again. So long a TLS
 * handshake is waited for, too.
 */
const FRESH_PATIENCE = 4;

/** How often a drain looks, in seconds. */
const TICK = 0.025;

export interface DrainedConnection {
  readonly idle: boolean;
  /** Idle, and no request has come on it yet. */
  readonly fresh: boolean;
  readonly lingering: boolean;
  leaveWhenIdle(): void;
  abort(): void;
}

/** What a drain works on. */
export interface Drained {
  readonly connections: Iterable<DrainedConnection> & { readonly size: number };
  /** Those that have left HTTP, or would stay open for long. */
  readonly departures: ReadonlySet<Departure>;
  /** Connections to come, which are in their TLS handshake. */
  readonly handshakes: number;
  /** Asks the departures to leave, and those that join from now on. */
  leave(): void;
  /** Looks at the connections' timeouts. */
  tick(): void;
}

/** The defaults with some replaced. Throws a RangeError for a value that is no time. */
export function drainOptions(options: DrainOptions): Required<DrainOptions> {
  const { drainTimeout, drainGrace, drainDelay } = options;
  for (const [name, value] of Object.entries({ drainTimeout, drainGrace, drainDelay })) {
    if (value !== undefined) checkLimit(name, value);
  }
  return {
    drainTimeout: drainTimeout ?? DEFAULT_DRAIN.drainTimeout,
    drainGrace: drainGrace ?? DEFAULT_DRAIN.drainGrace,
    drainDelay: drainDelay ?? DEFAULT_DRAIN.drainDelay,
  };
}

/** Resolves when nothing is open any more, with how much the deadline broke off. */
export async function drain(drained: Drained, timeout: number, grace: number): Promise<number> {
  const { connections, departures } = drained;
  const started = performance.now();
  drained.leave();
  for (;;) {
    const elapsed = (performance.now() - started) / 1000;
    const awaited = elapsed < grace * FRESH_PATIENCE && drained.handshakes > 0;
    if (connections.size === 0 && departures.size === 0 && !awaited) return 0;
    if (timeout > 0 && elapsed >= timeout) return breakOff(connections, departures);
    // Who is in no hurry keeps idle connections as long as others are busy, but has to say goodbye.
    const patience = isBusy(drained) ? Math.max(grace, timeout / 2) : grace;
    if (elapsed >= patience) {
      await leaveIdle(connections, elapsed >= Math.max(patience, grace * FRESH_PATIENCE));
    }
    await new Promise((resolve) => setTimeout(resolve, TICK * 1000));
    drained.tick();
  }
}

function isBusy({ connections, departures }: Drained): boolean {
  if (departures.size > 0) return true;
  for (const { idle, lingering } of connections) if (!idle && !lingering) return true;
  return false;
}

/** Right after the loop has read all sockets: what had arrived has then made its connection busy. */
async function leaveIdle(
  connections: Iterable<DrainedConnection>,
  freshToo: boolean,
): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  for (const connection of [...connections]) {
    if (freshToo || !connection.fresh) connection.leaveWhenIdle();
  }
}

function breakOff(
  connections: Iterable<DrainedConnection>,
  departures: ReadonlySet<Departure>,
): number {
  const busy = [...connections].filter((connection) => !connection.lingering).length;
  for (const connection of [...connections]) connection.abort();
  const taken = [...departures].filter((departure) => departure.abort !== undefined);
  for (const departure of taken) departure.abort?.();
  return busy + taken.length;
}
