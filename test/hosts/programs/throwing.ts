/**
 * Three sockets become readable in one batch, and the handler of each throws, the second from a
 * promise. Prints what was answered and what was reported.
 */
import { connect } from "node:net";
import { host } from "#host";
import type { Socket, SocketHandler } from "../../../src/host.ts";
import { createTransferMemory } from "../../support/transfer-memory.ts";

const reported: string[] = [];
process.on("uncaughtException", (error) => reported.push(error.message));
process.on("unhandledRejection", (error) => reported.push((error as Error).message));

const memory = createTransferMemory();
const tcp = host.openTcp(memory);
let heard = 0;

class Thrower implements SocketHandler {
  readonly #socket: Socket;
  constructor(socket: Socket) {
    this.#socket = socket;
  }
  data(): void {
    heard++;
    this.#socket.write(Buffer.from(`answer ${heard}`));
    const error = new Error(`thrown ${heard}`);
    if (heard !== 2) throw error;
    Promise.reject(error);
  }
  end(): void {
    this.#socket.close();
  }
  drain(): void {}
  close(): void {}
}

const listener = await tcp.listen({ host: "127.0.0.1" }, (socket) => new Thrower(socket));
const peers = await Promise.all(
  Array.from({ length: 3 }, async () => {
    const peer = connect(listener.address.port, "127.0.0.1");
    await new Promise((done) => peer.once("connect", done));
    return peer;
  }),
);
const answers = peers.map(
  (peer) => new Promise<string>((done) => peer.once("data", (bytes) => done(String(bytes)))),
);
await new Promise((done) => setTimeout(done, 50));
for (const peer of peers) peer.write("go");
// Sleeping here lets all three arrive before the loop looks.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
console.log(JSON.stringify({ answers: (await Promise.all(answers)).sort(), reported }));
for (const peer of peers) peer.destroy();
listener.close();
