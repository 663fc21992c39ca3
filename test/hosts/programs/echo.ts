/**
 * An echo server for tests that need one in a process of its own. Prints its port; ends when its
 * standard input does, because then nothing keeps it.
 */
import { host } from "#host";
import { createTransferMemory } from "../../support/transfer-memory.ts";

const memory = createTransferMemory();
const tcp = host.openTcp(memory);
const bytes = Buffer.from(memory.buffer);
const listener = await tcp.listen({ host: "127.0.0.1", backlog: 256 }, (socket) => ({
  data: (start, length) => socket.write(Buffer.from(bytes.subarray(start, start + length))),
  end: () => socket.close(),
  drain: () => {},
  close: () => {},
}));
console.log(listener.address.port);
process.stdin.resume();
process.stdin.on("end", () => {
  listener.close();
  const { user, system } = process.cpuUsage();
  console.log(`processor time ${(user + system) / 1000} ms`);
});
