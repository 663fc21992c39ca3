/** Sections 12 and 13 of the Autobahn test suite, by number, put to our server and our client. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compressionCases } from "../support/autobahn/compression-cases.ts";
import { type Peers, startPeers } from "../support/autobahn/peers.ts";

let peers: Peers;

beforeAll(async () => {
  peers = await startPeers();
});

afterAll(() => {
  peers.stop();
});

describe("sections 12 and 13: compression", () => {
  test("are all there, each once", () => {
    expect(compressionCases.length).toBe(216);
    expect(new Set(compressionCases.map(({ id }) => id)).size).toBe(216);
  });

  test.each(compressionCases)("$id as server", async (testCase) => {
    expect(await peers.asServer(testCase, testCase.compression)).toEqual(testCase.said);
  });

  test.each(compressionCases)("$id as client", async (testCase) => {
    expect(await peers.asClient(testCase, testCase.compression)).toEqual(testCase.said);
  });
});
