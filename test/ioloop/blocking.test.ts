/** What blocks the loop is in the log with its stack, where the runtime's profiler may be used. */
import { pbkdf2Sync } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { IOLoop } from "../../src/ioloop.ts";
import { until } from "../support/until.ts";

const loop = new IOLoop();
let stacks: (string | undefined)[] = [];
loop.handleBlocking = (_seconds, stack) => stacks.push(stack);

afterEach(() => {
  loop.setBlockingLogThreshold(undefined);
  stacks = [];
});

function computeForLong(): void {
  const end = Date.now() + 200;
  while (Date.now() < end);
}

function sumForLong(): number {
  const end = Date.now() + 200;
  let turns = 0;
  while (Date.now() < end) turns++;
  return turns;
}

function waitForLong(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
}

/** Native code, which nothing can stop. */
function hashForLong(): number {
  return pbkdf2Sync("secret", "salt", 600_000, 32, "sha256").length;
}

function computeAfterwards(): void {
  const end = Date.now() + 10;
  while (Date.now() < end);
}

/** Blocks again and again, as a machine that is busy elsewhere shows nothing at times. */
async function stackWith(name: string, block: () => void): Promise<string[]> {
  let found: string | undefined;
  await until(() => {
    block();
    found = stacks.find((each) => each?.includes(`at ${name} (`));
    return found !== undefined;
  });
  return found?.split("\n") ?? [];
}

test("the stack shows what computes, and where", async () => {
  loop.setBlockingLogThreshold(0.05);
  const stack = await stackWith("computeForLong", computeForLong);
  const line = stack.find((each) => each.startsWith("at computeForLong ("));
  expect(line).toContain(import.meta.filename);
  expect(line).toMatch(/:\d+(:\d+)?\)$/);
});

test("and what waits in a system call, each time anew", async () => {
  loop.setBlockingLogThreshold(0.05);
  await stackWith("sumForLong", sumForLong);
  stacks = [];
  const stack = await stackWith("waitForLong", waitForLong);
  expect(stack.join("\n")).toContain(import.meta.filename);
  expect(stack.join("\n")).not.toContain("sumForLong");
});

test("and what calls native code that takes long, rather than what comes after that", async () => {
  loop.setBlockingLogThreshold(0.05);
  const shown = (name: string) => stacks.filter((each) => each?.includes(`at ${name} (`)).length;
  await until(() => {
    hashForLong();
    computeAfterwards();
    return stacks.length >= 6;
  });
  expect(shown("hashForLong")).toBeGreaterThan(shown("computeAfterwards"));
});
