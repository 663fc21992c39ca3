/**
 * A connection as delegates that stand before others show it: all goes through, and what differs is
 * theirs to change. See `proxy-delegate.ts` and `decompress-delegate.ts`.
 */

import type { Socket, Tcp } from "../host.ts";
import type {
  Departure,
  Extent,
  HTTPConnection,
  HTTPHeaders,
  HTTPRequestContext,
  OpenFile,
  ResponseStartLine,
} from "../httputil.ts";

/** A connection for one request, with another context perhaps: nothing of it reaches the next one. */
export class WrappedConnection implements HTTPConnection {
  context: HTTPRequestContext;
  readonly startTime: number;
  readonly #connection: HTTPConnection;

  constructor(connection: HTTPConnection) {
    this.#connection = connection;
    this.context = connection.context;
    this.startTime = connection.startTime;
  }

  writeHeaders(
    startLine: ResponseStartLine,
    headers: HTTPHeaders,
    chunk?: string | Uint8Array,
    extent?: Extent,
  ): Promise<void> | undefined {
    return this.#connection.writeHeaders(startLine, headers, chunk, extent);
  }

  write(chunk: string | Uint8Array): Promise<void> | undefined {
    return this.#connection.write(chunk);
  }

  get sendsFiles(): boolean {
    return this.#connection.sendsFiles;
  }

  sendFile(file: OpenFile, start: number, end: number): Promise<void> {
    return this.#connection.sendFile(file, start, end);
  }

  finish(): void {
    this.#connection.finish();
  }

  abort(): void {
    this.#connection.abort();
  }

  setMaxBodySize(bytes: number): void {
    this.#connection.setMaxBodySize(bytes);
  }

  detach(): Socket {
    return this.#connection.detach();
  }

  get draining(): boolean {
    return this.#connection.draining;
  }

  joinDrain(departure: Departure): () => void {
    return this.#connection.joinDrain(departure);
  }

  get tcp(): Tcp {
    return this.#connection.tcp;
  }
}
