import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import {
  importObject,
  isResponse,
  isThenable,
  LONGEST_TIMER,
  orLate,
  TimeoutError,
  timerDelay,
  tooLate,
  VERSION,
} from "../src/util.ts";

test("importObject loads a module, an export of it, and what is inside", async () => {
  expect(await importObject("../src/util.ts#TimeoutError", import.meta.url)).toBe(TimeoutError);
  expect(await importObject("../src/util.ts", import.meta.url)).toMatchObject({ importObject });
  expect(await importObject("node:buffer#Buffer.from", import.meta.url)).toBeTypeOf("function");
});

test("importObject names what is not there", async () => {
  const missing = importObject("node:buffer#Nothing.here", import.meta.url);
  await expect(missing).rejects.toThrow(
    'Cannot import "node:buffer#Nothing.here": "node:buffer" has no "Nothing.here"',
  );
  await expect(importObject("./no-such-file.ts", import.meta.url)).rejects.toThrow();
});

test("TimeoutError is an Error with its own name", () => {
  const error = new TimeoutError("Cannot wait any longer");
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe("TimeoutError");
});

test.each([
  { seconds: 0.5, delay: 500 },
  { seconds: 24 * 24 * 3600, delay: 2_073_600_000 },
  { seconds: 25 * 24 * 3600, delay: LONGEST_TIMER },
  { seconds: Number.POSITIVE_INFINITY, delay: LONGEST_TIMER },
])("a timer for $seconds s is set to $delay ms", ({ seconds, delay }) => {
  expect(timerDelay(seconds)).toBe(delay);
});

describe("orLate", () => {
  const never = new Promise<string>(() => {});

  test("brings what the promise brings", async () => {
    expect(await orLate(Promise.resolve("done"), 30 * 24 * 3600, () => "late")).toBe("done");
    await expect(orLate(Promise.reject(new Error("no")), 60, () => "late")).rejects.toThrow("no");
  });

  test("brings what comes instead once the time is up", async () => {
    expect(await orLate(never, 0.001, () => "late")).toBe("late");
    await expect(orLate(never, 0.001, tooLate("wait"))).rejects.toThrow(
      new TimeoutError("Cannot wait: the time is up"),
    );
  });

  test("leaves no timer behind", async () => {
    vi.useFakeTimers();
    await orLate("done", 60, () => "late");
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

test("VERSION is the manifest's", () => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  expect(VERSION).toBe(JSON.parse(manifest).version);
});

test.each([
  { value: Promise.resolve(), is: true },
  // biome-ignore lint/suspicious/noThenProperty: this is what it is about
  { value: { then: () => {} }, is: true },
  // biome-ignore lint/suspicious/noThenProperty: this is what it is about
  { value: { then: 1 }, is: false },
  { value: null, is: false },
  { value: undefined, is: false },
  { value: "then", is: false },
])("isThenable($value) is $is", ({ value, is }) => {
  expect(isThenable(value)).toBe(is);
});

test.each([
  { value: new Response("text"), is: true },
  { value: { [Symbol.toStringTag]: "Response" }, is: false },
  { value: new Request("http://localhost/"), is: false },
  { value: {}, is: false },
  { value: null, is: false },
  { value: undefined, is: false },
  { value: "Response", is: false },
])("isResponse($value) is $is", ({ value, is }) => {
  expect(isResponse(value)).toBe(is);
});
