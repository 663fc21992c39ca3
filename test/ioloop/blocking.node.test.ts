/** What blocks the loop is in the log with its stack; only Node shows it. */
import { afterEach, expect, test } from "vitest";
import { IOLoop } from "../../src/ioloop.ts";
import { until } from "../support/until.ts";

const loop = new IOLoop();
afterEach(() => loop.setBlockingLogThreshold(undefined));

function computeForLong(milliseconds: number): void {
  const end = Date.now() + milliseconds;
  while (Date.now() < end);
}

test("the stack shows what blocks, and the loop goes on", async () => {
  const stacks: (string | undefined)[] = [];
  loop.handleBlocking = (_seconds, stack) => stacks.push(stack);
  loop.setBlockingLogThreshold(0.05);
  // Its thread has to be there, and a slow machine may be stopped just before or after.
  let stack: string | undefined;
  await until(() => {
    computeForLong(200);
    stack = stacks.find((each) => each?.includes("at computeForLong ("));
    return stack !== undefined;
  });
  expect(stack).toMatch(/^at .*:\d+:\d+\)?$/m);
  expect(stack).toContain(import.meta.filename);
});
