/**
 * Thousands of clients in one process, for run.ts, which tells it over IPC what to do. Each client
 * is one connection that is kept; it sends a request and waits for the answer.
 */
import { connect, type Socket } from "node:net";

export type Command =
  | { readonly do: "open"; readonly port: number; readonly count: number }
  /** Sends a request on every connection, and does not wait for the answers. */
  | { readonly do: "send"; readonly path: string }
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
    const localAddress = `127.0.0.${1 + (index % 4)}`;
    const socket = connect({ host: "127.0.0.1", port, localAddress, noDelay: true });
    const client: Client = { socket, received: "" };
    socket.once("connect", () => {
      clients.push(client);
      resolve();
    });
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      client.received += bytes.toString("latin1");
      if (isAnswer(client.received) && ++answered === clients.length) whenAll();
    });
  });
}

async function openAll(port: number, count: number): Promise<number> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, index) =>
      open(port, first + index),
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

process.on("message", async (command: Command) => {
  let done: number;
  if (command.do === "open") done = await openAll(command.port, command.count);
  else if (command.do === "send") done = sendAll(command.path);
  else {
    wanted = command.body;
    answered = clients.filter(({ received }) => isAnswer(received)).length;
    done = await awaitAll();
  }
  const reply: Reply = { done };
  process.send?.(reply);
});
