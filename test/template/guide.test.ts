/** Runs every example of docs/guide/templates.md, and compares with what the page says. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { DictLoader, Template } from "../../src/template.ts";

const GUIDE = new URL("../../docs/guide/templates.md", import.meta.url);
const RUNTIME = new URL("../../src/template.ts", import.meta.url).href;

interface Block {
  readonly info: string;
  readonly text: string;
  readonly line: number;
}

function blocksOf(page: string): Block[] {
  return Array.from(
    page.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm),
    ({ 1: info, 2: text, index }) => ({
      info: info ?? "",
      text: text ?? "",
      line: page.slice(0, index).split("\n").length,
    }),
  );
}

const blocks = blocksOf(readFileSync(GUIDE, "utf8"));

/** What stands between an example and the next one. */
function following(block: Block, info: string): string {
  const next = blocks.slice(blocks.indexOf(block) + 1).find((one) => one.info === info);
  if (next === undefined) throw new Error(`Cannot find ${info} after line ${block.line}`);
  return next.text;
}

const files = Object.fromEntries(
  blocks.flatMap(({ info, text }) => {
    const name = /file=(\S+)/.exec(info)?.[1];
    return name === undefined ? [] : [[name, text]];
  }),
);

describe("templates", () => {
  const examples = blocks.filter(({ info }) => info === "html template");

  test.each(examples)("line $line", (block) => {
    const names = new Function(`return (${following(block, "js names")})`)();
    const loader = new DictLoader({ ...files, "example.html": block.text });
    const html = loader.load("example.html").generate(names);
    // The page shows no blank lines and no indentation that has nothing to say.
    const shape = (text: string) => text.trim().replace(/[ \t]*\n\s*/g, "\n");
    expect(shape(html)).toBe(shape(following(block, "html output")));
  });

  test("there are examples", () => {
    expect(examples.length).toBeGreaterThan(7);
    expect(blocks.filter(({ info }) => info === "html output")).toHaveLength(examples.length);
  });
});

describe("programs", () => {
  let folder = "";

  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(blocks.filter(({ info }) => info.startsWith("ts run")))("line $line", async (block) => {
    folder = mkdtempSync(join(tmpdir(), "squall-guide-"));
    mkdirSync(join(folder, "templates"));
    writeFileSync(join(folder, "templates/hello.html"), "Hello, {{ name }}!");
    const program = block.text
      .replaceAll('"squall/template"', JSON.stringify(RUNTIME))
      .replace(
        'new Loader("templates")',
        `new Loader(${JSON.stringify(join(folder, "templates"))})`,
      );
    writeFileSync(join(folder, "program.ts"), program);
    const log = vi.spyOn(console, "log").mockReturnValue();
    await import(pathToFileURL(join(folder, "program.ts")).href);
    const printed = log.mock.calls.map(([value]) =>
      typeof value === "string" ? value : inspect(value),
    );
    const expected = Array.from(
      block.text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm),
      ({ 1: text }) => (text ?? "").split(", then "),
    );
    expect(printed).toEqual(expected.flat());
  });
});

test("a comment with types is no part of the page", () => {
  const block = blocks.find(({ text }) => text.includes("@names"));
  expect(new Template(block?.text ?? "").generate().trim()).toBe("");
});
