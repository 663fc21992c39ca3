/** Prepared messages to many, among others, on the runtime's own host: everybody gets their own. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { Application } from "../../src/web.ts";
import {
  PreparedMessage,
  type WebSocketClientConnection,
  WebSocketHandler,
  websocketConnect,
} from "../../src/websocket.ts";

const MEMBERS = 30;
/** More rows than one flush takes, and more bytes than the output region holds. */
const STEPS = 24_000;

const members: Member[] = [];

class Member extends WebSocketHandler {
  readonly expected: string[] = [];

  override open(): void {
    members.push(this);
  }

  override onMessage(): void {
    act();
  }

  /** Writes, and notes what the client is to read. */
  say(message: string, prepared?: PreparedMessage): void {
    this.writeMessage(prepared ?? message);
    this.expected.push(message);
  }
}

/** A fixed sequence of what a busy server does: to one, to some in turn, to all. */
function act(): void {
  const texts = ["a".repeat(100), "b".repeat(100), "ä", "long ".repeat(4000)];
  const prepared = texts.map((text) => new PreparedMessage(text));
  let seed = 7;
  const draw = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let step = 0; step < STEPS; ) {
    const which = draw(3);
    const first = draw(MEMBERS);
    const count = 1 + draw(MEMBERS);
    for (let next = first; next < Math.min(first + count, MEMBERS); next++, step++) {
      members[next]?.say(texts[which] as string, prepared[which]);
      // What is long goes out at once, and what is put there next may lie where others' lay.
      const other = members[draw(MEMBERS)];
      if (draw(20) === 0) other?.say(texts[3] as string, prepared[3]);
      if (draw(10) === 0) other?.say(`only you, ${step} ${"-".repeat(draw(300))}`);
    }
  }
  for (const member of members) member.say("the end");
}

let server: HTTPServer;
let url = "";

beforeAll(async () => {
  const app = new Application([["/", Member]], { logFunction: () => undefined });
  server = new HTTPServer(app);
  await server.listen(0, "127.0.0.1");
  url = `ws://127.0.0.1:${server.addresses[0]?.port}/`;
});

afterAll(() => server.stop());

async function readAll(client: WebSocketClientConnection): Promise<string[]> {
  const messages: string[] = [];
  while (messages.at(-1) !== "the end") messages.push(String(await client.readMessage()));
  return messages;
}

test("every member reads what was written to it, in order", async () => {
  const clients: WebSocketClientConnection[] = [];
  for (let number = 0; number < MEMBERS; number++) {
    clients.push(await websocketConnect(url));
  }
  const reading = clients.map(readAll);
  clients[0]?.writeMessage("now");
  const read = await Promise.all(reading);
  expect(read.flat().length).toBeGreaterThan(STEPS);
  for (const [number, messages] of read.entries()) {
    expect(messages).toEqual(members[number]?.expected);
  }
  for (const client of clients) client.close();
});
