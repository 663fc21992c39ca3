/**
 * Tcp over epoll, on Linux: the addon moves bytes between sockets and the core's memory and writes
 * down what has happened; this reads that and calls the sockets. Also Bun's and Deno's (`polled.ts`).
 */
import {
  type Address,
  type ConnectOptions,
  type DescriptorWatch,
  type IdleListener,
  type Listener,
  type ListenOptions,
  READABLE,
  type Socket,
  type SocketHandlerFactory,
  type StartTlsOptions,
  type Tcp,
  type TransferMemory,
  WRITABLE,
} from "../src/host.ts";
import { type Addressing, anyAddress, NO_ADDRESS, systemError } from "./addresses.ts";
import { EpollConnector } from "./epoll-connector.ts";
import { bind, EpollListener, openIdleListener } from "./epoll-listener.ts";
import { EpollOutput } from "./epoll-output.ts";
import { EpollSocket } from "./epoll-socket.ts";
import { Exhaustion } from "./exhaustion.ts";
import {
  BATCH,
  EVENT_ACCEPT,
  EVENT_CONNECTED,
  EVENT_DATA,
  EVENT_END,
  EVENT_ERROR,
  EVENT_READY,
  EVENT_WRITABLE,
  EVENTS,
  FIRST_EVENT,
  FIRST_OUTPUT,
  NEXT,
  OUTPUTS,
  RESULT_ERROR,
  RESULT_SHORT,
  ROW_WORDS,
  SLOT_MASK,
} from "./loop-table.ts";
import type { Addon, LoopMemory, NativeLoop } from "./native.ts";
import { QuietCollector } from "./quiet-collector.ts";
import { openTls } from "./tls.ts";

/** Opens the epoll loop on the core's memory, driven by Node's own loop. */
export function openEpollTcp(memory: TransferMemory, addon: Addon): Tcp {
  return new EpollTcp(memory, {
    addressing: anyAddress,
    openTls,
    inheritsByNumber: false,
    open: (tcp, words) =>
      addon.open(...words, (results) => (results > 0 ? tcp.settle(results) : tcp.deliver())),
  });
}

/** What differs from one runtime to the next. */
export interface EpollParts {
  readonly addressing: Addressing;
  readonly openTls: typeof openTls;
  /** Whether child processes get listening sockets by their numbers: see IdleListener. */
  readonly inheritsByNumber: boolean;
  readonly open: (tcp: EpollTcp, memory: LoopMemory) => NativeLoop | number;
}

/** Shared with the sockets and what drives the loop; the seam shows it as Tcp. */
export class EpollTcp implements Tcp {
  readonly native: NativeLoop;
  readonly output: EpollOutput;
  readonly #parts: EpollParts;
  readonly #memory: TransferMemory;
  readonly #bytes: Uint8Array;
  readonly #inputStart: number;
  readonly #table: Int32Array;
  /** By slot. */
  readonly #sockets: (EpollSocket | undefined)[] = [];
  readonly #listeners = new Map<number, EpollListener>();
  readonly #connector: EpollConnector;
  readonly #watched = new Map<number, (events: number) => void>();
  #batchTime = 0;
  readonly #exhaustion: Exhaustion;
  readonly #collector = new QuietCollector();

  constructor(memory: TransferMemory, parts: EpollParts) {
    const { buffer, input, output, events } = memory;
    this.#memory = memory;
    this.#parts = parts;
    this.#bytes = new Uint8Array(buffer);
    this.#inputStart = input.start;
    this.#table = new Int32Array(buffer, events.start, events.length / 4);
    this.output = new EpollOutput(memory, this.#table, () => this.flush());
    const inputEnd = input.start + input.length;
    const native = parts.open(this, [
      buffer,
      input.start,
      inputEnd,
      output.start,
      events.start,
      events.length,
    ]);
    if (typeof native === "number") throw systemError(-native, "open an epoll descriptor");
    this.native = native;
    this.#exhaustion = new Exhaustion(native);
    this.#connector = new EpollConnector(native, parts.addressing, (id, remote, factory) =>
      this.#open(id, remote, factory),
    );
  }

