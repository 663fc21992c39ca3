/**
 * Happy eyeballs (RFC 8305) for a name with several addresses: the next one is tried beside the
 * last one before that has failed, because a network that drops packets fails only after minutes.
 * Called by the epoll hosts for names, and by `tcpclient` for what resolvers have found.
 */
import { NOBODY, type Socket, type SocketHandler, type SocketHandlerFactory } from "./host.ts";
import { onAbort } from "./util.ts";

/** Seconds until the next address is tried: RFC 8305 section 5. Tornado has 0.3. */
const ATTEMPT_DELAY = 0.25;

/** One of the places that a name stands for. */
export interface Place {
  /** An IP address. */
  readonly host: string;
}

/** Connects to one place, until the signal says that nobody waits for it any more. */
export type Attempt<To extends Place> = (
  place: To,
  connected: SocketHandlerFactory,
  signal: AbortSignal | undefined,
) => Promise<Socket>;

/** What a timer is ended by. */
interface Timer {
  cancel(): void;
}

export interface TurnOptions {
  readonly signal?: AbortSignal | undefined;
  /** Calls back after that many seconds: the runtime's timer, unless given. */
  readonly callLater?: (seconds: number, callback: () => void) => Timer;
}

function callLater(seconds: number, callback: () => void): Timer {
  const timer = setTimeout(callback, seconds * 1000);
  return { cancel: () => clearTimeout(timer) };
}

/**
 * Connects to whichever place answers first; the factory is called for that one only. Rejects with
 * the first failure if there is none, or with what the factory throws. The others' attempts are
 * dropped then: one that nobody answers would hold its descriptor, and the process, for minutes.
 */
export function connectInTurn<To extends Place>(
  places: readonly To[],
  connected: SocketHandlerFactory,
  connect: Attempt<To>,
  options: TurnOptions = {},
): Promise<Socket> {
  const { signal } = options;
  // Listening to it comes too late.
  if (signal?.aborted) return Promise.reject(signal.reason);
  const waiting = alternate(places);
  const [only] = waiting;
  if (only !== undefined && waiting.length === 1) return connect(only, connected, signal);
  const attempts = new AbortController();
  return new Promise((resolve, reject) => {
    const leave = signal && onAbort(signal, () => end(signal.reason));
    let running = 0;
    let won = false;
    let failure: unknown;
    let timer: Timer | undefined;
    const end = (reason: unknown): void => {
      won = true;
      timer?.cancel();
      leave?.();
      attempts.abort();
      reject(reason);
    };
    const attempt = (place: To): void => {
      let winner = false;
      const factory = (socket: Socket): SocketHandler => {
        if (won) {
          socket.abort();
          return NOBODY;
        }
        winner = true;
        won = true;
        timer?.cancel();
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
      connect(place, factory, attempts.signal).then((socket) => {
        if (winner) resolve(socket);
      }, failed);
    };
    const next = (): void => {
      timer?.cancel();
      const place = waiting.shift();
      if (place === undefined) {
        if (running === 0) end(failure ?? new Error("Cannot connect: there is no address"));
        return;
      }
      running++;
      if (waiting.length > 0) timer = (options.callLater ?? callLater)(ATTEMPT_DELAY, next);
      attempt(place);
    };
    next();
  });
}

/** Both families in turn, beginning with the one that comes first: RFC 8305 section 4. */
function alternate<To extends Place>(places: readonly To[]): To[] {
  const [preferred] = places;
  if (preferred === undefined) return [];
  const first = places.filter((place) => isIpv6(place) === isIpv6(preferred));
  const second = places.filter((place) => isIpv6(place) !== isIpv6(preferred));
  return first.flatMap((place, index) => {
    const rest = index === first.length - 1 ? second.slice(index) : second.slice(index, index + 1);
    return [place, ...rest];
  });
}

function isIpv6({ host }: Place): boolean {
  return host.includes(":");
}
