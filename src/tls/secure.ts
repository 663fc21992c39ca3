/** One handshake on one socket: its timeout, its failure, and the socket that comes out of it. */
import type { TLSSocket } from "node:tls";
import type { Socket, SocketHandler, SocketHandlerFactory, TransferMemory } from "../host.ts";
import { onAbort, timerDelay } from "../util.ts";
import type { Handshake } from "./handshake.ts";
import { SocketStream } from "./socket-stream.ts";
import { SecureSocket } from "./tls-socket.ts";

/**
 * Seconds that a handshake may take. A client that says nothing holds a connection and a TLS state
 * of some 50 KiB before any timeout of the protocol above begins. Node waits 120, nginx 60.
 */
const HANDSHAKE_TIMEOUT = 10;

/**
 * Once its peer sends no more, a handshake is looked at so often, so many milliseconds apart, and
 * then given up. All that it needs has arrived by then, or never will, but some runtimes' TLS takes a
 * few turns of the loop, which may be busy.
 */
const LOOKS = 4;
const LOOK = 25;

/** The handler for the socket below, and the promise of the socket above. */
export interface Securing {
  readonly handler: SocketHandler;
  readonly secured: Promise<Socket>;
}

/** When a handshake is given up. */
export interface Patience {
  readonly handshakeTimeout?: number;
  readonly signal?: AbortSignal;
}

export function secure(
  socket: Socket,
  memory: TransferMemory,
  handshake: Handshake,
  { handshakeTimeout: seconds = HANDSHAKE_TIMEOUT, signal }: Patience,
  factory: SocketHandlerFactory,
): Securing {
  const stream = new SocketStream(socket, memory);
  // Errors of the stream reach the promise or the socket above another way.
  stream.on("error", () => {});
  const secured = new Promise<Socket>((resolve, reject) => {
    let stopWaiting = (): void => {};
    const fail = (error: unknown): void => {
      stopWaiting();
      stream.destroy();
      reject(error);
    };
    const giveUp = (error: unknown): void => {
      stream.abort();
      fail(error);
    };
    if (signal?.aborted) {
      giveUp(signal.reason);
      return;
    }
    const late = (): void => {
      giveUp(coded(`Cannot begin TLS: no handshake within ${seconds} s`, "ETIMEDOUT"));
    };
    let timer = seconds === 0 ? undefined : setTimeout(late, timerDelay(seconds));
    const leaveSignal = signal && onAbort(signal, () => giveUp(signal.reason));
    stopWaiting = () => {
      clearTimeout(timer);
      leaveSignal?.();
      stream.peerEnded = () => {};
    };
    const gone = (): void => {
      const message = "Cannot begin TLS: the peer closed the connection during the handshake";
      fail(stream.error ?? coded(message, "ECONNRESET"));
    };
    stream.peerEnded = () => {
      clearTimeout(timer);
      let looks = LOOKS;
      timer = setInterval(() => {
        looks--;
        if (looks === 0) gone();
      }, LOOK);
    };
    // Later: a handshake that fails closes the stream first, and says why after that.
    stream.once("close", () => setImmediate(gone));
    const done = (raw: TLSSocket): void => {
      stopWaiting();
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
