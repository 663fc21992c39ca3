/**
 * Sockets that listen before a server accepts on them: opened here, or by whoever started this
 * program. Only where the runtime gives sockets as descriptors; docs/hosts.md says which ones do.
 */
import type { IdleListener, ListenOptions, Socket, SocketHandler } from "../host.ts";
import { IOLoop } from "../ioloop.ts";
import { checkSocketPath, listeningPlace } from "../util.ts";

/** A socket that listens, and that nobody accepts on yet. */
export interface ListeningSocket {
  readonly fd: number;
}

/** What `bindSockets` and `bindUnixSocket` may be told. */
export interface SocketOptions extends Pick<ListenOptions, "backlog" | "reusePort"> {
  readonly loop?: IOLoop;
}

/**
 * Listens on a port, of all addresses by default, without accepting: `addSockets` of a server does
 * that. A name stands for its first address. Rejects with the system's error, or with `ENOTSUP` where
 * there are no descriptors.
 */
export async function bindSockets(
  port: number,
  address?: string,
  { loop = IOLoop.current(), ...options }: SocketOptions = {},
): Promise<IdleListener[]> {
  const place = listeningPlace("bind", port, address);
  return [await loop.tcp.openListener({ ...options, ...place })];
}

/** Listens on a Unix socket, whose file has these permission bits, without accepting. */
export async function bindUnixSocket(
  path: string,
  mode = 0o600,
  { loop = IOLoop.current(), ...options }: SocketOptions = {},
): Promise<IdleListener> {
  checkSocketPath(path);
  return loop.tcp.openListener({ ...options, path, mode });
}

/** The first descriptor that is passed on: sd_listen_fds(3). */
const FIRST_ACTIVATED = 3;

/**
 * Sockets that systemd, or a program like it, has opened for this process and passed on
 * (`LISTEN_FDS`, `LISTEN_PID`, `LISTEN_FDNAMES`); none if there are none for it. The variables are
 * taken away, so that child processes do not take them for theirs.
 */
export function activatedSockets(
  environment: Record<string, string | undefined> = process.env,
): (ListeningSocket & { readonly name: string })[] {
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES = "" } = environment;
  const count = Number(LISTEN_FDS);
  const ours = Number(LISTEN_PID) === process.pid && Number.isInteger(count) && count > 0;
  for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) delete environment[name];
  if (!ours) return [];
  const names = LISTEN_FDNAMES.split(":");
  return Array.from({ length: count }, (_, index) => {
    return { fd: FIRST_ACTIVATED + index, name: names[index] || "unknown" };
  });
}

/** Makes the handler of a connection that was accepted. */
export type AcceptCallback = (socket: Socket) => SocketHandler;

/**
 * Accepts on a socket that listens, and gives each connection to a callback. Resolves with a
 * function that stops it and closes the socket.
 */
export async function addAcceptHandler(
  socket: ListeningSocket,
  callback: AcceptCallback,
  loop: IOLoop = IOLoop.current(),
): Promise<() => void> {
  const listener = await loop.tcp.listen({ fd: socket.fd }, callback);
  return () => listener.close();
}
