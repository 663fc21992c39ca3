/**
 * A chat: Tornado's demo, by long polling and by WebSocket, for people on different processes and
 * machines. Run it with `node chat.ts`, `bun run chat.ts` or `deno run -A chat.ts`, and open
 * http://localhost:8888/ twice.
 *
 *   --processes=0            one process for each core; they meet through a broker:
 *   --redis=redis://host     Redis or Valkey, for which `@redis/client` has to be installed
 *   --nats=host              NATS, for which `@nats-io/transport-node` has to be installed
 */

import { fileURLToPath } from "node:url";
import { define, parseCommandLine } from "squall/options";
import { forkProcesses } from "squall/process";
import { LocalPubSub, type PubSub } from "squall/pubsub";
import { onShutdown } from "squall/shutdown";
import { Application, HealthHandler, HTTPServer } from "squall/web";
import { Login, Logout, NewMessage, Room, Updates } from "./handlers.ts";
import { MessageBuffer } from "./message-buffer.ts";
import { ChatSocket } from "./socket.ts";

const port = define("port", { default: 8888, help: "Port to listen on" });
const address = define("address", { default: "", help: "Address to listen on; all, if left out" });
const processes = define("processes", { default: 1, help: "Processes; 0: one for each core" });
const redis = define("redis", { default: "", help: "URL of a Redis or Valkey" });
const nats = define("nats", { default: "", help: "Host and port of a NATS server" });
const unix = define("unix", { default: "", help: "Path of a Unix socket, in place of a port" });
const drainDelay = define("drain_delay", { default: 0, help: "Seconds to serve on after SIGTERM" });
const xheaders = define("xheaders", { default: false, help: "Behind a proxy that sets X-Real-Ip" });
const secret = define("cookie_secret", {
  default: "a demo's secret, known to everybody: replace it",
  help: "What cookies are signed with, the same in all processes",
});

parseCommandLine();
const place = { port: port.value, ...(address.value !== "" && { host: address.value }) };
if (processes.value !== 1) {
  if (redis.value === "" && nats.value === "") {
    throw new Error("Cannot run several processes without a broker: give --redis or --nats");
  }
  if (unix.value !== "") {
    throw new Error("Cannot run several processes on a Unix socket: give --port");
  }
  // First of all: the parent holds the sockets and looks after its children, and says nothing.
  await forkProcesses(processes.value, { listen: [place] });
}

/** The broker that the command line names. Loaded when it is needed, as the packages are optional. */
async function openPubSub(): Promise<PubSub> {
  if (redis.value !== "") {
    const { createClient } = await import("@redis/client");
    const { RedisPubSub } = await import("squall/pubsub/redis");
    return new RedisPubSub(createClient({ url: redis.value }));
  }
  if (nats.value !== "") {
    const { connect } = await import("@nats-io/transport-node");
    const { NatsPubSub } = await import("squall/pubsub/nats");
    // A machine that vanishes is noticed, and looked for until it is back.
    const options = { maxReconnectAttempts: -1, pingInterval: 10_000 };
    return new NatsPubSub(await connect({ servers: nats.value, ...options }));
  }
  return new LocalPubSub();
}

const pubsub = await openPubSub();
onShutdown(() => pubsub.close());
const buffer = new MessageBuffer(pubsub);
// What is said before others can hear it would be lost: this process listens after that.
await buffer.join();
const broker = (): boolean => buffer.connected;
const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const app = new Application(
  [
    ["/", Room, { buffer }],
    ["/login", Login],
    ["/logout", Logout],
    ["/a/message/new", NewMessage, { buffer }],
    ["/a/message/updates", Updates, { buffer }],
    ["/a/socket", ChatSocket, { buffer }],
    ["/healthz", HealthHandler, { live: true }],
    ["/readyz", HealthHandler, { checks: { broker } }],
  ],
  {
    cookieSecret: secret.value,
    loginUrl: "/login",
    templatePath: folder("templates"),
    staticPath: folder("static"),
    xsrfCookies: true,
    websocketPingInterval: 30,
  },
);

const server = new HTTPServer(app, {
  xheaders: xheaders.value,
  drainDelay: drainDelay.value,
  stopOnSignals: true,
});
if (unix.value !== "") {
  // For a proxy that runs as somebody else; the folder decides who gets here.
  await server.listenUnix(unix.value, { mode: 0o666 });
} else {
  server.bind(place.port, place.host);
  await server.start(processes.value);
}
const where = unix.value === "" ? `port ${server.addresses[0]?.port}` : unix.value;
console.log(`Chatting on ${where}, process ${process.pid}`);
