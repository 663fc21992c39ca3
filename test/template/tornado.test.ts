/**
 * The same templates in Squall and in Python Tornado, byte for byte. `tornado.json` holds what
 * Tornado made of them; where Tornado is installed, it is asked again.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DictLoader, type LoaderOptions, ParseError } from "../../src/template.ts";

interface Case {
  readonly name: string;
  readonly files: Record<string, string>;
  readonly main: string;
  readonly names: Record<string, unknown>;
  readonly options?: Record<string, unknown>;
  readonly result: Result;
}

/** What Tornado gave, or what it threw. */
interface Result {
  readonly output?: string;
  readonly error?: string;
  readonly lineno?: number;
}

const { cases } = JSON.parse(readFileSync(new URL("tornado.json", import.meta.url), "utf8")) as {
  cases: Case[];
};
const PYTHON = "/usr/bin/python3";
const renderer = fileURLToPath(new URL("../support/render-tornado.py", import.meta.url));
const hasTornado = spawnSync(PYTHON, ["-c", "import tornado"]).status === 0;

/** Options in Tornado's words: None is null in JSON. */
function optionsOf({ options = {} }: Case): LoaderOptions {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) =>
      name === "autoescape" ? [name, value ?? false] : [name, value ?? {}],
    ),
  );
}

function render(row: Case): string {
  return new DictLoader(row.files, optionsOf(row)).load(row.main).generate(row.names);
}

describe("as Tornado renders it", () => {
  test.each(cases.filter(({ result }) => result.output !== undefined))("$name", (row) => {
    expect(render(structuredClone(row))).toBe(row.result.output);
  });

  test.each(cases.filter(({ result }) => result.error !== undefined))("$name", (row) => {
    expect(row.result.error).toBe("ParseError");
    let thrown: unknown;
    try {
      render(row);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ParseError);
    expect((thrown as ParseError).filename).toBe(row.main);
    expect((thrown as ParseError).lineno).toBe(row.result.lineno);
  });
});

const title = hasTornado
  ? "Tornado still does"
  : "Tornado still does (skipped: no python3-tornado)";
test.skipIf(!hasTornado)(title, () => {
  const input = JSON.stringify(cases);
  const { stdout, stderr } = spawnSync(PYTHON, [renderer], { input, encoding: "utf8" });
  expect(stderr).toBe("");
  const { results } = JSON.parse(stdout) as { results: Result[] };
  expect(results).toHaveLength(cases.length);
  results.forEach((result, index) => {
    expect({ name: cases[index]?.name, ...result }).toEqual({
      name: cases[index]?.name,
      ...cases[index]?.result,
    });
  });
});
