/**
 * The client's own limits, each with its default and the reason for it. Those of heads, bodies and
 * chunks are the server's: `http1connection`.
 */

import { type ConnectionLimits, connectionLimits } from "../http1connection.ts";

/** Limits that hold for each response. */
export type ResponseLimitNames =
  | "maxHeaderSize"
  | "maxHeaderCount"
  | "maxBodySize"
  | "maxChunkExtensionSize"
  | "maxTrailerSize";

/** Sizes in bytes, times in seconds. */
export interface ClientLimits extends Pick<ConnectionLimits, ResponseLimitNames> {
  /** Fetches at once; others wait in a queue. Tornado's default. */
  readonly maxClients: number;
  /** Connections that are kept, at most, for the next fetch; the longest idle goes first. */
  readonly maxIdleConnections: number;
  /** Time that a connection is kept. Below the 5 s after which Node's servers close. */
  readonly idleConnectionTimeout: number;
  /** Time that a body waits for 100 Continue: servers may never say it. curl's. */
  readonly continueTimeout: number;
}

const CLIENT_DEFAULTS = {
  maxClients: 10,
  maxIdleConnections: 100,
  idleConnectionTimeout: 4,
  continueTimeout: 1,
} as const;

/** The limits as a client holds them: its own, and those of responses. */
export interface HeldLimits {
  readonly client: Omit<ClientLimits, ResponseLimitNames>;
  readonly response: ConnectionLimits;
}

/** The defaults with some replaced. Throws a RangeError for a value that cannot be held to. */
export function clientLimits(options: Partial<ClientLimits>): HeldLimits {
  const client: Record<keyof typeof CLIENT_DEFAULTS, number> = { ...CLIENT_DEFAULTS };
  for (const name of Object.keys(client) as (keyof typeof client)[]) {
    const value = options[name];
    if (value === undefined) continue;
    if (!(value >= (name === "maxClients" ? 1 : 0))) {
      throw new RangeError(`Cannot set ${name}: ${value} is out of range`);
    }
    client[name] = value;
  }
  const { maxHeaderSize, maxHeaderCount, maxBodySize, maxChunkExtensionSize, maxTrailerSize } =
    options;
  const given = {
    maxHeaderSize,
    maxHeaderCount,
    maxBodySize,
    maxChunkExtensionSize,
    maxTrailerSize,
  };
  return { client, response: connectionLimits(given as Partial<ConnectionLimits>) };
}
