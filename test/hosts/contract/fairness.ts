/** The contract's test of who is heard while others send without end, from a process of their own. */
import { expect, test } from "vitest";
import { startProgram } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import { type Bench, exchange } from "./bench.ts";
import type { Probe } from "./probe.ts";

const SENDERS = new URL("../programs/senders.ts", import.meta.url);
/** Twice as many as fill the input region of 256 KiB when each has sent all that one receive takes. */
const COUNT = 8;

/** Milliseconds that each piece takes: the senders have sent the next one meanwhile. */
const WORK = 1;

function work(): void {
  const end = performance.now() + WORK;
  while (performance.now() < end);
}

export function testFairness(bench: Bench): void {
  test("hears who asks and who connects while others never cease to send", async () => {
    const senders = new Set<Probe>();
    const data = (bytes: Buffer, probe: Probe): void => {
      if (bytes.toString("latin1") === "ping") {
        probe.send(Buffer.from("pong"));
        return;
      }
      probe.keep = false;
      probe.chunks.length = 0;
      senders.add(probe);
      work();
    };
    const { listener } = await bench.listen({}, { data });
    const early = await bench.connect(listener.address);
    const program = startProgram(SENDERS, { args: [`${listener.address.port}`, `${COUNT}`] });
    try {
      await until(
        () => senders.size === COUNT && [...senders].every(({ length }) => length > 500_000),
      );
      early.write(Buffer.from("ping"));
      await until(() => early.text === "pong");
      await exchange(bench, listener.address);
      expect(senders.size).toBe(COUNT);
    } finally {
      await program.end();
    }
  });
}
