/** Collections on request: what is gone is gone, and programs see nothing of how. */

import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { collectAll, collectYoung } from "../src/collector.ts";

test("what nobody holds is collected", async () => {
  const gone = Array.from({ length: 100 }, () => new WeakRef({ much: new Array(1000) }));
  // A WeakRef keeps what it holds until the turn ends in which it was made.
  await new Promise((resolve) => setTimeout(resolve));
  collectAll();
  // JavaScriptCore takes whatever on the stack looks like a reference for one.
  const left = gone.filter((reference) => reference.deref() !== undefined);
  expect(left.length).toBeLessThan(10);
});

test("programs do not see the collector", () => {
  const before = typeof globalThis.gc;
  collectYoung();
  collectAll();
  expect(typeof globalThis.gc).toBe(before);
  expect(runInNewContext("typeof gc")).toBe(before);
});
