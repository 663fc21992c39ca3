/** The chat: people on different processes meet through Redis, which may go and come back. */
import { createClient } from "@redis/client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { RedisPubSub } from "../../src/pubsub/redis.ts";
import { testUnless } from "../hosts/contract/unless.ts";
import { limitsOf } from "../hosts/limits.ts";
import { answers, freePort, nats, redis, type Service, systemProgram } from "../support/brokers.ts";
import { type Program, startProgram } from "../support/program.ts";
import { runtimeLoop } from "../support/runtime-loop.ts";
import { pass, until } from "../support/until.ts";
import { User } from "./chat-user.ts";

vi.setConfig({ testTimeout: 50_000, hookTimeout: 50_000 });

const CHAT = new URL("../../demos/chat/chat.ts", import.meta.url);
const redisServer = systemProgram("redis-server");
const natsServer = systemProgram("nats-server");

let programs: Program[] = [];

function run(args: readonly string[]): Program {
  const program = startProgram(CHAT, {
    args: ["--port=0", "--address=127.0.0.1", "--logging=warning", ...args],
  });
  programs.push(program);
  return program;
}

/** Resolves once all processes serve. */
async function serves(program: Program, processes = 1): Promise<void> {
  await until(() => (program.output.match(/Chatting on port/g)?.length ?? 0) >= processes, 45);
}

/** Starts the chat, and gives its URL once all processes serve. */
async function start(args: readonly string[], processes = 1): Promise<string> {
  const program = run(args);
  await serves(program, processes);
  return `http://127.0.0.1:${/port (\d+)/.exec(program.output)?.[1]}`;
}

async function user(url: string, name: string): Promise<User> {
  const made = new User(url);
  await made.login(name);
  return made;
}

async function endAll(): Promise<void> {
  await Promise.all(programs.map((program) => program.end()));
  programs = [];
}

describe("one process", () => {
  let url: string;
  beforeAll(async () => {
    url = await start([]);
  });
  afterAll(endAll);

  test("asks for a name, and never sends anybody to another site", async () => {
    const stranger = new User(url);
    const room = await stranger.get("/");
    expect(room.status).toBe(302);
    expect(room.headers.get("Location")).toBe("/login?next=%2F");
    expect((await stranger.post("/login", { name: "Eve" })).status).toBe(403);
    await stranger.get("/login");
    const answer = await stranger.post("/login", { name: "Eve", next: "//evil.example/" });
    expect(answer.headers.get("Location") ?? "").not.toContain("evil");
  });

  test("messages reach long polls and WebSockets, and are only text", async () => {
    const [ada, bob] = [await user(url, "Ada"), await user(url, "<Bob>")];
    await bob.connect();
    const heard = ada.hear("script");
    bob.socket?.writeMessage({ body: "<script>alert(1)</script>", token: 7 });
    const message = await heard;
    expect(message.html).toContain("&lt;script&gt;");
    expect(message.html).toContain("&lt;Bob&gt;");
    await until(() => bob.heard.length === 2);
    expect(bob.heard).toContainEqual({ sent: 7, id: message.id });
    expect(bob.heard.find((news) => "html" in news)?.html).toContain("message mine");
    // Who knows the last message waits for the next one.
    const waiting = ada.poll(message.id);
    await bob.say("and another");
    expect((await waiting).map(({ html }) => html.includes("and another"))).toEqual([true]);
    expect(await (await ada.get("/")).text()).toContain("and another");
  });

  test("a long message, an empty one and a stranger's are refused", async () => {
    const ada = await user(url, "Ada");
    expect((await ada.say(" ")).status).toBe(400);
    expect((await ada.say("x".repeat(2001))).status).toBe(400);
    await expect(new User(url).connect()).rejects.toThrow("403");
    await ada.connect();
    await ada.socket?.writeMessage({ body: " ", token: 1 });
    await until(() => ada.heard.some(({ failed }) => failed === 1));
  });

  test.each(["null", "{", "[]", '{ "body": {} }'])(
    "%j by WebSocket is no message",
    async (text) => {
      const ada = await user(url, "Ada");
      await ada.connect();
      await ada.socket?.writeMessage(text);
      await until(() => ada.closed);
      expect(ada.socket?.closeCode).toBe(1008);
    },
  );

  test("when it stops, polls are answered and WebSockets closed with 1001", async () => {
    const [ada, bob] = [await user(url, "Ada"), await user(url, "Bob")];
    await bob.connect();
    const last = (await ada.poll()).at(-1)?.id;
    const waiting = ada.poll(last);
    await until(() => bob.heard.length > 0);
    programs[0]?.kill();
    expect(await waiting).toEqual([]);
    await until(() => bob.closed);
    expect(bob.socket?.closeCode).toBe(1001);
    expect(await programs[0]?.ended).toBe(0);
  });
});

