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
import { cutInto, cuts, LIMITS, requestStream } from "../support/request-streams.ts";
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
      expect(await converse(cutInto(bytes, where))).toEqual(whole);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});
