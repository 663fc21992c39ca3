/** What a connection asks of its server: `server-connection.ts` calls it, `httpserver` is it. */

import type { Tcp } from "../host.ts";
import type { Departure, HTTPServerConnectionDelegate } from "../httputil.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { HTTP1ServerConnection } from "./server-connection.ts";

/** What a server lends to its connections. */
export interface ConnectionOwner {
  readonly delegate: HTTPServerConnectionDelegate;
  readonly limits: ConnectionLimits;
  readonly tcp: Tcp;
  readonly protocol: string;
  /** The time of `clock`, at the pace of the server's timer: enough for timeouts, free to read. */
  readonly now: number;
  /** The server is going away: each response is the last on its connection. */
  readonly closing: boolean;
  /** Seconds that a connection lingers after its last response: fewer while the server stops. */
  readonly lingerTimeout: number;
  joinDrain(departure: Departure): () => void;
  connectionClosed(connection: HTTP1ServerConnection): void;
}
