/**
 * TLS over any host's sockets: a `Socket` below, a `Socket` above, the runtime's own TLS between
 * them. Hosts stand on it for what `src/host.ts` says of TLS, and load it when it is first asked
 * for. Knows no runtime: what differs is the `HandshakeMaker` that a host passes in.
 */
import {
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  NOBODY,
  type Socket,
  type SocketHandlerFactory,
  type StartTlsOptions,
  type Tcp,
  type TransferMemory,
} from "./host.ts";
import { clientHandshake, type Handshake, type HandshakeMaker } from "./tls/handshake.ts";
import { TlsListener } from "./tls/listener.ts";
import { type Patience, secure } from "./tls/secure.ts";
import { byServerName } from "./tls/server-names.ts";

export { eachServer, sharedServer } from "./tls/handshake.ts";

/** The TLS of one `Tcp`. */
export class TlsLayer {
  readonly #tcp: Tcp;
  readonly #memory: TransferMemory;
  readonly #serverHandshake: HandshakeMaker;

  /** `serverHandshake` is `sharedServer`, or `eachServer` where that cannot work. */
  constructor(tcp: Tcp, memory: TransferMemory, serverHandshake: HandshakeMaker) {
    this.#tcp = tcp;
    this.#memory = memory;
    this.#serverHandshake = byServerName(serverHandshake);
  }

  /** `Tcp.listen` with `tls`. */
  async listen(options: ListenOptions, accept: SocketHandlerFactory): Promise<Listener> {
    const { tls = {}, ...place } = options;
    const listener = new TlsListener(this.#memory, this.#serverHandshake, tls, accept);
    await listener.open(this.#tcp, place);
    return listener;
  }

  /** `Tcp.connect` with `tls`. */
  async connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket> {
    const { tls = {}, ...place } = options;
    const patience = { ...tls, ...(options.signal && { signal: options.signal }) };
    const serverName = tls.serverName ?? options.host ?? "localhost";
    const handshake = clientHandshake({ ...tls, serverName });
    return new Promise((resolve, reject) => {
      const began = this.#tcp.connect(place, (socket) => {
        const { handler, secured } = this.#secure(socket, handshake, patience, connected);
        secured.then(resolve, reject);
        return handler;
      });
      began.catch(reject);
    });
  }

  /** `Tcp.startTls`. */
  startTls(
    socket: Socket,
    options: StartTlsOptions,
    connected: SocketHandlerFactory,
  ): Promise<Socket> {
    const handshake = this.#handshakeOn(socket, options);
    const { handler, secured } = this.#secure(socket, handshake, options, connected);
    socket.handler = handler;
    socket.resume();
    return secured;
  }

  /** Nobody else would close the socket if there can be none. */
  #handshakeOn(socket: Socket, options: StartTlsOptions): Handshake {
    try {
      return options.side === "server" ? this.#serverHandshake(options) : clientHandshake(options);
    } catch (error) {
      socket.handler = NOBODY;
      socket.close();
      throw error;
    }
  }

  #secure(
    socket: Socket,
    handshake: Handshake,
    patience: Patience,
    connected: SocketHandlerFactory,
  ): ReturnType<typeof secure> {
    return secure(socket, this.#memory, handshake, patience, connected);
  }
}
