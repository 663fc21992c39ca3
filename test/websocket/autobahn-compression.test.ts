/** Sections 12 and 13 of the Autobahn test suite, by number, put to our server and our client. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Socket } from "../../src/host.ts";
import { type CompressionCase, compressionCases } from "../support/autobahn/compression-cases.ts";
import { type Peers, startPeers } from "../support/autobahn/peers.ts";
import { Tester } from "../support/autobahn/tester.ts";
import { parseFrames, type ReceivedFrame } from "../support/websocket.ts";

let peers: Peers;

beforeAll(async () => {
  peers = await startPeers();
});

afterAll(() => {
  peers.stop();
});

/** What a tester sends of a case to a peer that answers nothing. */
async function framesOf(testCase: CompressionCase): Promise<ReceivedFrame[]> {
  const written: Uint8Array[] = [];
  const tester = new Tester(true);
  const write = (bytes: Uint8Array): void => {
    written.push(bytes);
    if (((bytes[0] ?? 0) & 0x0f) === 8) tester.end();
  };
  tester.socket = { write, bufferedAmount: 0, close() {} } as unknown as Socket;
  tester.useTransform(testCase.compression.transform(true));
  await tester.run(testCase);
  return parseFrames(Buffer.concat(written)).frames;
}

describe("sections 12 and 13: compression", () => {
  test("are all there, each once", () => {
    expect(compressionCases.length).toBe(216);
    expect(new Set(compressionCases.map(({ id }) => id)).size).toBe(216);
  });

  const fragmented = compressionCases.filter(({ fragmentSize }) => fragmentSize !== undefined);

  test("numbers 11 to 18 are in fragments", () => {
    const ids = compressionCases.map(({ id }) => id).filter((id) => /\.1[1-8]$/.test(id));
    expect(fragmented.map(({ id }) => id)).toEqual(ids);
  });

  const noise = fragmented.filter(({ id }) => id.startsWith("12.5."));

  test.each(noise)("$id is sent in fragments, marked as compressed once", async (testCase) => {
    const { send, fragmentSize = 0 } = testCase;
    const frames = (await framesOf(testCase)).slice(0, -1);
    expect(frames.length).toBeGreaterThan(2 * (send.length - 1));
    expect(frames.filter(({ final }) => final).length).toBe(send.length - 1);
    frames.forEach(({ opcode, reserved, final, payload }, i) => {
      const isFirst = frames[i - 1]?.final ?? true;
      expect([opcode, reserved]).toEqual(isFirst ? [2, 0x40] : [0, 0]);
      if (final) expect(payload.length).toBeLessThanOrEqual(fragmentSize);
      else expect(payload.length).toBe(fragmentSize);
    });
  });

  test.each(compressionCases)("$id as server", async (testCase) => {
    expect(await peers.asServer(testCase, testCase.compression)).toEqual(testCase.said);
  });

  test.each(compressionCases)("$id as client", async (testCase) => {
    expect(await peers.asClient(testCase, testCase.compression)).toEqual(testCase.said);
  });
});
