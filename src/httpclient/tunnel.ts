/**
 * Asks a proxy for a tunnel (RFC 9110 section 9.3.6): one exchange on a connection to it, whose
 * socket leads to the place itself afterwards. What the proxy says besides is nobody's answer.
 */

import { METHODS } from "../core.ts";
import type { Socket } from "../host.ts";
import type {
  ClientExchange,
  ConnectionLimits,
  HTTP1ClientConnection,
  ResponseHead,
} from "../http1connection.ts";
import { HTTPInputError } from "../httputil.ts";
import type { Tunnel } from "./route.ts";

const CONNECT = METHODS.indexOf("CONNECT");

/** The socket when it leads to the place. Rejects with why it does not. */
export function openTunnel(
  connection: HTTP1ClientConnection,
  { authority, credentials }: Tunnel,
  limits: ConnectionLimits,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connection.begin(new TunnelExchange(connection, limits, resolve, reject));
    const head = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`;
    connection.sendHead(head, "", 0);
    connection.requestDone();
  });
}

class TunnelExchange implements ClientExchange {
  readonly methodId: number = CONNECT;
  readonly limits: ConnectionLimits;
  readonly #connection: HTTP1ClientConnection;
  readonly #resolve: (socket: Socket) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    connection: HTTP1ClientConnection,
    limits: ConnectionLimits,
    resolve: (socket: Socket) => void,
    reject: (error: unknown) => void,
  ) {
    this.#connection = connection;
    this.limits = limits;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  informational(): void {}

  headersReceived({ code, reason }: ResponseHead): void {
    if (code < 300) {
      this.#resolve(this.#connection.detach());
      return;
    }
    this.#connection.cancel();
    this.#reject(new HTTPInputError(`The proxy gives no tunnel: ${code} ${reason}`));
  }

  dataReceived(): void {}

  finish(): void {}

  fail(error: unknown): void {
    this.#reject(error);
  }
}
