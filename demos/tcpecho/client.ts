/**
 * Sends a line to the echo server and prints what comes back: `node client.ts --port=8888 hello`,
 * and the same with `bun run` or `deno run --allow-net`.
 */

import process from "node:process";
import { TCPClient } from "squall/tcpclient";

const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const port = Number(/--port[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 8888);
const stream = await new TCPClient().connect("localhost", port, { timeout: 5 });
await stream.write(`${words.join(" ") || "hello"}\n`);
console.log(new TextDecoder().decode(await stream.readUntil("\n")).trimEnd());
stream.close();
