/**
 * What a request keeps of its HTTP connection once the handshake has made a WebSocket of it: what it
 * can say of the peer. The connection itself, which an idle WebSocket would keep for hours, goes.
 */

import type { Socket, Tcp, TlsFacts } from "../host.ts";
import { type HTTPConnection, HTTPOutputError, type HTTPRequestContext } from "../httputil.ts";

export class LeftConnection implements HTTPConnection {
  readonly context: HTTPRequestContext;
  readonly startTime: number;

  constructor(connection: HTTPConnection, socket: Socket) {
    const { context } = connection;
    // Behind a proxy the context is a value; else it is the connection itself.
    const isValue = Object.hasOwn(context, "remoteIp");
    this.context = isValue ? context : new SocketContext(socket, context.protocol);
    this.startTime = connection.startTime;
  }

  get tcp(): Tcp {
    throw left();
  }

  get draining(): boolean {
    return false;
  }

  get sendsFiles(): boolean {
    return false;
  }

  sendFile(): Promise<void> {
    return Promise.reject(left());
  }

  joinDrain(): () => void {
    throw left();
  }

  writeHeaders(): undefined {
    throw left();
  }

  write(): undefined {
    throw left();
  }

  finish(): void {
    throw left();
  }

  abort(): void {
    throw left();
  }

  setMaxBodySize(): void {
    throw left();
  }

  detach(): Socket {
    throw left();
  }
}

class SocketContext implements HTTPRequestContext {
  readonly protocol: string;
  readonly #socket: Socket;

  constructor(socket: Socket, protocol: string) {
    this.#socket = socket;
    this.protocol = protocol;
  }

  get remoteIp(): string {
    return this.#socket.remoteAddress.host;
  }

  get tls(): TlsFacts | undefined {
    return this.#socket.tls;
  }
}

function left(): HTTPOutputError {
  return new HTTPOutputError("Cannot use the HTTP connection: it has become a WebSocket");
}
