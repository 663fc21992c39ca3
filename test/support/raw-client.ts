/**
 * A client in bytes over a real socket of `node:net`, so that no HTTP client's leniency hides a
 * fault.
 */

import { connect, type Socket as Peer } from "node:net";
import { expect } from "vitest";
import { until } from "./until.ts";

/** A raw client: sends text, and keeps all that comes back. */
export class RawClient {
  readonly peer: Peer;
  readonly parts: Buffer[] = [];
  ended = false;
  error: Error | undefined;

  constructor(host: string, port: number) {
    this.peer = connect({ host, port, allowHalfOpen: true });
    this.peer.on("data", (bytes: Buffer) => this.parts.push(bytes));
    this.peer.on("end", () => {
      this.ended = true;
    });
    this.peer.on("error", (error) => {
      this.error = error;
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.parts);
  }

  get text(): string {
    return this.received.toString("latin1");
  }

  send(data: string | Uint8Array): void {
    this.peer.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  }

  /** Everything until the server ends the connection, which must not be by a reset. */
  async whole(): Promise<string> {
    await until(() => this.ended || this.error !== undefined);
    expect(this.error).toBeUndefined();
    this.peer.end();
    return this.text;
  }
}
