/**
 * Limits and timeouts of a server's connections: each with its default and the reason for it.
 * `httpserver.ts` takes them as options; `http1connection.ts` and its parts hold to them.
 */

import { LARGEST_HEAD, MOST_HEADERS } from "../core.ts";
import { checkLimit } from "../util.ts";

/**
 * Sizes in bytes, times in seconds. 0 switches a timeout or a count off; a timeout of more than 24
 * days is none either.
 */
export interface ConnectionLimits {
  /** Largest request head; more is answered 431. Node's default: a head is buffered whole. */
  readonly maxHeaderSize: number;
  /** Longest request-target; more is answered 414. nginx's default for a line. */
  readonly maxTargetSize: number;
  /** Most header fields; more is answered 431. hyper's default; fields are never dropped. */
  readonly maxHeaderCount: number;
  /** Largest body, counted after the chunked coding is removed; more is 413. Tornado's default. */
  readonly maxBodySize: number;
  /** Most bytes of chunk extensions in a body, which carry nothing and cost work. hyper allows 16 KiB. */
  readonly maxChunkExtensionSize: number;
  /** Most bytes of trailers. hyper's default. */
  readonly maxTrailerSize: number;
  /** Time for a whole head, from its first byte or from the connection's start: then 408. */
  readonly headerTimeout: number;
  /** Time for a body before it must keep `minBodyRate`: then 408. nginx waits this between reads. */
  readonly bodyTimeout: number;
  /** Bytes a second that a body must bring on average after `bodyTimeout`, against slow drips. */
  readonly minBodyRate: number;
  /** Time that a connection may be silent between requests. Below nginx's 75 s on the other side. */
  readonly idleConnectionTimeout: number;
  /** Time in which a peer must take some of the output that waits for it. nginx's send_timeout. */
  readonly sendTimeout: number;
  /** Time that a closed connection is kept so that the peer can read the last answer. */
  readonly lingerTimeout: number;
  /** Requests that a connection may serve. */
  readonly maxRequestsPerConnection: number;
  /** Closes each connection after its response, as Tornado's `no_keep_alive`. */
  readonly noKeepAlive: boolean;
}

/** What holds unless it is said otherwise. */
export const DEFAULT_LIMITS: ConnectionLimits = {
  maxHeaderSize: 16 * 1024,
  maxTargetSize: 8 * 1024,
  maxHeaderCount: 100,
  maxBodySize: 100 * 1024 * 1024,
  maxChunkExtensionSize: 4 * 1024,
  maxTrailerSize: 16 * 1024,
  headerTimeout: 30,
  bodyTimeout: 60,
  minBodyRate: 240,
  idleConnectionTimeout: 60,
  sendTimeout: 60,
  lingerTimeout: 5,
  maxRequestsPerConnection: 0,
  noKeepAlive: false,
};

/** The defaults with some replaced. Throws a RangeError for a value that cannot be held to. */
export function connectionLimits(options: Partial<ConnectionLimits>): ConnectionLimits {
  const limits: Record<string, number | boolean> = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof ConnectionLimits)[]) {
    const value = options[name];
    if (value === undefined) continue;
    limits[name] = typeof DEFAULT_LIMITS[name] === "number" ? checkLimit(name, value) : value;
  }
  checkAtMost(limits, "maxHeaderSize", LARGEST_HEAD);
  checkAtMost(limits, "maxTargetSize", LARGEST_HEAD);
  checkAtMost(limits, "maxHeaderCount", MOST_HEADERS);
  return limits as unknown as ConnectionLimits;
}

function checkAtMost(
  limits: Record<string, number | boolean>,
  name: keyof ConnectionLimits,
  most: number,
): void {
  const value = limits[name];
  if (typeof value === "number" && value > most) {
    throw new RangeError(`Cannot set ${name}: ${value} is more than ${most}, what the core holds`);
  }
}

/** No further request of a pipeline is begun while this much output waits for the peer. */
export const PIPELINE_HIGH_WATER: number = 256 * 1024;
