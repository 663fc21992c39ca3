/** What verbs return, in a program of its own: the tests themselves have loaded all that there is. */
import { afterEach, expect, test } from "vitest";
import { type Program, startProgram } from "../support/program.ts";

const isNode = !("Deno" in globalThis) && process.versions.bun === undefined;

let program: Program;

afterEach(() => program.end());

test("a value is written without fetch being loaded for it, a Response is copied", async () => {
  program = startProgram(new URL("./programs/answer-values.ts", import.meta.url));
  expect(await program.ended).toBe(0);
  const loaded = isNode ? "loaded" : "not loaded";
  expect(program.output.trim().split("\n")).toEqual([
    "written, not loaded",
    '{"value":1}, not loaded',
    `of the web, ${loaded}`,
  ]);
});
