/**
 * What the Bun host uses of Bun, as types: https://bun.sh/docs/api/tcp. Beside `tcp.ts` nothing
 * needs to know that there is a global `Bun`.
 */

export interface BunSocket<Data> {
  data: Data;
  readonly fd: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Returns how much the kernel took; -1 when the socket is closed. */
  write(bytes: Uint8Array, offset: number, length: number): number;
  pause(): void;
  resume(): void;
  /** Sends FIN. */
  shutdown(): void;
  /** Closes. */
  end(): void;
  /** Closes with a reset. */
  terminate(): void;
  setNoDelay(noDelay: boolean): void;
  /** The delay in milliseconds. */
  setKeepAlive(on: boolean, delay: number): void;
  ref(): void;
  unref(): void;
}

/** Functions that all sockets of a listener share; what is a socket's own is in its `data`. */
export interface BunHandlers<Data> {
  readonly binaryType: "uint8array";
  open(socket: BunSocket<Data>): void;
  data(socket: BunSocket<Data>, bytes: Uint8Array): void;
  drain(socket: BunSocket<Data>): void;
  end(socket: BunSocket<Data>): void;
  close(socket: BunSocket<Data>, error?: Error): void;
  error(socket: BunSocket<Data>, error: Error): void;
  connectError(socket: BunSocket<Data>, error: Error): void;
}

export type BunPlace =
  | { readonly hostname: string; readonly port: number; readonly reusePort?: boolean }
  | { readonly unix: string }
  /** A socket that listens already. */
  | { readonly fd: number };

export type BunOptions<Data> = BunPlace & {
  readonly allowHalfOpen: boolean;
  readonly data: Data;
  readonly socket: BunHandlers<Data>;
};

export interface BunListener {
  readonly port: number;
  getsockname(into: { address?: string }): void;
  stop(): void;
}

export interface BunRuntime {
  readonly version: string;
  listen<Data>(options: BunOptions<Data>): BunListener;
  connect<Data>(options: BunOptions<Data>): Promise<BunSocket<Data>>;
}

export const bun: BunRuntime = (globalThis as unknown as { Bun: BunRuntime }).Bun;
