import { expect, test } from "vitest";
import { ConnectionList, type Linked } from "../../src/httpserver/connection-list.ts";

class Named implements Linked<Named> {
  readonly name: string;
  previous: Named | undefined = undefined;
  next: Named | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}

function listOf(...names: string[]): { list: ConnectionList<Named>; all: Named[] } {
  const list = new ConnectionList<Named>();
  const all = names.map((name) => new Named(name));
  for (const one of all) list.add(one);
  return { list, all };
}

const namesOf = (list: ConnectionList<Named>): string => [...list].map(({ name }) => name).join("");

test.each([
  { removed: "a", left: "bcd" },
  { removed: "b", left: "acd" },
  { removed: "d", left: "abc" },
  { removed: "abcd", left: "" },
  { removed: "dcba", left: "" },
  { removed: "cac", left: "bd" },
])("without $removed the list has $left", ({ removed, left }) => {
  const { list, all } = listOf("a", "b", "c", "d");
  for (const name of removed) list.delete(all["abcd".indexOf(name)] as Named);
  expect(namesOf(list)).toBe(left);
  expect(list.size).toBe(left.length);
  list.add(new Named("e"));
  expect(namesOf(list)).toBe(`${left}e`);
});

test("one that is removed keeps nothing of the list", () => {
  const { list, all } = listOf("a", "b", "c");
  const [, b] = all;
  list.delete(b as Named);
  expect(b).toMatchObject({ previous: undefined, next: undefined });
  list.delete(b as Named);
  expect(list.size).toBe(2);
});

test("each is seen once while those seen are removed", () => {
  const { list } = listOf("a", "b", "c");
  let seen = "";
  for (const one of list) {
    seen += one.name;
    list.delete(one);
  }
  expect(seen).toBe("abc");
  expect(list.size).toBe(0);
});
