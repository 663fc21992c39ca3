/** A server of lines: it sends back each one that it gets. */
import { expect } from "vitest";
import type { Address } from "../../src/host.ts";
import type { IOStream } from "../../src/iostream.ts";
import { TCPServer } from "../../src/tcpserver.ts";

export class Echo extends TCPServer {
  readonly served: { stream: IOStream; address: Address }[] = [];

  override async handleStream(stream: IOStream, address: Address): Promise<void> {
    this.served.push({ stream, address });
    for (;;) await stream.write(await stream.readUntil("\n"));
  }
}

/** Sends a line, and expects it back. */
export async function echoes(stream: IOStream): Promise<void> {
  await stream.write("hello\n");
  expect(new TextDecoder().decode(await stream.readUntil("\n"))).toBe("hello\n");
}
