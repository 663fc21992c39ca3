/** Somebody between a client and a server, for the contract's tests of handshakes. */
import type { Address } from "../../../src/host.ts";
import type { Bench } from "./bench.ts";
import type { Probe } from "./probe.ts";

/** Passes on what a client says first; all the rest in one piece, and an end, when it is told to. */
export class Relay {
  held: Buffer | undefined;
  #server: Probe | undefined;

  async open(bench: Bench, to: Address): Promise<Address> {
    const data = async (bytes: Buffer, client: Probe): Promise<void> => {
      const isFirst = this.held === undefined;
      this.held = Buffer.concat([this.held ?? Buffer.alloc(0), isFirst ? Buffer.alloc(0) : bytes]);
      if (!isFirst) return;
      this.#server = await bench.connect(to, { data: (answer) => client.write(answer) });
      this.#server.write(bytes);
    };
    return (await bench.listen({}, { data })).listener.address;
  }

  finish(): void {
    this.#server?.write(this.held as Buffer);
    this.#server?.shutdown();
  }
}
