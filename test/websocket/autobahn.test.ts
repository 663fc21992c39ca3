/**
 * The cases of the Autobahn test suite, sections 1 to 7, 9 and 10, by their numbers, put to our
 * server and to our client over real sockets. The suite itself needs Python 2.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Case } from "../support/autobahn/case.ts";
import { largeCases } from "../support/autobahn/large-cases.ts";
import { type Peers, startPeers } from "../support/autobahn/peers.ts";
import { protocolCases } from "../support/autobahn/protocol-cases.ts";
import { utf8Cases } from "../support/autobahn/utf8-cases.ts";

let peers: Peers;

beforeAll(async () => {
  peers = await startPeers();
});

afterAll(() => {
  peers.stop();
});

const sections: readonly { title: string; cases: readonly Case[]; count: number }[] = [
  { title: "1 to 5, 7, 10: protocol", cases: protocolCases, count: 102 },
  { title: "6: UTF-8", cases: utf8Cases, count: 145 },
  { title: "9: large messages, and many", cases: largeCases, count: 54 },
];

describe.each(sections)("sections $title", ({ cases, count }) => {
  test("are all there, each once", () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(count);
    expect(cases.length).toBe(count);
  });

  test.each(cases)("$id as server", async (testCase) => {
    expect(await peers.asServer(testCase)).toEqual(testCase.said);
  });

  test.each(cases)("$id as client", async (testCase) => {
    expect(await peers.asClient(testCase)).toEqual(testCase.said);
  });
});
