/**
 * Happy eyeballs (RFC 8305): several addresses of one server, tried in turn without waiting for
 * each other long. Called by `tcpclient.ts`, and by `httpclient` through it.
 */
import {
  NOBODY,
  type Socket,
  type SocketHandler,
  type SourceAddress,
  type TlsClientOptions,
} from "../host.ts";
import type { IOLoop, Timeout } from "../ioloop.ts";
import type { ResolvedAddress } from "../netutil.ts";

/** Seconds until the next address is tried beside the last one: RFC 8305 section 5. Tornado: 0.3. */
const ATTEMPT_DELAY = 0.25;

/** Both families in turn, beginning with the one that the resolver prefers: RFC 8305 section 4. */
export function alternate(addresses: readonly ResolvedAddress[]): ResolvedAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const ordered: ResolvedAddress[] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    for (const one of [first[i], second[i]]) if (one !== undefined) ordered.push(one);
  }
  return ordered;
}

export interface RaceOptions {
  /** Says that nobody waits any more: then the promise does not settle, and attempts are dropped. */
  readonly signal: AbortSignal;
  /** Speaks TLS, with a `serverName`: whose handshake is done first has won. */
  readonly tls?: TlsClientOptions | undefined;
  /** Where connections to addresses of a family come from. */
  readonly sources?: Sources | undefined;
}

/** By family. */
export type Sources = Readonly<Partial<Record<4 | 6, SourceAddress>>>;

/**
 * Opens the first socket that connects; later ones are dropped. `open` makes of it what hears it
 * from its first event on, and sets its handler.
 */
export function connectFirst<T>(
  loop: IOLoop,
  addresses: readonly ResolvedAddress[],
  options: RaceOptions,
  open: (socket: Socket) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const won = (socket: Socket): void => resolve(open(socket));
    const race = new Race(loop, alternate(addresses), options, won, reject);
    options.signal.addEventListener("abort", () => race.end());
    race.next();
  });
}

class Race {
  readonly #loop: IOLoop;
  readonly #addresses: ResolvedAddress[];
  readonly #options: RaceOptions;
  readonly #won: (socket: Socket) => void;
  readonly #reject: (error: unknown) => void;
  /** Of the attempts that are under way. */
  readonly #attempts = new AbortController();
  #running = 0;
  #over = false;
  #failure: unknown;
  #timer: Timeout | undefined;

  constructor(
    loop: IOLoop,
    addresses: ResolvedAddress[],
    options: RaceOptions,
    won: (socket: Socket) => void,
    reject: (error: unknown) => void,
  ) {
    this.#loop = loop;
    this.#addresses = addresses;
    this.#options = options;
    this.#won = won;
    this.#reject = reject;
  }

  /** Tries the next address, and the one after it when this one takes long or fails. */
  next(): void {
    this.#timer?.cancel();
    const address = this.#addresses.shift();
    if (address === undefined || this.#over) {
      if (this.#running === 0 && !this.#over) this.#lose();
      return;
    }
    this.#running++;
    const { host, port, family } = address;
    const { tls, sources } = this.#options;
    const source = sources?.[family];
    const { signal } = this.#attempts;
    const place = { host, port, signal, ...(tls && { tls }), ...(source && { source }) };
    const connected = (socket: Socket): SocketHandler => this.#connected(socket);
    this.#loop.tcp.connect(place, connected).catch((error) => this.#failed(error));
    if (this.#addresses.length > 0) {
      this.#timer = this.#loop.callLater(ATTEMPT_DELAY, () => this.next());
    }
  }

  #connected(socket: Socket): SocketHandler {
    if (this.#over) {
      socket.abort();
      return NOBODY;
    }
    this.end();
    this.#won(socket);
    return socket.handler;
  }

  #failed(error: unknown): void {
    this.#running--;
    this.#failure ??= error;
    if (!this.#over) this.next();
  }

  #lose(): void {
    this.end();
    this.#reject(this.#failure ?? new Error("Cannot connect: there is no address"));
  }

  /** Nobody waits for the result any more. */
  end(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#attempts.abort();
  }
}
