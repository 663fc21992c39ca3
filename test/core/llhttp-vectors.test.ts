/**
 * The test vectors of llhttp 9.4.2, as data: what a strict server must accept, must refuse and must
 * wait for. The file is not part of the project; without it these tests are skipped.
 * `SQUALL_VECTORS` names its folder, which else is `../shared/vectors`.
 */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { builds } from "../support/core-builds.ts";
import { everySplit } from "../support/every-split.ts";
import { type Message, readMessages } from "../support/message-reader.ts";

interface ExpectedMessage {
  readonly method: string;
  readonly url: string;
  readonly status_code?: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body_b64: string;
  readonly complete: boolean;
  readonly headersComplete: boolean;
}

interface Vector {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly lenient: unknown;
  readonly pause: unknown;
  readonly skipBody: boolean;
  readonly outcome: "ok" | "error" | "pause";
  readonly input_b64: string;
  readonly error: { readonly reason: string } | null;
  readonly expected_messages: readonly ExpectedMessage[];
  readonly server?: {
    readonly expect: string;
    readonly input_b64: string;
    readonly hostInjected: number;
  };
}

const folder =
  process.env.SQUALL_VECTORS ?? fileURLToPath(new URL("../../../shared/vectors", import.meta.url));
const file = `${folder}/llhttp.json`;

function vectorsOf(type: string): Vector[] {
  if (!existsSync(file)) return [];
  const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: Vector[] };
  return vectors.filter(
    (vector) => vector.type === type && !vector.lenient && !vector.pause && !vector.skipBody,
  );
}

/** Complete messages as both sides can name them: without Host, which was put in for servers. */
function comparable(message: Message): unknown {
  const headers = message.headers.filter(([name]) => name.toLowerCase() !== "host");
  return { start: message.start, headers, body: message.body };
}

function comparableExpected(message: ExpectedMessage): unknown {
  return comparable({
    start: message.status_code?.toString() ?? `${message.method} ${message.url}`,
    // llhttp leaves blanks at the end of some values.
    headers: message.headers.map(([name, value]) => [name, value.replace(/[ \t]+$/, "")]),
    body: Buffer.from(message.body_b64, "base64").toString("latin1"),
    complete: true,
  });
}

/** Refused by who reads the connection, not by the core: it stops to read after `close`. */
const AFTER_CLOSE = "Data after `Connection: close`";

/** Responses that llhttp takes and the core refuses, with the reason. */
const refused: Readonly<Record<string, string>> = {
  "response/sample.md:43": "RTSP",
  "response/sample.md:63": "ICE",
  "response/sample.md:648": "HTTP/0.9",
  "response/sample.md:698": "an empty line before a status line",
  "response/transfer-encoding.md:46": "a coding after chunked",
  "response/transfer-encoding.md:77": "a coding after chunked",
  "response/transfer-encoding.md:115": "an unknown coding",
  "response/connection.md:495": "an empty line before a status line",
  "response/connection.md:589": "an empty line before a status line",
  "response/pipelining.md:7": "an empty line before a status line",
};

test.skipIf(!existsSync(file))("the vectors are there", () => {
  expect(vectorsOf("request").length).toBeGreaterThan(100);
});

describe.skipIf(!existsSync(file)).each(builds)("$name", (build) => {
  test.each(vectorsOf("request"))("$id $name", (vector) => {
    const { server } = vector;
    if (server === undefined) return;
    const wire = Buffer.from(server.input_b64, "base64");
    const whole = readMessages(build, "request", [wire]);
    for (const pieces of everySplit(wire)) {
      expect(readMessages(build, "request", pieces)).toEqual(whole);
    }
    if (server.expect === "reject" && vector.error?.reason !== AFTER_CLOSE) {
      expect(whole.error).toBeDefined();
    } else if (server.expect === "accept" || server.expect === "incomplete") {
      expect(whole.error).toBeUndefined();
      const expected = vector.expected_messages.filter((message) => message.complete);
      const complete = whole.messages.filter((message) => message.complete);
      expect(complete.map(comparable)).toEqual(expected.map(comparableExpected));
    }
  });

  test.each(vectorsOf("response"))("$id $name", (vector) => {
    const wire = Buffer.from(vector.input_b64, "base64");
    const whole = readMessages(build, "response", [wire]);
    for (const pieces of everySplit(wire)) {
      expect(readMessages(build, "response", pieces)).toEqual(whole);
    }
    if (vector.id in refused) {
      expect(whole.error).toBeDefined();
    } else if (vector.outcome === "error" && vector.error?.reason !== AFTER_CLOSE) {
      expect(whole.error).toBeDefined();
    } else if (vector.outcome === "ok") {
      expect(whole.error).toBeUndefined();
      const expected = vector.expected_messages.filter((message) => message.headersComplete);
      expect(whole.messages.map(comparable)).toEqual(expected.map(comparableExpected));
    }
  });
});
