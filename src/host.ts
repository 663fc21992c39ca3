/**
 * The seam between Squall and the runtime it runs on: types only, bytes only, no runtime's types.
 * A host (host-node, host-deno, host-bun, and the fake one of the tests) implements it; the module
 * `ioloop` imports one through `#host`. Above it stand `http1connection` and `iostream`.
 *
 * Received bytes arrive inside the core's memory, so that the parser reads them where the kernel
 * put them. Bytes to send may be built there too (`reserve`, then `send`), so that a host hands
 * them to the kernel without a copy, once for all that one readiness batch produced.
 */

/** A part of the core's memory, in bytes from its start. */
export interface Region {
  readonly start: number;
  readonly length: number;
}

/** The parts of the core's memory that a host works in. The memory never grows or moves. */
export interface TransferMemory {
  readonly buffer: ArrayBuffer;
  /** Where received bytes are put. */
  readonly input: Region;
  /** Where `Tcp.reserve` gives room for bytes to send. */
  readonly output: Region;
  /** A table for hosts that exchange whole readiness batches with native code. */
  readonly events: Region;
}

/**
 * Writable bytes that must follow received bytes within the core's memory: the parser puts a
 * sentinel after them, so that its scans need no bounds checks.
 */
export const INPUT_SLACK = 64;

/**
 * Milliseconds of silence on a TCP connection after which the kernel asks the peer's whether it is
 * still there. Who only waits for a peer would else never notice that it has vanished without a
 * word; now the connection ends with ETIMEDOUT. Linux itself waits two hours, while AWS's load
 * balancers forget a silent connection after 350 seconds.
 */
export const KEEP_ALIVE_DELAY = 60_000;

/** One runtime's sockets (and, as modules need them, its files and processes). */
export interface Host {
  /** The way sockets are driven: `node-epoll`, `node-net`, `deno`, `deno-epoll`, `bun`, `fake`. */
  readonly name: string;
  /** The runtime and its version, as in `node 26.10.0`. */
  readonly runtime: string;
  /**
   * How `node:inspector` shows what blocks the main thread: by another thread, which stops it for a
   * moment; by a profiler; or not at all.
   */
  readonly stacks: "paused" | "sampled" | "none";
  /**
   * The command that starts this program again, with the same options and permissions. Throws if it
   * cannot be known.
   */
  programCommand(): readonly string[];
  /** Opens the socket layer on the core's memory. Called once. */
  openTcp(memory: TransferMemory): Tcp;
}

/**
 * Where a socket is bound or connected: an IP address and port, or a Unix socket's path. IPv4 on a
 * socket for both families is shown as IPv4, not as `::ffff:…`.
 */
export interface Address {
  /** `""` for a Unix socket. */
  readonly host: string;
  /** 0 for a Unix socket. */
  readonly port: number;
  /** `""` for TCP; also `""` for the unnamed end of a Unix socket. */
  readonly path: string;
}

/** Where a listener listens, and how: a port of a host, a Unix socket, or a socket that is open. */
export interface ListenOptions {
  /** An IP address or name; all addresses, IPv4 and IPv6, if left out. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port?: number;
  /** Path of a Unix socket, instead of host and port. A stale socket file is replaced. */
  readonly path?: string;
  /** Permission bits of the Unix socket, 0o600 by default as in Tornado. */
  readonly mode?: number;
  /** Connections that the kernel holds until they are accepted, 128 by default as in Tornado. */
  readonly backlog?: number;
  /** Lets several processes listen on the same port (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /**
   * Accepts on a socket that listens already, instead of opening one: its descriptor, inherited from
   * the parent process. Rejects with `ENOTSUP` where the runtime cannot use one.
   */
  readonly fd?: number;
  /** Speaks TLS on every connection; the factory is called after the handshake. */
  readonly tls?: TlsServerOptions;
}

