import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { importObject, isThenable, TimeoutError, VERSION } from "../src/util.ts";

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