  async listen(options: ListenOptions, accept: SocketHandlerFactory): Promise<Listener> {
    if (options.tls) return (await this.#parts.openTls(this, this.#memory)).listen(options, accept);
    const fd = options.fd ?? (await bind(this.native, this.#parts.addressing, options)).fd;
    const id = this.native.accept(fd);
    if (id < 0) throw systemError(-id, `accept on descriptor ${fd}`);
    const own = options.fd === undefined ? fd : undefined;
    const listener = new EpollListener(this, id, own, accept);
    this.#listeners.set(id, listener);
    return listener;
  }

  openListener(options: ListenOptions): Promise<IdleListener> {
    const { addressing, inheritsByNumber } = this.#parts;
    return openIdleListener(this.native, addressing, options, inheritsByNumber);
  }

  async connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket> {
    if (!options.tls) return this.#connector.connect(options, connected);
    return (await this.#parts.openTls(this, this.#memory)).connect(options, connected);
  }

  async startTls(
    socket: Socket,
    options: StartTlsOptions,
    secured: SocketHandlerFactory,
  ): Promise<Socket> {
    // What comes while TLS is loaded is for it.
    socket.pause();
    return (await this.#parts.openTls(this, this.#memory)).startTls(socket, options, secured);
  }

  watch(fd: number, events: number, ready: (events: number) => void): DescriptorWatch {
    const { native } = this;
    const id = native.add(fd);
    if (id < 0) throw systemError(-id, `watch descriptor ${fd}`);
    this.#watched.set(id, ready);
    const change = (wanted: number): void => {
      for (const event of [READABLE, WRITABLE]) native.watch(id, event, wanted & event ? 1 : 0);
    };
    change(events);
    const close = (): void => {
      if (this.#watched.delete(id)) native.close(id, 0);
    };
    return { change, close };
  }

  time(): number {
    return this.#table[BATCH] === 0 ? performance.now() : this.#batchTime;
  }

  reserve(length: number): number {
    return this.output.reserve(length);
  }

  copyOf(start: number, length: number): Uint8Array {
    return this.#bytes.slice(start, start + length);
  }

  /** From here on output waits for `endBatch`, and the time stands still. */
  beginBatch(): void {
    this.#table[BATCH] = 1;
  }

  /** Sends what a batch has put out. */
  endBatch(): void {
    this.#table[BATCH] = 0;
    this.flush();
  }

  /** Events of the batch that `deliver` has not given to anybody yet. */
  get hasEvents(): boolean {
    return (this.#table[NEXT] as number) < (this.#table[EVENTS] as number);
  }

  /** Output rows that wait to be sent. */
  get outputs(): number {
    return this.#table[OUTPUTS] as number;
  }

  /** Sends all output rows now. */
  flush(): void {
    if (this.#table[OUTPUTS] === 0) return;
    const results = this.native.flush();
    if (results > 0) this.settle(results);
  }

  /** Takes what the kernel did not take, before its place in the output region is used again. */
  settle(results: number): void {
    const table = this.#table;
    for (let result = 0; result < results; result++) {
      const row = FIRST_OUTPUT + result * ROW_WORDS;
      const socket = this.#find(table[row] as number);
      const kind = table[row + 1];
      const first = table[row + 2] as number;
      if (kind === RESULT_SHORT) socket?.enqueue(this.copyOf(first, table[row + 3] as number));
      else if (kind === RESULT_ERROR) socket?.fail(first);
      else socket?.finish(undefined);
    }
  }

  #find(id: number): EpollSocket | undefined {
    const socket = this.#sockets[id & SLOT_MASK];
    return socket?.id === id ? socket : undefined;
  }

  /**
   * Goes through a batch. The addon calls again, for the rows from NEXT on, after a handler has
   * thrown and the exception has been reported.
   */
  deliver(): void {
    this.#batchTime = performance.now();
    this.#collector.received++;
    const table = this.#table;
    const count = table[EVENTS] as number;
    for (let next = table[NEXT] as number; next < count; ) {
      const row = FIRST_EVENT + next * ROW_WORDS;
      next++;
      table[NEXT] = next;
      const id = table[row] as number;
      const kind = table[row + 1] as number;
      const first = table[row + 2] as number;
      if (kind < EVENT_ACCEPT) {
        const socket = this.#sockets[id & SLOT_MASK];
        if (socket === undefined || socket.id !== id) continue;
        if (kind === EVENT_DATA) socket.receive(first, table[row + 3] as number);
        else if (kind === EVENT_END) socket.end();
        else if (kind === EVENT_WRITABLE) socket.drain();
        else if (kind === EVENT_ERROR) socket.fail(first);
      } else if (kind === EVENT_ACCEPT) this.#accept(id, first);
      else if (kind === EVENT_CONNECTED) this.#connector.connected(id, first);
      else if (kind === EVENT_READY) this.#watched.get(id)?.(first);
      else this.#exhaustion.occurred(id, first);
    }
  }

  #accept(id: number, listener: number): void {
    const accept = this.#listeners.get(listener)?.accept;
    if (accept === undefined) this.native.close(id, 1);
    else this.#open(id, undefined, accept);
  }

  #open(id: number, remote: Address | undefined, factory: SocketHandlerFactory): EpollSocket {
    const socket = new EpollSocket(this, id, remote);
    this.#sockets[id & SLOT_MASK] = socket;
    this.#collector.changed();
    try {
      socket.handler = factory(socket);
    } catch (error) {
      socket.abort();
      throw error;
    }
    return socket;
  }

  address(id: number, remote: number): Address {
    const name = this.native.name(id, remote);
    if (name === undefined) return NO_ADDRESS;
    const [text, port] = name;
    return port < 0 ? { host: "", port: 0, path: text } : { host: text, port, path: "" };
  }

  /** Puts bytes that a socket held back into the input region, which is free between batches. */
  putInput(bytes: Uint8Array): number {
    this.#bytes.set(bytes, this.#inputStart);
    return this.#inputStart;
  }

  forget(socket: EpollSocket): void {
    this.#sockets[socket.id & SLOT_MASK] = undefined;
    this.#collector.changed();
  }

  /** Takes who has connected, and closes the listener. */
  removeListener(id: number): void {
    for (let next = 0; next >= 0; ) {
      next = this.native.acceptNext(id);
      // Later, but before the addon reads again: a factory is not called from inside of `close`.
      const accepted = next;
      if (accepted >= 0) queueMicrotask(() => this.#accept(accepted, id));
    }
    this.native.close(id, 0);
    // The rest of the batch may tell of some that the addon has accepted.
    setImmediate(() => this.#listeners.delete(id));
  }
}
