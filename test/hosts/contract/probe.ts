/**
 * A socket's owner in the contract's tests: it records what it hears, and notes every breach of
 * the rules of `src/host.ts` that no single test is about (where bytes lie, what may follow what,
 * no call from inside a call). `bench.ts` makes probes, and fails the test if there was a breach.
 */
import { INPUT_SLACK, type Socket, type SocketHandler } from "../../../src/host.ts";
import type { Bench } from "./bench.ts";

/** What a test does when its probe hears something. */
export interface Script {
  /** In the factory, before the socket delivers anything. */
  open?: (probe: Probe) => void;
  data?: (bytes: Buffer, probe: Probe) => void;
  end?: (probe: Probe) => void;
  drain?: (probe: Probe) => void;
  close?: (error: Error | undefined, probe: Probe) => void;
}

/** What probes leave behind in memory that was theirs for the call: a host must not rely on it. */
const SCRIBBLE = 0xa5;

export class Probe implements SocketHandler {
  readonly socket: Socket;
  /** Its own copy: a test may change what one probe does. */
  script: Script;
  /** Set to false by tests that move many bytes and check them as they come. */
  keep = true;
  readonly chunks: Buffer[] = [];
  length = 0;
  ended = false;
  drains = 0;
  closes = 0;
  error: Error | undefined;
  paused = false;
  /** `close` or `abort` has been called. */
  finished = false;
  /** Another handler has taken the socket over: this one hears nothing any more. */
  released = false;
  readonly #bench: Bench;

  constructor(bench: Bench, socket: Socket, script: Script) {
    this.#bench = bench;
    this.socket = socket;
    this.script = { ...script };
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  get closed(): boolean {
    return this.closes > 0;
  }

  /** The code of the error that ended the socket. */
  get code(): string | undefined {
    return (this.error as NodeJS.ErrnoException | undefined)?.code;
  }

  data(start: number, length: number): void {
    this.#hear("data", () => {
      const { buffer, input } = this.#bench.memory;
      const inside =
        start >= input.start && start + length + INPUT_SLACK <= input.start + input.length;
      if (!inside || length <= 0) this.#breach(`data outside the input: ${start}, ${length}`);
      const bytes = Buffer.from(Buffer.from(buffer, start, length));
      if (this.keep) this.chunks.push(bytes);
      this.length += length;
      this.script.data?.(bytes, this);
      new Uint8Array(buffer, start, length + INPUT_SLACK).fill(SCRIBBLE);
    });
  }

  end(): void {
    this.#hear("end", () => {
      this.ended = true;
      this.script.end?.(this);
    });
  }

  drain(): void {
    this.#hear("drain", () => {
      if (this.socket.bufferedAmount !== 0) this.#breach("drain before everything was sent");
      this.drains++;
      this.script.drain?.(this);
    });
  }

  close(error: Error | undefined): void {
    this.#hear("close", () => {
      this.closes++;
      this.error = error;
      if (this.socket.bufferedAmount !== 0) this.#breach("bufferedAmount above 0 after close");
      this.script.close?.(error, this);
    });
  }

  send(bytes: Uint8Array): void {
    this.#bench.call(() => {
      const start = this.#bench.tcp.reserve(bytes.length);
      new Uint8Array(this.#bench.memory.buffer, start, bytes.length).set(bytes);
      this.socket.send(start, bytes.length);
    });
  }

  write(bytes: Uint8Array): void {
    this.#bench.call(() => this.socket.write(bytes));
  }

  writeShared(bytes: Uint8Array): void {
    this.#bench.call(() => this.socket.writeShared(bytes));
  }

  sendFile(file: number, start: number, length: number): boolean {
    let isSent = false;
    this.#bench.call(() => {
      isSent = this.socket.sendFile(file, start, length);
    });
    return isSent;
  }

  pause(): void {
    this.paused = true;
    this.#bench.call(() => this.socket.pause());
  }

  resume(): void {
    this.paused = false;
    this.#bench.call(() => this.socket.resume());
  }

  shutdown(): void {
    this.#bench.call(() => this.socket.shutdown());
  }

  finish(): void {
    this.finished = true;
    this.#bench.call(() => this.socket.close());
  }

  abort(): void {
    this.finished = true;
    this.#bench.call(() => this.socket.abort());
  }

  #hear(event: "data" | "end" | "drain" | "close", action: () => void): void {
    if (this.closed) this.#breach(`${event} after close`);
    if (this.released) this.#breach(`${event} after the handler was replaced`);
    if (event !== "close" && this.finished) this.#breach(`${event} after close() or abort()`);
    if (event === "data" || event === "end") {
      if (this.ended) this.#breach(`${event} after end`);
      if (this.paused) this.#breach(`${event} while paused`);
    }
    this.#bench.hear(event, action);
  }

  #breach(what: string): void {
    this.#bench.breaches.push(what);
  }
}
