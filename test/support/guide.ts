/**
 * Runs the programs of a page of docs/guide: every block marked `ts run`. What a line prints stands
 * behind it, as `console.log(x); // text`; where one line prints more than once, `, then ` parts it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";

const SOURCE = new URL("../../src/", import.meta.url);

interface Program {
  readonly line: number;
  readonly text: string;
}

function programsOf(page: string): Program[] {
  const blocks = page.matchAll(/^```ts run\n([\s\S]*?)^```$/gm);
  return Array.from(blocks, ({ 1: text = "", index }) => ({
    line: page.slice(0, index).split("\n").length,
    text,
  }));
}

/** Each `squall/…` becomes the source that is tested here. */
function onSource(program: string): string {
  return program.replace(/"squall(\/[\w-]+)?"/g, (_, name = "/index") =>
    JSON.stringify(new URL(`.${name}.ts`, SOURCE).href),
  );
}

function expectedOf(program: string): string[] {
  const lines = program.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm);
  return Array.from(lines, ({ 1: text = "" }) => text.split(", then ")).flat();
}

/** Makes a test of each program of the page. */
export function testGuide(name: string): void {
  const page = new URL(`../../docs/guide/${name}.md`, import.meta.url);
  const programs = programsOf(readFileSync(page, "utf8"));
  describe(`docs/guide/${name}.md`, () => {
    test.each(programs)("line $line", async ({ text }) => {
      const folder = mkdtempSync(join(tmpdir(), "squall-guide-"));
      const log = vi.spyOn(console, "log").mockReturnValue();
      try {
        writeFileSync(join(folder, "program.ts"), onSource(text));
        await import(pathToFileURL(join(folder, "program.ts")).href);
        const printed = log.mock.calls.map(([value]) =>
          typeof value === "string" ? value : inspect(value),
        );
        expect(printed).toEqual(expectedOf(text));
      } finally {
        log.mockRestore();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}
