/**
 * Holds idle keep-alive connections, for idle.ts, which starts it on the load's core and tells it
 * over IPC what to do. Each connection has had one request answered before it idles.
 */
import { connect, type Socket } from "node:net";

export type Command =
  | { readonly do: "open"; readonly port: number; readonly count: number }
  | { readonly do: "ask"; readonly count: number }
  | { readonly do: "close" };

/** How many connections did what was asked, and how many are open. */
export interface Reply {
  readonly done: number;
  readonly open: number;
}

const AT_ONCE = 64;
const ANSWER_TIMEOUT = 20_000;
const REQUEST = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n";

const held = new Set<Socket>();

/** Sends one request and waits for its answer. False if that does not come. */
async function ask(socket: Socket): Promise<boolean> {
  return await new Promise((resolve) => {
    let text = "";
    const finish = (answered: boolean) => {
      clearTimeout(timer);
      socket.removeListener("data", received);
      socket.removeListener("close", ended);
      resolve(answered);
    };
    const received = (part: Buffer) => {
      text += part.toString("latin1");
      if (text.includes("Hello, world")) finish(text.startsWith("HTTP/1.1 200"));
    };
    const ended = () => finish(false);
    const timer = setTimeout(ended, ANSWER_TIMEOUT);
    socket.on("data", received);
    socket.once("close", ended);
    socket.write(REQUEST);
  });
}

async function open(port: number, index: number): Promise<boolean> {
  // Four local addresses: the ports of one would run out over several runs.
  const localAddress = `127.0.0.${1 + (index % 4)}`;
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  socket.on("error", () => {});
  socket.once("close", () => held.delete(socket));
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
  if (!connected) return false;
  held.add(socket);
  return await ask(socket);
}

/** Runs `task` for each index below `count`, some at once; returns how many were true. */
async function forEach(count: number, task: (index: number) => Promise<boolean>): Promise<number> {
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < count) {
      if (await task(next++)) done++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

/** Asks on `count` of the held connections, spread evenly over them. */
async function askSome(count: number): Promise<number> {
  const sockets = [...held];
  return await forEach(count, async (index) => {
    const socket = sockets[Math.floor((index * sockets.length) / count)];
    return socket !== undefined && (await ask(socket));
  });
}

async function closeAll(): Promise<number> {
  const sockets = [...held];
  const closed = sockets.map(
    (socket) =>
      new Promise<void>((resolve) => {
        socket.once("close", () => resolve());
        socket.end();
      }),
  );
  const deadline = setTimeout(() => {
    for (const socket of held) socket.destroy();
  }, ANSWER_TIMEOUT);
  await Promise.all(closed);
  clearTimeout(deadline);
  return sockets.length;
}

async function obey(command: Command): Promise<number> {
  if (command.do === "open") {
    return await forEach(command.count, (index) => open(command.port, index));
  }
  return command.do === "ask" ? await askSome(command.count) : await closeAll();
}

process.on("message", async (command: Command) => {
  const done = await obey(command);
  const reply: Reply = { done, open: held.size };
  process.send?.(reply);
});
