/**
 * Connects streams: names to addresses, addresses tried side by side, TLS on top. The counterpart
 * of `tcpserver` (Tornado `tcpclient`).
 */

import type { Socket, SourceAddress, TlsClientOptions } from "./host.ts";
import { IOLoop } from "./ioloop.ts";
import { IOStream, type IOStreamOptions } from "./iostream.ts";
import { DefaultResolver, isValidIp, type Resolver } from "./netutil.ts";
import { connectFirst, type Sources } from "./tcpclient/connector.ts";
import { withTimeout } from "./tcpclient/timeout.ts";
import { checkPort, checkSocketPath } from "./util.ts";

export { connectFirst, type Sources } from "./tcpclient/connector.ts";

/** How a client finds addresses, and on which loop its streams run. */
export interface TCPClientOptions {
  readonly resolver?: Resolver;
  readonly loop?: IOLoop;
}

/** How one connection is made, and what its stream may hold. */
export interface ConnectSettings extends Pick<IOStreamOptions, "allowHalfOpen" | "closeTimeout"> {
  /** IPv4 or IPv6 only; both if left out. */
  readonly family?: 4 | 6;
  /** IP address of this machine that the connection comes from: only its family is tried. */
  readonly sourceIp?: string;
  /**
   * Port that the connection comes from. Where the runtime cannot bind sockets before they
   * connect, both reject with `ENOTSUP`.
   */
  readonly sourcePort?: number;
  /** Speaks TLS; the certificate has to be the host's, unless `serverName` is another. */
  readonly sslOptions?: TlsClientOptions;
  readonly maxBufferSize?: number;
  readonly maxWriteBufferSize?: number;
  /** Seconds for all of it: name, connection and handshake. No limit if left out. */
  readonly timeout?: number;
}

/** Makes streams to servers (Tornado `tcpclient.TCPClient`). */
export class TCPClient {
  readonly #resolver: Resolver;
  readonly #loop: IOLoop;

  constructor(options: TCPClientOptions = {}) {
    this.#resolver = options.resolver ?? new DefaultResolver();
    this.#loop = options.loop ?? IOLoop.current();
  }

  /**
   * Connects to a host, by whichever of its addresses answers first: they are tried in turn, a
   * quarter of a second after each other, both families alternating (RFC 8305). Rejects with the
   * error of the first one if none does, with TimeoutError after `timeout`.
   */
  connect(host: string, port: number, settings: ConnectSettings = {}): Promise<IOStream> {
    const { timeout } = settings;
    const what = `connect to ${host}:${port}`;
    return withTimeout(this.#loop, timeout, what, async (signal) => {
      checkPort("connect to", port);
      const sources = sourcesOf(settings);
      const addresses = await this.#resolver.resolve(host, port, familyOf(settings));
      signal.throwIfAborted();
      const open = (socket: Socket): IOStream => this.#stream(socket, settings);
      const stream = await connectFirst(this.#loop, addresses, { signal, sources }, open);
      return this.#secure(stream, host, settings, signal);
    });
  }

  /** Connects to a Unix socket. */
  connectUnix(path: string, settings: ConnectSettings = {}): Promise<IOStream> {
    return withTimeout(this.#loop, settings.timeout, `connect to ${path}`, async (signal) => {
      checkSocketPath(path);
      let stream: IOStream | undefined;
      await this.#loop.tcp.connect({ path, signal }, (socket) => {
        stream = this.#stream(socket, settings);
        return socket.handler;
      });
      return this.#secure(stream as unknown as IOStream, "localhost", settings, signal);
    });
  }

  #stream(socket: Socket, settings: ConnectSettings): IOStream {
    return new IOStream(socket, { ...settings, loop: this.#loop });
  }

  async #secure(
    stream: IOStream,
    host: string,
    { sslOptions }: ConnectSettings,
    signal: AbortSignal,
  ): Promise<IOStream> {
    if (signal.aborted) stream.close();
    signal.throwIfAborted();
    if (sslOptions === undefined) return stream;
    const both = sslOptions.signal === undefined ? [signal] : [signal, sslOptions.signal];
    return stream.startTls(false, { ...sslOptions, signal: AbortSignal.any(both) }, host);
  }
}

function familyOf({ family, sourceIp }: ConnectSettings): 4 | 6 | undefined {
  if (sourceIp === undefined) return family;
  if (!isValidIp(sourceIp.replace(/%.*$/, ""))) {
    throw new TypeError(`Cannot connect from "${sourceIp}": sourceIp is not an IP address`);
  }
  const own = sourceIp.includes(":") ? 6 : 4;
  if (family === undefined || family === own) return own;
  throw new TypeError(`Cannot connect by IPv${family}: sourceIp is ${sourceIp}`);
}

function sourcesOf({ sourceIp, sourcePort }: ConnectSettings): Sources | undefined {
  if (sourceIp === undefined && sourcePort === undefined) return undefined;
  if (sourcePort !== undefined) checkPort("connect from", sourcePort);
  const source: SourceAddress = {
    ...(sourceIp !== undefined && { host: sourceIp }),
    ...(sourcePort !== undefined && { port: sourcePort }),
  };
  return { 4: source, 6: source };
}
