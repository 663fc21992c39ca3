/**
 * A server in several processes, which the tests of `process` start and signal. The argument says
 * how, as JSON; each child prints its number, pid and port.
 */
import { existsSync, readFileSync } from "node:fs";
import { setLogLevel } from "../../src/log.ts";
import { reportReady, taskId } from "../../src/process.ts";
import { Application, HTTPServer, RequestHandler } from "../../src/web.ts";

class Hello extends RequestHandler {
  async get(): Promise<void> {
    const ms = Number(this.getArgument("ms", { default: "0" }));
    if (ms > 0) {
      console.log("asked");
      await new Promise((resolve) => setTimeout(resolve, ms));
      // Late, as a program may that has more to do: its parent may be gone by then.
      reportReady();
    }
    this.write(`Hello from ${process.pid}`);
  }
}

class Crash extends RequestHandler {
  get(): void {
    process.exit(Number(this.getArgument("code")));
  }
}

/** How the program has changed since it was started first: it is started again as another one. */
async function change(how: string): Promise<void> {
  if (how === "listens twice") await server.listen(Number(server.addresses[0]?.port), "127.0.0.1");
  if (how === "fails later") await new Promise((resolve) => setTimeout(resolve, 50));
  if (how !== "hangs") throw new Error(`Cannot go on: ${how}`);
}

const { count, crash, changed = "", port = 0, options = {} } = JSON.parse(process.argv[2] ?? "{}");
setLogLevel("info");
console.log(`before ${taskId()}`);
if (crash === "start" && taskId() !== undefined) process.exit(3);
if (crash === "hang" && taskId() !== undefined)
  await new Promise(() => setInterval(Date.now, 1000));
if (crash === "first") {
  if (taskId() === 0) process.exit(3);
  while (taskId() === 1 && !existsSync(changed)) await new Promise(setImmediate);
}
const server = new HTTPServer(
  new Application(
    [
      ["/", Hello],
      ["/crash", Crash],
    ],
    { logFunction: () => undefined },
  ),
);
server.bind(port, "127.0.0.1");
await server.start(count, options);
if (crash === undefined && changed !== "" && existsSync(changed))
  await change(readFileSync(changed, "utf8"));
else if (options.reportsReady) reportReady();
console.log(`task ${taskId()} pid ${process.pid} port ${server.addresses[0]?.port}`);
