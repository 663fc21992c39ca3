/** What connections leave behind is collected once it is quiet, on the sockets of each host. */
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { Program, RUN } from "../support/program.ts";

const FILE = new URL("programs/left.ts", import.meta.url);
const COUNT = 2000;
const AT_ONCE = 100;

/** Each host of this runtime, by how to ask for it. */
const hosts: Readonly<Record<string, { run?: readonly string[]; env?: Record<string, string> }>> = {
  ...("Deno" in globalThis
    ? { "Deno with ffi": {}, "Deno's own sockets": { run: ["run", "--allow-net", "--no-prompt"] } }
    : process.versions.bun
      ? { "Bun (epoll)": {}, "Bun's own sockets": { env: { SQUALL_TCP: "bun" } } }
      : { "Node (epoll)": {}, "node:net": { env: { SQUALL_TCP: "net" } } }),
};

let program: Program | undefined;
afterEach(() => program?.end());

async function openAndClose(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.end("hello");
  socket.resume();
  await once(socket, "close");
}

test.each(Object.entries(hosts))("%s", { timeout: 60_000 }, async (_, { run = RUN, env = {} }) => {
  program = new Program(process.execPath, [...run, fileURLToPath(FILE)], env);
  const port = Number((await program.says(/port (\d+)/))[1]);
  for (let open = 0; open < COUNT; open += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => openAndClose(port)));
  }
  // JavaScriptCore takes whatever on the stack looks like a reference for one.
  const [, left] = await program.says(new RegExp(`closed ${COUNT}, left (\\d?)\\.`), 30);
  expect(Number(left)).toBeLessThan(10);
});
