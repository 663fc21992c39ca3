/**
 * TCP and Unix sockets on `Bun.listen` and `Bun.connect`. Bytes that Bun received are copied once,
 * into the core's input region, and handed to the socket's handler; what the handler sends meanwhile
 * is gathered in the output region, and goes to the kernel in one write when the handler returns.
 */
import { chmodSync, lstatSync, readFileSync, unlinkSync } from "node:fs";
import {
  type Address,
  type ConnectOptions,
  INPUT_SLACK,
  type Listener,
  type ListenOptions,
  type Socket,
  type SocketHandler,
  type SocketHandlerFactory,
  type Tcp,
  type TransferMemory,
} from "../src/host.ts";
import {
  type BunHandlers,
  type BunListener,
  type BunPlace,
  type BunSocket,
  bun,
} from "./runtime.ts";

export function openTcp(memory: TransferMemory): Tcp {
  return new BunTcp(memory);
}

/**
 * Largest write that is copied behind what waits in the output region, so that a head and its body
 * are one system call. Copying this much costs less than a call does.
 */
const GATHER_LIMIT = 16 * 1024;

/** Descriptors that accepted connections leave to everything else: files, outgoing connections. */
const SPARE_DESCRIPTORS = 16;

class BunTcp implements Tcp {
  /** The core's memory. */
  readonly bytes: Uint8Array;
  readonly inputStart: number;
  /** Most bytes of one call to `data`. */
  readonly inputLength: number;
  readonly #outputStart: number;
  readonly #outputEnd: number;
  /** Where free room starts. */
  #free: number;
  /** Where reserved room ends; 0 when none is. */
  #reservedEnd: number;
  /** What waits for the running handler to return: one run of bytes, for one connection. */
  #gatheringFor: Connection | undefined;
  #gatherStart: number;
  #gatherEnd: number;
  /** A handler is running. */
  #dispatching = false;
  /** Connections that have something to hear outside of Bun's own calls. */
  #due: Connection[] = [];

  constructor(memory: TransferMemory) {
    const { input, output } = memory;
    this.bytes = new Uint8Array(memory.buffer);
    this.inputStart = input.start;
    this.inputLength = input.length - INPUT_SLACK;
    this.#outputStart = output.start;
    this.#outputEnd = output.start + output.length;
    this.#free = this.#outputStart;
    this.#reservedEnd = 0;
    this.#gatherStart = 0;
    this.#gatherEnd = 0;
  }

  async listen(options: ListenOptions, accept: SocketHandlerFactory): Promise<Listener> {
    if (options.path !== undefined) removeStaleSocket(options.path);
    const acceptor = new Acceptor(this, options.path, accept);
    const listener = bun.listen<Owner>({
      ...placeOf(options, "::"),
      allowHalfOpen: true,
      data: acceptor,
      socket: handlers,
    });
    if (options.path !== undefined) chmodSync(options.path, options.mode ?? 0o600);
    return new BunTcpListener(listener, options.path);
  }

  connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const connector = new Connector(this, options.path, connected, resolve);
      const place = placeOf(options, "localhost");
      bun
        .connect<Owner>({ ...place, allowHalfOpen: true, data: connector, socket: handlers })
        .catch(reject);
    });
  }

  reserve(length: number): number {
    if (length > this.#outputEnd - this.#outputStart) {
      const most = this.#outputEnd - this.#outputStart;
      throw new RangeError(`Cannot reserve ${length} bytes: the output region has ${most}`);
    }
    if (length > this.#outputEnd - this.#free) this.#pass();
    this.#reservedEnd = this.#free + length;
    return this.#free;
  }

  /** Before a handler runs: what it sends is gathered. */
  enter(): void {
    this.#dispatching = true;
  }

  /** After a handler has run: what it sent goes to the kernel. */
  leave(): void {
    this.#dispatching = false;
    this.#reservedEnd = 0;
    this.#pass();
  }

  /** Takes bytes of the output region. */
  gather(connection: Connection, start: number, length: number): void {
    if (this.#gatheringFor !== connection || start !== this.#gatherEnd) {
      const end = this.#free;
      this.#pass();
      // Passing on frees the region, but these bytes still lie in it.
      this.#free = end;
      this.#gatheringFor = connection;
      this.#gatherStart = start;
    }
    this.#gatherEnd = start + length;
    if (this.#gatherEnd > this.#free) this.#free = this.#gatherEnd;
    this.#reservedEnd = 0;
    if (!this.#dispatching) this.#pass();
  }

  /** Copies bytes from elsewhere behind what is gathered; false if that would not pay. */
  append(connection: Connection, bytes: Uint8Array): boolean {
    const unreserved = this.#reservedEnd <= this.#free;
    const fits = bytes.length <= GATHER_LIMIT && bytes.length <= this.#outputEnd - this.#free;
    if (!this.#dispatching || !unreserved || !fits) return false;
    const start = this.#free;
    this.bytes.set(bytes, start);
    this.gather(connection, start, bytes.length);
    return true;
  }

  /** Passes on what is gathered for one connection, before it sends or ends in another way. */
  passFor(connection: Connection): void {
    if (this.#gatheringFor === connection) this.#pass();
  }

  /** Lets a connection hear something once all calls that run now have returned. */
  later(connection: Connection): void {
    if (this.#due.push(connection) === 1) queueMicrotask(this.#runDue);
  }

  readonly #runDue = (): void => {
    const due = this.#due;
    this.#due = [];
    let next = 0;
    try {
      while (next < due.length) due[next++]?.hearDue();
    } finally {
      // What one handler throws must not cost the others what they have to hear.
      for (const connection of due.slice(next)) this.later(connection);
    }
  };

  #pass(): void {
    const connection = this.#gatheringFor;
    this.#free = this.#outputStart;
    if (connection === undefined) return;
    this.#gatheringFor = undefined;
    connection.put(this.bytes, this.#gatherStart, this.#gatherEnd - this.#gatherStart, true);
  }
}

/** What a raw socket's `data` is: first what will make its connection, then the connection. */
type Owner = Connection | Acceptor | Connector;
type Raw = BunSocket<Owner>;

/** Makes the connections of one listener. */
class Acceptor {
  readonly #tcp: BunTcp;
  readonly #path: string | undefined;
  readonly #accept: SocketHandlerFactory;

  constructor(tcp: BunTcp, path: string | undefined, accept: SocketHandlerFactory) {
    this.#tcp = tcp;
    this.#path = path;
    this.#accept = accept;
  }

  open(raw: Raw): void {
    if (raw.fd >= descriptorCeiling()) {
      refuse(raw);
      return;
    }
    const local = this.#path === undefined ? undefined : unixAddress(this.#path);
    const remote = this.#path === undefined ? remoteAddressOf(raw) : unixAddress("");
    const connection = new Connection(this.#tcp, raw, local, remote);
    connection.open(this.#accept);
  }
}

/** Makes the connection of one call to `connect`. */
class Connector {
  readonly #tcp: BunTcp;
  readonly #path: string | undefined;
  readonly #connected: SocketHandlerFactory;
  readonly #resolve: (socket: Socket) => void;

  constructor(
    tcp: BunTcp,
    path: string | undefined,
    connected: SocketHandlerFactory,
    resolve: (socket: Socket) => void,
  ) {
    this.#tcp = tcp;
    this.#path = path;
    this.#connected = connected;
    this.#resolve = resolve;
  }

  open(raw: Raw): void {
    const local = this.#path === undefined ? undefined : unixAddress("");
    const remote = this.#path === undefined ? remoteAddressOf(raw) : unixAddress(this.#path);
    const connection = new Connection(this.#tcp, raw, local, remote);
    connection.open(this.#connected);
    this.#resolve(connection);
  }
}

class BunTcpListener implements Listener {
  readonly address: Address;
  #listener: BunListener | undefined;

  constructor(listener: BunListener, path: string | undefined) {
    this.#listener = listener;
    this.address = path === undefined ? boundAddressOf(listener) : unixAddress(path);
  }

  close(): void {
    // Bun removes the file of a Unix socket itself.
    this.#listener?.stop();
    this.#listener = undefined;
  }
}

class Connection implements Socket {
  handler!: SocketHandler;
  readonly remoteAddress: Address;
  #localAddress: Address | undefined;
  readonly #tcp: BunTcp;
  readonly #raw: Raw;
  /** `closing` sends what waits; `gone` has only to tell its handler, or has told it. */
  #life: "open" | "closing" | "gone" = "open";
  #writing: "open" | "ending" | "ended" = "open";
  #paused = false;
  /** Bytes that the kernel did not take, from `#waitingStart` of the first piece on. */
  #waiting: Uint8Array[] = [];
  #waitingStart = 0;
  #bufferedAmount = 0;
  /** Bytes and the end that Bun gave while reading was paused. */
  #held: Uint8Array | undefined;
  #endHeld = false;
  #ended = false;
  #error: Error | undefined;

  constructor(tcp: BunTcp, raw: Raw, local: Address | undefined, remote: Address) {
    this.#tcp = tcp;
    this.#raw = raw;
    this.#localAddress = local;
    this.remoteAddress = remote;
  }

  get localAddress(): Address {
    this.#localAddress ??= localAddressOf(this.#raw);
    return this.#localAddress;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  send(start: number, length: number): void {
    if (this.#life !== "open" || this.#writing !== "open" || length === 0) return;
    this.#tcp.gather(this, start, length);
  }

  write(bytes: Uint8Array): void {
    if (this.#life !== "open" || this.#writing !== "open" || bytes.length === 0) return;
    if (this.#tcp.append(this, bytes)) return;
    this.#tcp.passFor(this);
    this.put(bytes, 0, bytes.length, false);
  }

  pause(): void {
    if (this.#paused || this.#life !== "open") return;
    this.#paused = true;
    this.#raw.pause();
  }

  resume(): void {
    if (!this.#paused || this.#life !== "open") return;
    this.#paused = false;
    if (this.#held !== undefined || this.#endHeld) this.#tcp.later(this);
    else this.#raw.resume();
  }

  shutdown(): void {
    if (this.#life !== "open" || this.#writing !== "open") return;
    this.#tcp.passFor(this);
    this.#writing = "ending";
    this.#finishWriting();
  }

  close(): void {
    if (this.#life !== "open") return;
    this.#tcp.passFor(this);
    if (this.#life !== "open") return;
    this.#life = "closing";
    this.#held = undefined;
    this.#finishWriting();
  }

  abort(): void {
    if (this.#life === "gone") return;
    this.#life = "closing";
    this.#raw.terminate();
  }

  setNoDelay(noDelay: boolean): void {
    if (this.#life !== "gone") this.#raw.setNoDelay(noDelay);
  }

  open(factory: SocketHandlerFactory): void {
    this.#raw.data = this;
    this.#tcp.enter();
    try {
      this.handler = factory(this);
    } catch (error) {
      this.handler = DEAF;
      this.abort();
      throw error;
    } finally {
      this.#tcp.leave();
    }
  }

  /** Gives bytes to the kernel, and keeps what it does not take: as a copy, if they may change. */
  put(bytes: Uint8Array, start: number, length: number, copy: boolean): void {
    if (this.#life === "gone") return;
    let taken = 0;
    if (this.#bufferedAmount === 0) {
      taken = this.#raw.write(bytes, start, length);
      // Below zero, the connection is broken: `close` follows.
      if (taken === length || taken < 0) return;
    }
    const from = start + taken;
    const end = start + length;
    this.#waiting.push(copy ? bytes.slice(from, end) : bytes.subarray(from, end));
    this.#bufferedAmount += length - taken;
  }

  onData(bytes: Uint8Array): void {
    if (this.#life !== "open") return;
    if (this.#paused || this.#held !== undefined) this.#hold(bytes);
    else if (bytes.length <= this.#tcp.inputLength) this.#deliver(bytes);
    else this.#deliverSlices(bytes);
  }

  onEnd(): void {
    if (this.#life !== "open") return;
    if (this.#paused || this.#held !== undefined) {
      this.#endHeld = true;
      return;
    }
    this.#ended = true;
    this.#tcp.enter();
    try {
      this.handler.end();
    } finally {
      this.#tcp.leave();
    }
    this.#closeIfEnded();
  }

  /** Bun also calls this when nothing waits: after the peer's end, and after `resume`. */
  onDrain(): void {
    if (this.#bufferedAmount === 0 || this.#life === "gone") return;
    if (!this.#writeWaiting()) return;
    if (this.#life === "open" && this.#writing === "open") {
      this.#tcp.enter();
      try {
        this.handler.drain();
      } finally {
        this.#tcp.leave();
      }
    }
    this.#finishWriting();
  }

  /** Bun calls this from inside `write`, `end` and `terminate` too, hence the handler later. */
  onClose(error: Error | undefined): void {
    // Once both sides have ended, Bun closes without a call to `end`.
    this.#endHeld = error === undefined && this.#life === "open" && !this.#ended;
    this.#life = "gone";
    this.#error = error;
    this.#waiting = [];
    this.#bufferedAmount = 0;
    this.#held = undefined;
    this.#tcp.later(this);
  }

  hearDue(): void {
    if (this.#life === "gone") {
      this.#hearClose();
      return;
    }
    if (this.#paused || this.#life !== "open") return;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#deliverSlices(held);
    if (this.#paused || this.#life !== "open") return;
    if (this.#endHeld) {
      this.#endHeld = false;
      this.onEnd();
    }
    if (!this.#paused && this.#life === "open") this.#raw.resume();
  }

  #hearClose(): void {
    if (this.#endHeld) this.handler.end();
    const { handler } = this;
    this.handler = DEAF;
    handler.close(this.#error);
  }

  #deliver(bytes: Uint8Array): void {
    const tcp = this.#tcp;
    tcp.bytes.set(bytes, tcp.inputStart);
    tcp.enter();
    try {
      this.handler.data(tcp.inputStart, bytes.length);
    } finally {
      tcp.leave();
    }
  }

  /** Bun's own buffer holds twice what the input region does. */
  #deliverSlices(bytes: Uint8Array): void {
    const most = this.#tcp.inputLength;
    for (let at = 0; at < bytes.length; at += most) {
      if (this.#life !== "open") return;
      if (this.#paused) {
        this.#hold(bytes.subarray(at));
        return;
      }
      this.#deliver(bytes.subarray(at, at + most));
    }
  }

  #hold(bytes: Uint8Array): void {
    this.#held = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
  }

  /** Returns whether nothing waits any more. */
  #writeWaiting(): boolean {
    let first = this.#waiting[0];
    while (first !== undefined) {
      const length = first.length - this.#waitingStart;
      const taken = this.#raw.write(first, this.#waitingStart, length);
      if (taken < 0) return false;
      this.#bufferedAmount -= taken;
      if (taken < length) {
        this.#waitingStart += taken;
        return false;
      }
      this.#waiting.shift();
      this.#waitingStart = 0;
      first = this.#waiting[0];
    }
    return true;
  }

  #finishWriting(): void {
    if (this.#bufferedAmount > 0 || this.#life === "gone") return;
    if (this.#life === "closing") {
      this.#raw.end();
      return;
    }
    if (this.#writing !== "ending") return;
    this.#writing = "ended";
    this.#raw.shutdown();
    this.#closeIfEnded();
  }

  #closeIfEnded(): void {
    if (this.#life === "open" && this.#ended && this.#writing === "ended") this.#raw.end();
  }
}

/** Hears what nobody wants to hear any more. */
const DEAF: SocketHandler = { data() {}, end() {}, drain() {}, close() {} };

/** One set of functions for all sockets: what differs is in their `data`. */
const handlers: BunHandlers<Owner> = {
  // A Buffer would cost Bun more to make.
  binaryType: "uint8array",
  open: (raw) => (raw.data as Acceptor | Connector).open(raw),
  data: (raw, bytes) => (raw.data as Connection).onData(bytes),
  drain: (raw) => (raw.data as Connection).onDrain(),
  end: (raw) => (raw.data as Connection).onEnd(),
  close: (raw, error) => {
    if (raw.data instanceof Connection) raw.data.onClose(error);
  },
  // Bun gives what a handler throws to this function instead of `uncaughtException`.
  error: (_, error) => {
    queueMicrotask(() => {
      throw error;
    });
  },
  // The promise of `connect` rejects with the same error.
  connectError: () => {},
};

/** Bun takes no backlog: it always asks the kernel for 512. */
function placeOf(options: ListenOptions, anyHost: string): BunPlace {
  if (options.path !== undefined) return { unix: options.path };
  return {
    hostname: options.host ?? anyHost,
    port: options.port ?? 0,
    reusePort: options.reusePort ?? false,
  };
}

function removeStaleSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}

function unixAddress(path: string): Address {
  return { host: "", port: 0, path };
}

function addressOf(host: string | undefined, port: number | undefined): Address {
  return { host: unmapped(host ?? ""), port: port ?? 0, path: "" };
}

/** On a socket for all addresses, those of IPv4 are shown mapped to IPv6 (RFC 4291 2.5.5.2). */
function unmapped(host: string): string {
  return host.startsWith("::ffff:") && host.includes(".") ? host.slice("::ffff:".length) : host;
}

function remoteAddressOf(raw: Raw): Address {
  return addressOf(raw.remoteAddress, raw.remotePort);
}

function localAddressOf(raw: Raw): Address {
  return addressOf(raw.localAddress, raw.localPort);
}

function boundAddressOf(listener: BunListener): Address {
  // `listener.hostname` is the name that was asked for, not the address it stands for.
  const bound: { address?: string } = {};
  listener.getsockname(bound);
  return addressOf(bound.address, listener.port);
}

let ceiling: number | undefined;

/** Connections with a descriptor this high or higher are refused. */
function descriptorCeiling(): number {
  ceiling ??= openFilesLimit() - SPARE_DESCRIPTORS;
  return ceiling;
}

/** The limit that Linux shows; where there is no such file, none is known. */
function openFilesLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

let warned = false;

/**
 * Closes a connection because descriptors run out. Bun has no way to stop accepting, and spins
 * while accepting fails; so the last descriptors are never given to connections.
 */
function refuse(raw: Raw): void {
  raw.terminate();
  if (warned) return;
  warned = true;
  process.emitWarning("Cannot accept connections: nearly all file descriptors are in use");
}
