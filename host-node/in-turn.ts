/**
 * Happy eyeballs (RFC 8305) for a name with several addresses: the next one is tried beside the
 * last one before that has failed, because a network that drops packets fails only after minutes.
 * Called by `epoll-connector.ts`.
 */
import { NOBODY, type Socket, type SocketHandler, type SocketHandlerFactory } from "../src/host.ts";
import { onAbort } from "../src/util.ts";

/** Milliseconds until the next address is tried: RFC 8305 section 5. */
const ATTEMPT_DELAY = 250;

/** Connects to one address, until the signal says that nobody waits for it any more. */
export type Attempt = (
  address: string,
  connected: SocketHandlerFactory,
  signal: AbortSignal | undefined,
) => Promise<Socket>;

export interface TurnOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the next address is tried. */
  readonly delay?: number;
}

/**
 * Connects to whichever address answers first; the factory is called for that one only. Rejects with
 * the first failure if there is none, or with what the factory throws. The others' attempts are
 * dropped then: one that nobody answers would hold its descriptor, and the process, for minutes.
 */
export function connectInTurn(
  addresses: readonly string[],
  connected: SocketHandlerFactory,
  connect: Attempt,
  { signal, delay = ATTEMPT_DELAY }: TurnOptions = {},
): Promise<Socket> {
  // Listening to it comes too late.
  if (signal?.aborted) return Promise.reject(signal.reason);
  const waiting = alternate(addresses);
  const [only] = waiting;
  if (only !== undefined && waiting.length === 1) return connect(only, connected, signal);
  const attempts = new AbortController();
  return new Promise((resolve, reject) => {
    const leave = signal && onAbort(signal, () => end(signal.reason));
    let running = 0;
    let won = false;
    let failure: unknown;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = (reason: unknown): void => {
      won = true;
      clearTimeout(timer);
      leave?.();
      attempts.abort();
      reject(reason);
    };
    const attempt = (address: string): void => {
      let winner = false;
      const factory = (socket: Socket): SocketHandler => {
        if (won) {
          socket.abort();
          return NOBODY;
        }
        winner = true;
        won = true;
        clearTimeout(timer);
        leave?.();
        attempts.abort();
        return connected(socket);
      };
      const failed = (error: unknown): void => {
        running--;
        failure ??= error;
        if (winner) reject(error);
        else if (!won) next();
      };
      connect(address, factory, attempts.signal).then((socket) => {
        if (winner) resolve(socket);
      }, failed);
    };
    const next = (): void => {
      clearTimeout(timer);
      const address = waiting.shift();
      if (address === undefined) {
        if (running === 0) end(failure);
        return;
      }
      running++;
      if (waiting.length > 0) timer = setTimeout(next, delay);
      attempt(address);
    };
    next();
  });
}

/** Both families in turn, beginning with the one that comes first: RFC 8305 section 4. */
function alternate(addresses: readonly string[]): string[] {
  const startsWithIpv6 = addresses[0]?.includes(":") === true;
  const first = addresses.filter((address) => address.includes(":") === startsWithIpv6);
  const second = addresses.filter((address) => address.includes(":") !== startsWithIpv6);
  return first.flatMap((address, index) => {
    const rest = index === first.length - 1 ? second.slice(index) : second.slice(index, index + 1);
    return [address, ...rest];
  });
}
