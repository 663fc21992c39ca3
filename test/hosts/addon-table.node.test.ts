/** The rows that the addon and the host exchange: both sides number them by themselves. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as table from "../../host-node/loop-table.ts";

function source(file: string): string {
  return readFileSync(new URL(`../../host-node/${file}`, import.meta.url), "utf8");
}

/** What a header's enums and `#define`s stand for, by name. */
function numbersOfC(text: string): Map<string, number> {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "");
  const found = new Map<string, number>();
  for (const [, name = "", value] of code.matchAll(/^#define (\w+) (\d+|0x[\da-f]+)$/gm)) {
    found.set(name, Number(value));
  }
  for (const [, body = ""] of code.matchAll(/\benum \w+ \{([^}]*)\}/g)) {
    let next = 0;
    for (const [, name = "", value] of body.matchAll(/(\w+)(?: = (\d+))?/g)) {
      if (value !== undefined) next = Number(value);
      found.set(name, next++);
    }
  }
  return found;
}

const c = numbersOfC(source("addon/loop.h"));
const ours = new Map<string, number>(Object.entries(table));

const prefixes: [prefix: string, names: string[]][] = [
  ["HEADER_", ["EVENTS", "NEXT", "OUTPUTS", "FREE", "BATCH", "SHARED"]],
  ["", ["EVENT_DATA", "EVENT_END", "EVENT_ERROR", "EVENT_WRITABLE", "EVENT_ACCEPT"]],
  ["", ["EVENT_CONNECTED", "EVENT_READY", "OUTPUT_SHUTDOWN", "OUTPUT_CLOSE"]],
  ["", ["RESULT_SHORT", "RESULT_ERROR", "ROW_WORDS"]],
];
const sameNames = prefixes.flatMap(([prefix, names]) => names.map((name) => [name, prefix + name]));

test.each([...sameNames, ["FIRST_EVENT", "HEADER_WORDS"]])(
  "loop-table.ts numbers %s as the addon numbers %s",
  (name = "", theirs = "") => {
    expect(c.get(theirs)).toBeTypeOf("number");
    expect(ours.get(name)).toBe(c.get(theirs));
  },
);

test("output rows begin where the addon has them", () => {
  const rows = (c.get("MAX_EVENTS") ?? 0) * (c.get("ROW_WORDS") ?? 0);
  expect(ours.get("FIRST_OUTPUT")).toBe((c.get("HEADER_WORDS") ?? 0) + rows);
});

test("an id's slot is cut out of it as the addon does it", () => {
  expect(ours.get("SLOT_MASK")).toBe(2 ** (c.get("SLOT_BITS") ?? 0) - 1);
});
