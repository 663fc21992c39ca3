/**
 * Limits and timeouts of a WebSocket: each with its default and the reason for it. The settings of
 * an application and the options of a client set them; `connection.ts` holds to them.
 */

import { genLog } from "../log.ts";
import { checkLimit } from "../util.ts";

/** Sizes in bytes, times in seconds. 0 switches a timeout off. */
export interface WebSocketLimits {
  /** A ping is sent this often. Off by default, as in Tornado. */
  readonly pingInterval: number;
  /** Time in which the peer must send something after a ping; the interval if left out. */
  readonly pingTimeout: number;
  /** Largest message, after it is decompressed; a larger one is closed with 1009. Tornado's default. */
  readonly maxMessageSize: number;
  /**
   * Most bytes that may wait for a peer that does not read. A message written while more than this
   * waits breaks the connection off: memory that a slow reader can make the server hold.
   */
  readonly maxBufferedAmount: number;
  /** Time in which a peer must take some of the output that waits for it. As `sendTimeout` of HTTP. */
  readonly sendTimeout: number;
  /** Time that the peer has to answer a close and to end the connection. Tornado's. */
  readonly closeTimeout: number;
}

/** What holds unless it is said otherwise. */
export const DEFAULT_LIMITS: WebSocketLimits = {
  pingInterval: 0,
  pingTimeout: 0,
  maxMessageSize: 10 * 1024 * 1024,
  maxBufferedAmount: 16 * 1024 * 1024,
  sendTimeout: 60,
  closeTimeout: 5,
};

const NAMES = Object.keys(DEFAULT_LIMITS) as (keyof WebSocketLimits)[];

/** Limits are made for every connection of some programs; one line is enough to see the mistake. */
let warned = false;

/**
 * The defaults with some replaced; the timeout of pings is the interval unless it is given, and
 * never longer: a longer one is warned of, once in a process (Tornado does the same). Throws a
 * RangeError for a value that cannot be held to.
 */
export function webSocketLimits(
  options: { readonly [Name in keyof WebSocketLimits]?: WebSocketLimits[Name] | undefined },
): WebSocketLimits {
  const limits = { ...DEFAULT_LIMITS };
  for (const name of NAMES) {
    const value = options[name];
    if (value === undefined) continue;
    (limits as Record<string, number>)[name] = checkLimit(name, value);
  }
  const { pingInterval } = limits;
  const asked = options.pingTimeout ?? pingInterval;
  if (asked > pingInterval && pingInterval > 0) warnOfTimeout(asked, pingInterval);
  return { ...limits, pingTimeout: Math.min(asked, pingInterval) };
}

function warnOfTimeout(pingTimeout: number, pingInterval: number): void {
  if (warned) return;
  warned = true;
  genLog.warning(
    `WebSockets use a pingTimeout of ${pingInterval} seconds in place of ${pingTimeout}: ` +
      "it cannot be longer than pingInterval",
  );
}
