/**
 * The test vectors of llhttp against a whole server: what a strict server does with each of them.
 * The folder is looked for beside the project, or where SQUALL_VECTORS says.
 */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTPHeaders, type HTTPServerRequest } from "../src/httputil.ts";
import { setLogLevel } from "../src/log.ts";
import { serve, type TestServer } from "./support/server.ts";
import { pass } from "./support/until.ts";

interface ServerVector {
  readonly id: string;
  readonly name: string;
  readonly server?: {
    readonly expect: "accept" | "reject" | "incomplete" | "policy";
    readonly requests: number;
    readonly input_b64: string;
  };
}

const folder =
  process.env.SQUALL_VECTORS ?? fileURLToPath(new URL("../../shared/vectors", import.meta.url));
const file = `${folder}/llhttp.json`;
const vectors: ServerVector[] = existsSync(file)
  ? JSON.parse(readFileSync(file, "utf8")).vectors
  : [];
const cases = vectors.flatMap(({ id, name, server }) =>
  server === undefined ? [] : [{ ...server, title: `${name} (${id})` }],
);

function answer(request: HTTPServerRequest): void {
  const headers = new HTTPHeaders([["Content-Length", "0"]]);
  request.connection.writeHeaders({ code: 200, reason: "OK" }, headers);
  request.connection.finish();
}

describe.skipIf(cases.length === 0)("llhttp's vectors, live (needs the vectors' folder)", () => {
  let server: TestServer;
  beforeAll(async () => {
    setLogLevel("none");
    server = await serve(answer);
  });
  afterAll(() => setLogLevel("warning"));

  /** The statuses that come back, interim ones left out, once there is nothing more to wait for. */
  async function statuses(
    parts: Iterable<Uint8Array>,
    wanted: string,
    requests: number,
  ): Promise<number[]> {
    const client = await server.connect();
    const found = (): number[] =>
      [...client.received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)]
        .map((line) => Number(line[1]))
        .filter((status) => status !== 100);
    for (const part of parts) client.send(part);
    if (wanted === "accept") await client.until(() => found().length >= requests);
    else if (wanted === "reject") await client.until(() => client.ended || client.closed);
    await pass(10);
    client.socket?.abort();
    return found();
  }

  test.each(cases)("$expect: $title", async ({ expect: wanted, requests, input_b64 }) => {
    const input = new Uint8Array(Buffer.from(input_b64, "base64"));
    for (const parts of [[input], Array.from(input, (byte) => Uint8Array.of(byte))]) {
      const found = await statuses(parts, wanted, requests);
      const good = found.filter((status) => status < 400);
      expect(found.filter((status) => status >= 500 && status !== 501 && status !== 505)).toEqual(
        [],
      );
      // Bytes after the last request of a connection are not answered: that refuses them too.
      if (wanted === "accept") expect(found).toEqual(Array(requests).fill(200));
      else if (wanted === "reject")
        expect(found.length - good.length === 1 || good.length === requests).toBe(true);
      else if (wanted === "incomplete") expect(found.length).toBe(requests);
    }
  });
});
