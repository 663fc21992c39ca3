/** V8 runs few full collections for memory that is let go of at once. Node alone can be asked to. */

import { constants, PerformanceObserver } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { newLarge } from "../../src/core.ts";

/** Full collections while memory of 2 GiB in all is asked for, and not kept. */
async function collectionsOf(allocate: (length: number) => Uint8Array): Promise<number> {
  let full = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as unknown as { detail: { kind: number } };
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full++;
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  for (let round = 0; round < 320; round++) {
    for (let index = 0; index < 100; index++) allocate(64 * 1024)[0] = 1;
    await turn();
  }
  await turn();
  observer.disconnect();
  return full;
}

test("messages of 2 GiB cost few of them", async () => {
  const plain = await collectionsOf(
    (length) => new Uint8Array(Buffer.allocUnsafeSlow(length).buffer),
  );
  expect(plain).toBeGreaterThan(8);
  expect(await collectionsOf(newLarge)).toBeLessThan(plain / 2);
});
