/**
 * Echoes lines. Run it with `node server.ts`, `bun run server.ts` or
 * `deno run --allow-net server.ts`; `--port=N` chooses another port than 8888.
 */

import process from "node:process";
import type { Address } from "squall/host";
import type { IOStream } from "squall/iostream";
import { TCPServer } from "squall/tcpserver";

class EchoServer extends TCPServer {
  override async handleStream(stream: IOStream, address: Address): Promise<void> {
    console.log(`${address.host}:${address.port} is here`);
    stream.setCloseCallback(() => console.log(`${address.host}:${address.port} is gone`));
    for (;;) await stream.write(await stream.readUntil("\n", { maxBytes: 64 * 1024 }));
  }
}

const port = Number(/--port[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 8888);
const server = new EchoServer();
await server.listen(port);
console.log(`Echoing lines on port ${server.addresses[0]?.port}`);
