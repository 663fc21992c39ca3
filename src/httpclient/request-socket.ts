/**
 * Opens a socket as a request's settings want it: by which family, from which interface, with which
 * TLS. Used by `connector.ts`, and through `connectFor` by protocols that begin with a request of HTTP.
 */

import type { SocketHandlerFactory, TlsClientOptions } from "../host.ts";
import type { IOLoop } from "../ioloop.ts";
import { DefaultResolver, type Resolver } from "../netutil.ts";
import { connectFirst } from "../tcpclient.ts";
import { checkSocketPath } from "../util.ts";
import { familyOf, sourcesOf } from "./network-interface.ts";
import {
  checkSettings,
  type HTTPRequest,
  REQUEST_DEFAULTS,
  type RequestSettings,
  withDefaults,
} from "./request.ts";
import { tlsOptionsOf } from "./tls-settings.ts";

/** Where a socket leads: a host's port, or a Unix socket. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string | undefined;
}

/** What opening a socket needs besides its place. */
export interface SocketOptions {
  readonly loop: IOLoop;
  /** Nobody waits any more: what the promise does then means nothing. */
  readonly signal: AbortSignal;
  readonly tls: TlsClientOptions | undefined;
  /** Left out, the sockets find the addresses of names by themselves. */
  readonly resolver?: Resolver | undefined;
}

/** Opens the socket; `open` makes what hears it. Rejects if there is none to be had. */
export async function openSocket(
  { host, port, path }: Target,
  { allowIpv6, networkInterface }: RequestSettings,
  { loop, signal, tls, resolver }: SocketOptions,
  open: SocketHandlerFactory,
): Promise<void> {
  const sources = networkInterface === undefined ? undefined : sourcesOf(networkInterface);
  const family = familyOf(sources, allowIpv6);
  const anyAddress = resolver === undefined && family === undefined && sources === undefined;
  if (path === undefined && !anyAddress) {
    const addresses = await (resolver ?? new DefaultResolver()).resolve(host, port, family);
    if (signal.aborted) return;
    await connectFirst(loop, addresses, { signal, tls, sources }, (socket) => {
      socket.handler = open(socket);
    });
  } else {
    const place = path === undefined ? { host, port, signal } : { path, signal };
    await loop.tcp.connect(tls === undefined ? place : { ...place, tls }, open);
  }
}

/** What `connectFor` connects to. */
export interface ConnectTarget {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/**
 * Opens a socket for a protocol that begins with a request of HTTP and goes on with its own. What
 * the request's options say of connections holds, but for proxies, which are refused. `tls` goes
 * before what they say of TLS.
 */
export async function connectFor(
  request: HTTPRequest,
  { host, port, isSecure }: ConnectTarget,
  { loop, signal, tls, resolver }: SocketOptions,
  open: SocketHandlerFactory,
): Promise<void> {
  const settings = withDefaults(REQUEST_DEFAULTS, request.options);
  checkSettings(settings);
  if (settings.proxyHost !== undefined) {
    throw new TypeError(`Cannot connect to ${request.url} through a proxy: proxyHost is given`);
  }
  const { socketPath: path } = settings;
  if (path !== undefined) checkSocketPath(path);
  const secure = isSecure ? { ...(await tlsOptionsOf(settings, host)), ...tls } : undefined;
  signal.throwIfAborted();
  const options = { loop, signal, tls: secure, resolver };
  await openSocket({ host, port, path }, settings, options, open);
}
