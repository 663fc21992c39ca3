/**
 * Thousands of clients in one process, for run.ts and held.ts, which tell it over IPC what to do.
 * Each client is one connection that is kept; it sends a request and waits for the answer.
 */
import { connect, type Socket } from "node:net";

export type Command =
  /** `first` is the number of the first connection: clients of one server share no number. */
  | {
      readonly do: "open";
      readonly port: number;
      readonly count: number;
      readonly first?: number;
    }
  /** Sends a request on every connection, and does not wait for the answers. */
  | { readonly do: "send"; readonly path: string }
  /** Counts the connections that are open and have no answer. */
  | { readonly do: "count" }
  /** Waits until every connection has its answer, with this body. */
  | { readonly do: "await"; readonly body: string };

/** How many connections are as they should be. */
export interface Reply {
  readonly done: number;
}

interface Client {
  readonly socket: Socket;
  received: string;
}

const AT_ONCE = 200;
/** Ours begin below those that the kernel chooses, which takes it long once half are in use. */
const FIRST_PORT = 10_000;
const ADDRESSES = 4;
const TIMEOUT = 60_000;

const clients: Client[] = [];
let answered = 0;
let wanted = "";
let whenAll: () => void = () => undefined;

function isAnswer(text: string): boolean {
  return text.startsWith("HTTP/1.1 200 OK\r\n") && text.endsWith(`\r\n\r\n${wanted}`);
}

function open(port: number, index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Servers are on 127.0.0.1, so that no port of theirs is in the way.
    const localAddress = `127.0.0.${2 + (index % ADDRESSES)}`;
    const localPort = FIRST_PORT + Math.floor(index / ADDRESSES);
    const socket = connect({ host: "127.0.0.1", port, localAddress, localPort, noDelay: true });
    const client: Client = { socket, received: "" };
    socket.once("connect", () => {
      clients.push(client);
      resolve();
    });
    // After it has connected, one that fails is no longer open, and lacks an answer.
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      client.received += bytes.toString("latin1");
      if (isAnswer(client.received) && ++answered === clients.length) whenAll();
    });
  });
}

async function openAll(port: number, count: number, first: number): Promise<number> {
  for (let opened = 0; opened < count; opened += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - opened) }, (_, index) =>
      open(port, first + opened + index),
    );
    await Promise.all(some);
  }
  return clients.length;
}

function sendAll(path: string): number {
  answered = 0;
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  for (const client of clients) {
    client.received = "";
    client.socket.write(request);
  }
  return clients.length;
}

async function awaitAll(): Promise<number> {
  const done = new Promise<void>((resolve) => {
    whenAll = resolve;
  });
  const timer = setTimeout(() => whenAll(), TIMEOUT);
  if (answered < clients.length) await done;
  clearTimeout(timer);
  return clients.filter(({ received }) => isAnswer(received)).length;
}

function countHeld(): number {
  return clients.filter(({ socket, received }) => received === "" && !socket.destroyed).length;
}

/** Closed the usual way, they would keep their ports for a minute, and hold the next ones up. */
process.on("disconnect", () => {
  for (const { socket } of clients) socket.resetAndDestroy();
});

process.on("message", async (command: Command) => {
  let done: number;
  if (command.do === "open") done = await openAll(command.port, command.count, command.first ?? 0);
  else if (command.do === "send") done = sendAll(command.path);
  else if (command.do === "count") done = countHeld();
  else {
    wanted = command.body;
    answered = clients.filter(({ received }) => isAnswer(received)).length;
    done = await awaitAll();
  }
  const reply: Reply = { done };
  process.send?.(reply);
});