const noRedis = redisServer === undefined ? " (no redis-server on this machine)" : "";
describe.skipIf(noRedis !== "")(`through Redis${noRedis}`, () => {
  let service: Service;
  let broker: string;
  beforeAll(async () => {
    service = await redis(redisServer ?? "");
    broker = `--redis=redis://127.0.0.1:${service.port}`;
  });
  afterEach(endAll);
  afterAll(() => service.stop());

  test("people of two processes meet; who comes later learns what was said", async () => {
    const here = await start([broker]);
    const there = await start([broker]);
    const [ada, bob] = [await user(here, "Ada"), await user(there, "Bob")];
    await bob.connect();
    await ada.say("from one to the other");
    await until(() => bob.heard.some(({ html }) => String(html).includes("from one to the other")));
    await bob.say("and back");
    await ada.hear("and back");
    const third = await user(await start([broker]), "Eve");
    await third.hear("from one to the other");
  });

  test("who is there before the history is gets it as well", async () => {
    const client = createClient({ url: `redis://127.0.0.1:${service.port}` });
    const other = new RedisPubSub(client);
    try {
      let ask = (_channel: string): void => undefined;
      const asked = new Promise<string>((resolve) => {
        ask = resolve;
      });
      await other.subscribe("chat.history", ask);
      const ada = await user(await start([broker]), "Ada");
      await ada.connect();
      const message = { id: "m-1", from: "Bob", body: "long ago", time: 0 };
      await other.publish(await asked, JSON.stringify([message]));
      await until(() => ada.heard.some(({ html }) => String(html).includes("long ago")));
    } finally {
      await other.close();
    }
  });

  test("two children of one parent meet as well", async () => {
    const url = await start([broker, "--processes=2"], 2);
    const people = await Promise.all(
      Array.from({ length: 8 }, (_, number) => user(url, `Number ${number}`)),
    );
    // Each connection is one child's or the other's: eight are on both, nearly always.
    await Promise.all(people.map((person) => person.connect()));
    await people[0]?.say("to all eight");
    const all = (): boolean =>
      people.every(({ heard }) => heard.some(({ html }) => String(html).includes("to all eight")));
    await until(all);
  });

  test("a process that starts while Redis is gone does not listen before it is there", async () => {
    await service.stop();
    const port = await freePort();
    const program = run([broker, `--port=${port}`]);
    await until(() => program.errors.includes("Redis cannot be reached"));
    expect(await answers(port)).toBe(false);
    await service.start();
    await serves(program);
    const ada = await user(`http://127.0.0.1:${port}`, "Ada");
    expect((await ada.say("first words")).status).toBe(200);
    await ada.hear("first words");
  });

  const { noDescriptors } = limitsOf(runtimeLoop.host.name);
  const waiting = "children that start while Redis is gone serve nobody before it is there";
  testUnless(noDescriptors, waiting, async () => {
    await service.stop();
    const port = await freePort();
    const program = run([broker, `--port=${port}`, "--processes=2"]);
    await until(() => program.errors.match(/Redis cannot be reached/g)?.length === 2);
    // The parent listens: who comes waits for a child.
    let isServed = false;
    const coming = user(`http://127.0.0.1:${port}`, "Ada").finally(() => {
      isServed = true;
    });
    await pass(200);
    expect(isServed).toBe(false);
    await service.start();
    const ada = await coming;
    expect((await ada.say("first words")).status).toBe(200);
    await ada.hear("first words");
  });

  test("while Redis is gone nobody can speak, and is told so; then all goes on", async () => {
    const [here, there] = [await start([broker]), await start([broker])];
    const [ada, bob] = [await user(here, "Ada"), await user(there, "Bob")];
    expect((await ada.get("/readyz")).status).toBe(200);
    await service.stop();
    expect((await ada.say("into the void")).status).toBe(503);
    // What it logs may come after what it answers.
    const refused = 'Cannot publish to \\"chat.messages\\": ';
    await until(() => programs[0]?.errors.includes(refused) === true);
    await until(() => programs.every(({ errors }) => errors.includes("Redis cannot be reached")));
    expect((await ada.get("/readyz")).status).toBe(503);
    expect((await ada.get("/healthz")).status).toBe(200);
    await bob.connect();
    bob.socket?.writeMessage({ body: "nor I", token: 1 });
    await until(() => bob.heard.some(({ failed }) => failed === 1));
    await service.start();
    await until(() => programs.every(({ errors }) => errors.includes("can be reached again")));
    await ada.say("there we are");
    await until(() => bob.heard.some(({ html }) => String(html).includes("there we are")));
  });
});

const noNats = natsServer === undefined ? " (no nats-server on this machine)" : "";
test.skipIf(noNats !== "")(`through NATS${noNats}`, async () => {
  const service = await nats(natsServer ?? "");
  try {
    const broker = `--nats=127.0.0.1:${service.port}`;
    const [here, there] = [await start([broker]), await start([broker])];
    const [ada, bob] = [await user(here, "Ada"), await user(there, "Bob")];
    await ada.say("by another way");
    await bob.hear("by another way");
  } finally {
    await endAll();
    await service.stop();
  }
});

test.skipIf(noNats !== "")(
  `a rolling restart while NATS is gone changes nothing${noNats}`,
  async () => {
    const service = await nats(natsServer ?? "");
    try {
      const url = await start([`--nats=127.0.0.1:${service.port}`, "--processes=2"], 2);
      const program = programs[0] as Program;
      const ada = await user(url, "Ada");
      await service.stop();
      program.kill("SIGHUP");
      // It ends before it listens, and its parent waits for that.
      await until(() => program.errors.includes("A new child 0 does not serve"));
      expect(program.errors).toContain("connection refused");
      expect((await ada.get("/healthz")).status).toBe(200);
      expect((await ada.say("into the void")).status).toBe(503);
    } finally {
      await endAll();
      await service.stop();
    }
  },
);