/** Where a connection leads, and how: to a port of a host, or to a Unix socket. */
export interface ConnectOptions {
  readonly host?: string;
  readonly port?: number;
  /** Path of a Unix socket, instead of host and port. */
  readonly path?: string;
  /**
   * Where the connection comes from. Rejects with the system's error for an address that is not
   * this machine's, and with `ENOTSUP` where the runtime's sockets cannot be bound first.
   */
  readonly source?: SourceAddress;
  /** Speaks TLS; the factory is called after the handshake, and `host` is the name to verify. */
  readonly tls?: TlsClientOptions;
  /**
   * Gives up when it is aborted, before the factory was called: the attempt, which the system would
   * go on with for minutes, is dropped, and the promise rejects with the signal's reason. So does
   * one whose name is still being looked up, though the system goes on to look.
   */
  readonly signal?: AbortSignal;
}

/** Where a connection comes from: an IP address of this machine, a port, or both. */
export interface SourceAddress {
  /** Of the same family as the address that is connected to; any address if left out. */
  readonly host?: string;
  /** Any free port if left out. */
  readonly port?: number;
}

/** A certificate or key in PEM; several certificates may follow each other. */
export type Pem = string | Uint8Array;

/** What both ends of a TLS connection may say about themselves. */
export interface TlsOptions {
  /** The certificate, followed by those between it and the root. */
  readonly cert?: Pem;
  readonly key?: Pem;
  /** Opens an encrypted key. */
  readonly passphrase?: string;
  /** Certificates that the peer's must lead to, instead of those that the runtime trusts. */
  readonly ca?: Pem | readonly Pem[];
  /** Protocols of the next layer, the preferred one first (RFC 7301). */
  readonly alpnProtocols?: readonly string[];
  /** The oldest version spoken, TLS 1.2 by default. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /**
   * Seconds that a handshake may take, 10 by default: before it, nothing else has a timeout. 0 waits
   * for ever.
   */
  readonly handshakeTimeout?: number;
}

/** What a server says of itself, and asks of its clients; `cert` and `key` belong together. */
export interface TlsServerOptions extends TlsOptions {
  /** Asks clients for a certificate. */
  readonly requestCert?: boolean;
  /** Refuses clients without a trusted certificate, if one is asked for. True by default. */
  readonly rejectUnauthorized?: boolean;
  /**
   * Other certificates for other names that clients ask for (RFC 6066 3), as `www.example.com` or
   * `*.example.com`.
   */
  readonly servers?: Readonly<Record<string, Pick<TlsOptions, "cert" | "key" | "passphrase">>>;
  /** Hears that a handshake has begun: the factory is called, or `handshakeFailed`, when it is over. */
  readonly handshakeBegun?: () => void;
  /** Hears of handshakes that failed; they concern nobody else. */
  readonly handshakeFailed?: (error: Error, remote: Address) => void;
}

