/**
 * What a server's connection answers, and what its handlers hear, does not depend on how the network
 * cuts the bytes. With a handler that answers when it has all of a request, one that answers when
 * it has the head, one that begins then and ends later, and one that takes its time with each part.
 */
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type HTTPConnection,
  HTTPHeaders,
  type HTTPMessageDelegate,
  type RequestStartLine,
} from "../../src/httputil.ts";
import { setLogLevel } from "../../src/log.ts";
import { cutInto, cuts, EAGER_LENGTH, LIMITS, requestStream } from "../support/request-streams.ts";
import { bytesOf, serve, type TestServer } from "../support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

/** When the answer begins, and when it ends. */
const modes = ["at the end", "at the head", "from the head to the end", "slowly"] as const;

/** What was heard of one request. */
interface Heard {
  readonly head: string;
  body: string;
  end: "finish" | "close" | undefined;
}

/** Writes down what it hears, and answers. */
class Witness implements HTTPMessageDelegate {
  readonly #connection: HTTPConnection;
  readonly #mode: (typeof modes)[number];
  readonly #all: Heard[];
  #heard: Heard = { head: "", body: "", end: undefined };

  constructor(connection: HTTPConnection, mode: (typeof modes)[number], all: Heard[]) {
    this.#connection = connection;
    this.#mode = mode;
    this.#all = all;
  }

  headersReceived(
    { method, path, version }: RequestStartLine,
    headers: HTTPHeaders,
  ): Promise<void> | undefined {
    const head = JSON.stringify([method, path, version, ...headers.getAll()]);
    this.#heard = { head, body: "", end: undefined };
    this.#all.push(this.#heard);
    if (this.#mode === "at the end") return undefined;
    if (this.#mode === "slowly") return Promise.resolve();
    const fields = new HTTPHeaders([["Content-Type", "text/plain"]]);
    this.#connection.writeHeaders({ code: 200, reason: "OK" }, fields, `[${method} `);
    if (this.#mode === "at the head") this.#connection.finish();
    return undefined;
  }

  dataReceived(chunk: Uint8Array): Promise<void> | undefined {
    this.#heard.body += Buffer.from(chunk).toString("latin1");
    return this.#mode === "slowly" ? setImmediate() : undefined;
  }

  finish(): void {
    this.#heard.end = "finish";
    if (this.#mode === "at the head") return;
    const text = `${this.#heard.body}]`;
    if (this.#mode !== "from the head to the end") {
      const fields = new HTTPHeaders([["Content-Length", String(text.length)]]);
      this.#connection.writeHeaders({ code: 200, reason: "OK" }, fields, text);
    } else {
      this.#connection.write(text);
    }
    this.#connection.finish();
  }

  onConnectionClose(): void {
    this.#heard.end = "close";
  }
}

/** All that one connection said and heard. */
interface Conversation {
  readonly received: string;
  readonly isReset: boolean;
  readonly heard: readonly Heard[];
}

/**
 * Of a body that is refused, what a handler has heard before depends on the cuts: the bytes that
 * arrive with the fault are not given to it. One is the beginning of the other.
 */
function withoutRest(one: Conversation, other: Conversation): Conversation {
  if (one.received.endsWith("the connection ended within the body\n")) return one;
  const heard = one.heard.map((mine, index) => {
    const theirs = other.heard[index];
    const isBeginning = mine.body.startsWith(theirs?.body ?? mine.body);
    return mine.end === "close" && isBeginning ? { ...mine, body: theirs?.body ?? "" } : mine;
  });
  return { ...one, heard };
}

const refusal = /HTTP\/1\.1 [45]\d\d [\s\S]*$/;
const unread = /the head is longer than \d+ bytes\n$|the connection ended within the head\n$/;

/**
 * Of a long head that is not complete not every byte is looked at when it comes: a fault at its end,
 * or behind the most that a head may have, is told as the one or the other.
 */
function withoutReason(one: Conversation, other: Conversation): Conversation {
  if (!unread.test(one.received) && !unread.test(other.received)) return one;
  return { ...one, received: one.received.replace(refusal, "refused") };
}

describe.each(modes)("a handler that answers %s", (mode) => {
  let server: TestServer;
  let heard: Heard[] = [];

  beforeAll(async () => {
    const startRequest = (connection: HTTPConnection): HTTPMessageDelegate =>
      new Witness(connection, mode, heard);
    server = await serve({ startRequest }, LIMITS);
  });

  async function converse(pieces: readonly Uint8Array[]): Promise<Conversation> {
    heard = [];
    const client = await server.connect();
    for (const piece of pieces) client.send(piece);
    client.socket?.shutdown();
    const received = (await client.rest()).replace(/^Date: .*$/gm, "Date");
    await client.until(() => client.closed);
    const isReset = client.error !== undefined;
    // A reset may overtake what was sent before it.
    return { received: isReset ? "" : received, isReset, heard };
  }

  test("does so however the stream is cut", async () => {
    const property = fc.asyncProperty(requestStream, cuts, async (text, where) => {
      const bytes = bytesOf(text);
      const whole = await converse([bytes]);
      const cut = await converse(cutInto(bytes, where));
      const isLong = text.split("\r\n\r\n").some((part) => part.length > EAGER_LENGTH);
      const alike = (one: Conversation, other: Conversation): Conversation =>
        withoutRest(isLong ? withoutReason(one, other) : one, other);
      expect(alike(cut, whole)).toEqual(alike(whole, cut));
    });
    await fc.assert(property, { numRuns: 200 });
  });
});
