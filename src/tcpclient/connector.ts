/**
 * Connects to whichever address of a server answers first, on the loop's sockets and by its clock.
 * Called by `tcpclient.ts`, and by `httpclient` through it.
 */
import { type Attempt, connectInTurn } from "../happy-eyeballs.ts";
import type { Socket, SocketHandler, SourceAddress, TlsClientOptions } from "../host.ts";
import type { IOLoop } from "../ioloop.ts";
import type { ResolvedAddress } from "../netutil.ts";

export interface RaceOptions {
  /** Says that nobody waits any more: attempts are dropped then, and the promise rejects. */
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
export async function connectFirst<T>(
  loop: IOLoop,
  addresses: readonly ResolvedAddress[],
  { signal, tls, sources }: RaceOptions,
  open: (socket: Socket) => T,
): Promise<T> {
  let opened: { readonly value: T } | undefined;
  const connected = (socket: Socket): SocketHandler => {
    opened = { value: open(socket) };
    return socket.handler;
  };
  const attempt: Attempt<ResolvedAddress> = ({ host, port, family }, factory, dropped) => {
    const source = sources?.[family];
    const place = { host, port, ...(dropped && { signal: dropped }) };
    return loop.tcp.connect({ ...place, ...(tls && { tls }), ...(source && { source }) }, factory);
  };
  const callLater = loop.callLater.bind(loop);
  await connectInTurn(addresses, connected, attempt, { signal, callLater });
  return (opened as { readonly value: T }).value;
}
