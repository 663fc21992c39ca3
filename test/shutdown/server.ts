/**
 * A server that the tests of graceful stops start and signal. Its arguments are options of the
 * server as JSON; it prints its port.
 */
import { setLogLevel } from "../../src/log.ts";
import { onShutdown } from "../../src/shutdown.ts";
import { Application, HealthHandler, RequestHandler } from "../../src/web.ts";

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

class Slow extends RequestHandler {
  async get(): Promise<void> {
    const ms = Number(this.getArgument("ms"));
    console.log("slow");
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.write("done");
  }
}

/** Answers when it is told that the server stops, as a long poll should. */
class Poll extends RequestHandler {
  #forget = (): void => undefined;

  async get(): Promise<void> {
    console.log("polling");
    await new Promise<void>((resolve) => {
      this.#forget = this.request.connection.joinDrain({ leave: resolve });
    });
    this.#forget();
    this.write("nothing new");
  }
}

/** A socket that is no HTTP any more, with a goodbye of its own. */
class Raw extends RequestHandler {
  get(): void {
    const { connection } = this.request;
    const socket = connection.detach();
    const bytes = new TextEncoder();
    const gone = connection.joinDrain({
      leave: () => {
        if (this.getArgument("stubborn", { default: "" }) === "")
          socket.write(bytes.encode("goodbye"));
      },
      abort: () => socket.abort(),
    });
    socket.handler = {
      data: () => socket.close(),
      end: () => socket.close(),
      drain: () => undefined,
      close: gone,
    };
    socket.write(bytes.encode("hello "));
  }
}

setLogLevel("info");
const app = new Application(
  [
    ["/", Hello],
    ["/slow", Slow],
    ["/poll", Poll],
    ["/raw", Raw],
    ["/ready", HealthHandler],
    ["/live", HealthHandler, { live: true }],
  ],
  { logFunction: () => undefined },
);
const { hearsTwice, ...options } = JSON.parse(process.argv[2] ?? "{}");
const server = await app.listen(options.port ?? 0, "127.0.0.1", options);
onShutdown(() => console.log("closed the database"));
onShutdown(async () => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  console.log("closed the broker");
});
// As if somebody else sent SIGTERM, too, however busy the machine is.
if (hearsTwice) process.once("SIGTERM", () => process.emit("SIGTERM", "SIGTERM"));
// A timer that would keep the process alive.
setInterval(() => undefined, 1000);
console.log(`port ${server.addresses[0]?.port}`);
