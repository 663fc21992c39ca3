/**
 * A program that the tests of Deno's permissions and limits start: does what its argument says, on
 * the host that its permissions give it, and prints one line of JSON.
 */
import { denoHost, host } from "../../host-deno/host.ts";
import type { ConnectOptions, ListenOptions, Socket, SocketHandler } from "../../src/host.ts";
import { createTransferMemory } from "../support/transfer-memory.ts";

export interface Task {
  readonly host: "chosen" | "deno";
  readonly act: "listen" | "connect" | "serve";
  readonly options: ListenOptions & ConnectOptions;
}

export interface Outcome {
  readonly host: string;
  readonly port?: number;
  readonly error?: string;
  readonly code?: string;
  readonly message?: string;
}

class Echo implements SocketHandler {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  data(start: number, length: number): void {
    this.#socket.write(bytes.slice(start, start + length));
  }

  end(): void {
    this.#socket.close();
  }

  drain(): void {}
  close(): void {}
}

const task = JSON.parse(Deno.args[0] ?? "") as Task;
const chosen = task.host === "deno" ? denoHost : host;
const memory = createTransferMemory();
const bytes = new Uint8Array(memory.buffer);
const tcp = chosen.openTcp(memory);

async function run(): Promise<Outcome> {
  if (task.act === "connect") {
    const socket = await tcp.connect(task.options, (made) => new Echo(made));
    socket.close();
    return { host: chosen.name };
  }
  const listener = await tcp.listen(task.options, (socket) => new Echo(socket));
  if (task.act === "listen") listener.close();
  return { host: chosen.name, port: listener.address.port };
}

function failed(error: unknown): Outcome {
  if (!(error instanceof Error)) throw error;
  const code = "code" in error ? `${error.code}` : "";
  return { host: chosen.name, error: error.name, code, message: error.message };
}

console.log(JSON.stringify(await run().catch(failed)));
