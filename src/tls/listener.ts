/** A listener whose connections begin with a handshake. */
import {
  type Address,
  type Listener,
  type ListenOptions,
  NOBODY,
  type Socket,
  type SocketHandler,
  type SocketHandlerFactory,
  type Tcp,
  type TlsServerOptions,
  type TransferMemory,
} from "../host.ts";
import { throwLater } from "../util.ts";
import type { Handshake, HandshakeMaker } from "./handshake.ts";
import { secure } from "./secure.ts";

export class TlsListener implements Listener {
  readonly #memory: TransferMemory;
  readonly #maker: HandshakeMaker;
  readonly #accept: SocketHandlerFactory;
  #options: TlsServerOptions;
  #handshake: Handshake;
  #listener: Listener | undefined;

  constructor(
    memory: TransferMemory,
    maker: HandshakeMaker,
    options: TlsServerOptions,
    accept: SocketHandlerFactory,
  ) {
    this.#memory = memory;
    this.#maker = maker;
    this.#accept = accept;
    this.#options = options;
    this.#handshake = maker(options);
  }

  async open(tcp: Tcp, place: ListenOptions): Promise<void> {
    this.#listener = await tcp.listen(place, (socket) => this.#secure(socket));
  }

  get address(): Address {
    return (this.#listener as Listener).address;
  }

  close(): void {
    this.#listener?.close();
  }

  setTls(options: TlsServerOptions): void {
    this.#handshake = this.#maker(options);
    this.#options = options;
  }

  #secure(socket: Socket): SocketHandler {
    const options = this.#options;
    const { handshakeBegun, handshakeFailed } = options;
    const factory = (made: Socket): SocketHandler => this.#made(made);
    handshakeBegun?.();
    const securing = secure(socket, this.#memory, this.#handshake, options, factory);
    securing.secured.catch((error) => handshakeFailed?.(error as Error, socket.remoteAddress));
    return securing.handler;
  }

  /** What the application's factory throws is uncaught, as without TLS; the handshake was well. */
  #made(socket: Socket): SocketHandler {
    try {
      return this.#accept(socket);
    } catch (error) {
      throwLater(error);
      socket.abort();
      return NOBODY;
    }
  }
}