/** What a client asks of the server, and may say of itself. */
export interface TlsClientOptions extends TlsOptions {
  /** The name asked for and verified, the host connected to by default. */
  readonly serverName?: string;
  /** False accepts any certificate: whoever is in between can read everything. */
  readonly rejectUnauthorized?: boolean;
  /** Breaks the handshake off when it is aborted; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Which end `Tcp.startTls` plays. */
export type StartTlsOptions =
  | ({ readonly side: "server"; readonly signal?: AbortSignal } & TlsServerOptions)
  | ({ readonly side: "client" } & TlsClientOptions);

/** What a handshake has settled. To be read while the socket is open. */
export interface TlsFacts {
  /** As in `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  /** `""` if none was agreed on. */
  readonly alpnProtocol: string;
  /** The name that the client asked for, or `""`. */
  readonly serverName: string;
  /** Whether the peer has shown a certificate that is trusted. */
  readonly authorized: boolean;
  /** Undefined if the peer has shown none. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** What a peer's certificate says, as OpenSSL shows it. */
export interface PeerCertificate {
  /** Parts of the name, as in `{ CN: "localhost" }`. */
  readonly subject: Readonly<Record<string, string | readonly string[]>>;
  /** Who has signed it, in the same form. */
  readonly issuer: Readonly<Record<string, string | readonly string[]>>;
  /** As in `DNS:localhost, IP Address:127.0.0.1`. */
  readonly subjectAltName: string;
  /** As in `Nov 21 12:00:00 2026 GMT`, and so is the end. */
  readonly validFrom: string;
  readonly validTo: string;
  /** In hexadecimal digits. */
  readonly serialNumber: string;
  /** The SHA-256 of the certificate, as in `A0:1B:…`. */
  readonly fingerprint256: string;
  /** The whole certificate in DER. */
  readonly raw: Uint8Array;
}

/**
 * Makes the handler of a new socket. The socket delivers nothing before this has returned, and is
 * aborted if this throws.
 */
export type SocketHandlerFactory = (socket: Socket) => SocketHandler;

/**
 * TCP and Unix stream sockets. Failures are errors with the system's code: `code` is one of
 * `EADDRINUSE`, `EACCES`, `ECONNREFUSED`, `ECONNRESET`, `ENOENT` and so on.
 */
export interface Tcp {
  /** Starts to accept connections. Rejects if the address cannot be bound. */
  listen(options: ListenOptions, accept: SocketHandlerFactory): Promise<Listener>;
  /**
   * Opens a TCP socket that listens, but on which nobody accepts here: for child processes to
   * inherit. Rejects with `ENOTSUP` where the runtime gives no descriptor.
   */
  openListener(options: ListenOptions): Promise<IdleListener>;
  /**
   * Connects. Rejects if that fails or if the factory throws; an error after that reaches the
   * handler's `close`.
   */
  connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket>;
  /**
   * Begins TLS on a connection, and gives the socket that takes the place of the one given; that
   * one belongs to it from here on. Rejects, with the connection closed, if the handshake fails.
   */
  startTls(
    socket: Socket,
    options: StartTlsOptions,
    secured: SocketHandlerFactory,
  ): Promise<Socket>;
  /**
   * Makes room for `length` bytes in the output region and returns where they start. The room is
   * the caller's until its next call to `reserve`, or until it returns to the event loop; `send`
   * uses it up. Throws a RangeError if `length` is more than the region holds.
   */
  reserve(length: number): number;
  /**
   * The time on the clock of `performance.now()`, asked once for all that one readiness batch
   * delivers: to ask costs about as much as to parse a request.
   */
  time(): number;
  /**
   * Calls `ready` whenever a descriptor of the caller's own is ready: a pipe, a terminal, a socket
   * of somebody else's library. It goes on as long as it is ready, so `ready` reads or writes, or
   * asks no more. Throws with the system's code, as EPERM for a file, which is always ready, and
   * with ENOTSUP where the host does not use epoll.
   */
  watch(fd: number, events: number, ready: (events: number) => void): DescriptorWatch;
}

/** What a descriptor is watched for, and is ready for: bits, as epoll numbers them. */
export const READABLE = 1;
/** Room for output. */
export const WRITABLE = 4;
/** An error, or the other end is gone: always watched for. */
export const BROKEN: number = 8 | 16;

/** A descriptor that is watched. It stays the caller's, who closes it after `close`. */
export interface DescriptorWatch {
  /** Watches for these events from now on. */
  change(events: number): void;
  /** Watches no more. Idempotent. */
  close(): void;
}

/** A socket that listens while nobody accepts: the kernel holds as many clients as `backlog` says. */
export interface IdleListener {
  readonly address: Address;
  readonly fd: number;
  /**
   * How a child gets it: by number, while `setInheritable` is on, or else as one of its `stdio`.
   * Deno makes those block, also for the processes that have the same socket already.
   */
  readonly byNumber: boolean;
  /** Has child processes that are started from now on inherit the number, or not. */
  setInheritable(on: boolean): void;
  /**
   * Has the kernel let nobody else connect, whichever process accepts, so that whoever closes the
   * socket last resets nobody. Does nothing where the host does not use epoll.
   */
  refuseClients(): void;
  /** Closes the descriptor; processes that inherited it go on. Idempotent. */
  close(): void;
}

/** A socket that accepts connections. Keeps the process running until it is closed. */
export interface Listener {
  /** The address bound, with the port that was taken. */
  readonly address: Address;
  /**
   * Stops accepting; open connections go on. On a host with epoll who has connected is accepted
   * first, and reaches the factory before anything else happens; elsewhere the kernel resets those
   * that the runtime has not accepted yet. A Unix socket's file is removed. Idempotent.
   */
  close(): void;
  /**
   * Replaces what the listener speaks TLS with, such as a certificate that was renewed, for
   * connections to come. Throws if it was opened without `tls`, or if the new ones do not fit.
   */
  setTls(options: TlsServerOptions): void;
}

/**
 * One connection. Nothing here throws because of what the peer did: a broken connection shows as
 * `SocketHandler.close`, and output for a closed socket is dropped.
 */
export interface Socket {
  readonly localAddress: Address;
  /** The peer's, which can still be read when the socket is gone. */
  readonly remoteAddress: Address;
  /** What the handshake has settled; undefined without TLS. */
  readonly tls: TlsFacts | undefined;
  /** Replaces the handler: how `detach()` hands a connection over. */
  handler: SocketHandler;
  /** Bytes taken by `send` and `write` that the kernel has not taken yet. */
  readonly bufferedAmount: number;
  /**
   * Sends bytes of the output region, from room given by `Tcp.reserve`. Takes them before it
   * returns to the event loop at the latest: what the kernel does not take is copied.
   */
  send(start: number, length: number): void;
  /**
   * Sends bytes that lie anywhere else. They must not change until `bufferedAmount` is 0; with
   * `mayChange` they may as soon as this returns: what the kernel does not take is copied.
   */
  write(bytes: Uint8Array, mayChange?: boolean): void;
  /** Sends bytes that go to many sockets and never change: a host may copy them once for all. */
  writeShared(bytes: Uint8Array): void;
  /**
   * Sends `length` bytes of an open file, from `start` on, without their passing through this
   * process. False if this socket cannot: then nothing has happened, and whoever asked reads the
   * file and writes it. Nothing happens for a length of 0 either: so one asks whether it can. The
   * descriptor must stay open until `bufferedAmount` is 0 or the socket is closed. A file that ends
   * too soon, or cannot be read, breaks the connection off: the peer sees a reset, the handler hears
   * `close` with the error.
   */
  sendFile(file: number, start: number, length: number): boolean;
  /**
   * Stops reading: no more `data` or `end` until `resume`. The kernel holds what arrives. A reset is
   * heard all the same, as `close`; on some hosts not if it stands behind bytes that wait.
   */
  pause(): void;
  resume(): void;
  /**
   * Half-closes: sends what is buffered, then FIN. Reading goes on; once the peer has ended too, the
   * socket closes by itself.
   */
  shutdown(): void;
  /** Sends what is buffered, then closes. No `data`, `end` or `drain` comes after this call. */
  close(): void;
  /** Closes at once and drops what is buffered; the peer sees a reset. */
  abort(): void;
  /** Nagle's algorithm off (true, the default of every new TCP socket) or on. */
  setNoDelay(noDelay: boolean): void;
  /** Whether this socket keeps the process running while it is open, as every new one does. */
  keepProcess(kept: boolean): void;
}

/** Hears nothing: what a socket has until its owner's factory has returned, and after a failure. */
export const NOBODY: SocketHandler = { data() {}, end() {}, drain() {}, close() {} };

/**
 * What a connection's owner hears. `close` comes exactly once, last, for every socket. A host never
 * calls a handler from inside a call to one of its methods, nor from inside another handler's. What
 * a handler throws becomes the process's uncaught exception; the socket and all others go on.
 */
export interface SocketHandler {
  /**
   * Bytes have arrived, in the core's input region, followed by `INPUT_SLACK` writable bytes.
   * They are valid until this returns.
   */
  data(start: number, length: number): void;
  /** The peer sends no more. The socket stays open for output until it is closed. */
  end(): void;
  /** `bufferedAmount` was above 0 and has come down to 0. */
  drain(): void;
  /**
   * The socket is gone: with the error that ended it, or without one after a clean close or the
   * owner's own `abort`.
   */
  close(error: Error | undefined): void;
}
