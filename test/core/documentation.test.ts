/** docs/core.md names every export, status and region of the core, and every function of its world. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as layout from "../../core-wasm/layout.ts";
import * as statuses from "../../core-wasm/status.ts";
import { builds } from "../support/core-builds.ts";

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const text = file("docs/core.md");

test("every export, with its parameters", () => {
  const [build] = builds;
  const names = Object.keys(build?.wasm ?? {}).filter((name) => name !== "memory");
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !text.includes(`\`${name}(`))).toEqual([]);
});

test("every status", () => {
  const names = Object.keys(statuses);
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
});

test("every region, where it is", () => {
  const regions = Object.keys(layout).filter((name) => `${name}_LENGTH` in layout);
  const places: Readonly<Record<string, unknown>> = layout;
  for (const name of regions) {
    const [, from] = new RegExp(`^\\| ${name} \\| (\\d+) KiB \\|`, "m").exec(text) ?? [];
    if (name === "MULTIPART_DELIMITER") continue;
    expect(Number(from) * 1024, name).toBe(places[name]);
  }
});

test("every function and resource of the world", () => {
  const wit = file("core-wasm/component/core.wit");
  const names = Array.from(
    wit.matchAll(/^ {2}(?:resource )?([\w-]+)(?:: func| \{)/gm),
    ([, name]) => name,
  );
  const kinds = /^(record|enum|flags|variant|interface)$/;
  const functions = names.filter((name) => !kinds.test(name ?? ""));
  expect(functions.length).toBeGreaterThan(15);
  expect(functions.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
