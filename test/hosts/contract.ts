/**
 * What every host does, written against `src/host.ts` alone: one suite that the hosts for Node,
 * Deno and Bun and the fake one pass. A new host needs one test file that calls `hostContract`.
 * The parts are in `contract/`; `probe.ts` there holds the rules that are checked in every test.
 */
import { existsSync } from "node:fs";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../src/host.ts";
import { certificates, noCertificates } from "../support/certificates.ts";
import { until } from "../support/until.ts";
import {
  Bench,
  type ContractOptions,
  countSockets,
  DESCRIPTORS,
  NO_TLS_HALF_CLOSE,
} from "./contract/bench.ts";
import { testBytes } from "./contract/bytes.ts";
import { testClosing } from "./contract/closing.ts";
import { testDescriptors } from "./contract/descriptors.ts";
import { testExceptions } from "./contract/exceptions.ts";
import { testFairness } from "./contract/fairness.ts";
import { testFiles } from "./contract/files.ts";
import { testKeepAlive } from "./contract/keep-alive.ts";
import { testListening } from "./contract/listening.ts";
import { testLoad } from "./contract/load.ts";
import { testPeers } from "./contract/peers.ts";
import { testSharing } from "./contract/sharing.ts";
import { testSocketOptions } from "./contract/socket-options.ts";
import { testTls } from "./contract/tls.ts";
import { testUnixSockets } from "./contract/unix-sockets.ts";
import { testUnless } from "./contract/unless.ts";

export type { ContractOptions } from "./contract/bench.ts";

/** The same tests of bytes and ends, with a handshake before them. */
function bytesOverTls(host: Host, options: ContractOptions): void {
  if (noCertificates !== undefined) return;
  const { ca, server } = certificates();
  const bench = new Bench(host, options, { server, client: { ca, serverName: "localhost" } });
  afterEach(() => bench.settle());
  testBytes(bench);
  testSharing(bench);
  if (NO_TLS_HALF_CLOSE === undefined) testClosing(bench);
  else test.skip(`ends as without TLS (${NO_TLS_HALF_CLOSE})`);
}

/** Holds a host to the contract. */
export function hostContract(
  name: string,
  createHost: () => Host,
  options: ContractOptions = {},
): void {
  describe(`host ${name}`, () => {
    const host = createHost();
    const bench = new Bench(host, options);
    afterEach(() => bench.settle());
    const uncounted = existsSync(DESCRIPTORS) ? undefined : `this system has no ${DESCRIPTORS}`;
    let before = 0;
    beforeAll(async () => {
      if (options.inMemory || uncounted !== undefined) return;
      // What a host opens once and keeps, it has opened after a first connection.
      await bench.pair();
      await bench.settle();
      before = countSockets();
    });

    test("has its name, and the runtime's", () => {
      expect(host.name).toBe(name);
      expect(host.runtime).toMatch(/^\w+ \d+\.\d+\.\d+/);
    });
    testBytes(bench);
    testSharing(bench);
    testClosing(bench);
    testListening(bench);
    testUnixSockets(bench);
    testLoad(bench);
    testExceptions(bench);
    testTls(bench);
    describe.skipIf(noCertificates !== undefined)("over TLS", () => {
      bytesOverTls(host, options);
    });
    testFiles(bench);
    testDescriptors(bench, name);
    if (options.inMemory) return;

    testPeers(bench);
    testFairness(bench);
    testKeepAlive(bench);
    testSocketOptions(bench);
    testUnless(uncounted, "leaves no descriptor open", async () => {
      await until(() => countSockets() <= before);
    });
  });
}
