/** One handshake on one socket: its timeout, its failure, and the socket that comes out of it. */
import type { TLSSocket } from "node:tls";
import type { Socket, SocketHandler, SocketHandlerFactory, TransferMemory } from "../host.ts";
import type { Handshake } from "./handshake.ts";
import { SocketStream } from "./socket-stream.ts";
import { SecureSocket } from "./tls-socket.ts";

/**
 * Seconds that a handshake may take. A client that says nothing holds a connection and a TLS state
 * of some 50 KiB before any timeout of the protocol above begins. Node waits 120, nginx 60.
 */
export const HANDSHAKE_TIMEOUT = 10;

/** The handler for the socket below, and the promise of the socket above. */
export interface Securing {
  readonly handler: SocketHandler;
  readonly secured: Promise<Socket>;
}

export function secure(
  socket: Socket,
  memory: TransferMemory,
  handshake: Handshake,
  timeout: number | undefined,
  factory: SocketHandlerFactory,
): Securing {
  const stream = new SocketStream(socket, memory);
  // Errors of the stream reach the promise or the socket above another way.
  stream.on("error", () => {});
  const secured = new Promise<Socket>((resolve, reject) => {
    const seconds = timeout ?? HANDSHAKE_TIMEOUT;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      stream.destroy();
      reject(error);
    };
    const timer = setTimeout(() => {
      stream.abort();
      fail(coded(`Cannot begin TLS: no handshake within ${seconds} s`, "ETIMEDOUT"));
    }, seconds * 1000);
    const gone = (): void => {
      const message = "Cannot begin TLS: the peer closed the connection during the handshake";
      fail(stream.error ?? coded(message, "ECONNRESET"));
    };
    // Later: a handshake that fails closes the stream first, and says why after that.
    stream.once("close", () => setImmediate(gone));
    const done = (raw: TLSSocket): void => {
      clearTimeout(timer);
      stream.removeAllListeners("close");
      try {
        resolve(SecureSocket.open(raw, stream, socket, memory, factory));
      } catch (error) {
        reject(error);
      }
    };
    try {
      handshake(stream, done, fail)?.on("error", () => {});
    } catch (error) {
      fail(error as Error);
    }
  });
  return { handler: stream.handler, secured };
}

function coded(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
