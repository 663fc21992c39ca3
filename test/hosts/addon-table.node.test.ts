/** The rows that the addon and the host exchange: both sides number them by themselves. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

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

/** Constants of a module that are plain numbers, by name. */
function numbersOf(text: string): Map<string, number> {
  const found = text.matchAll(/^const (\w+) = (\d+|0x[\da-f]+);$/gm);
  return new Map(Array.from(found, ([, name = "", value]) => [name, Number(value)]));
}

const c = numbersOfC(source("addon/loop.h"));
const tcp = numbersOf(source("tcp.ts"));
const socket = numbersOf(source("epoll-socket.ts"));

const same = (names: string[], prefix = ""): [string, string][] =>
  names.map((name) => [name, prefix + name]);

test.each([
  ...same(["EVENTS", "NEXT", "OUTPUTS", "FREE", "BATCH"], "HEADER_"),
  ...same(["EVENT_DATA", "EVENT_END", "EVENT_ERROR", "EVENT_WRITABLE", "EVENT_ACCEPT"]),
  ...same(["EVENT_CONNECTED", "EVENT_READY", "RESULT_SHORT", "RESULT_ERROR", "ROW_WORDS"]),
  ["FIRST_EVENT", "HEADER_WORDS"],
  ["MAX_EVENTS", "MAX_EVENTS"],
] satisfies [string, string][])("tcp.ts numbers %s as the addon numbers %s", (ours, theirs) => {
  expect(tcp.get(ours)).toBeTypeOf("number");
  expect(tcp.get(ours)).toBe(c.get(theirs));
});

test.each(["OUTPUT_SHUTDOWN", "OUTPUT_CLOSE"])("epoll-socket.ts has the addon's %s", (name) => {
  expect(socket.get(name)).toBeTypeOf("number");
  expect(socket.get(name)).toBe(c.get(name));
});

test("an id's slot is cut out of it as the addon does it", () => {
  expect(tcp.get("SLOT_MASK")).toBe(2 ** (c.get("SLOT_BITS") ?? 0) - 1);
});
