/** The gate's check that public names are documented, on a small product made for it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkDocs } from "../tools/check-docs.ts";

const root = process.cwd();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "squall-docstrings-"));
  process.chdir(folder);
  mkdirSync("src/web", { recursive: true });
  mkdirSync("src/pubsub");
  for (const name of ["nats", "redis"]) writeFileSync(`src/pubsub/${name}.ts`, "");
});

afterEach(() => {
  process.chdir(root);
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  { name: "a documented name", web: "/** Does. */\nexport function act(): void {}" },
  { name: "a name of its own", web: "function act(): void {}" },
  {
    name: "one docstring for several signatures",
    web: "/** Does. */\nexport function act(a: 1): void;\nexport function act(a: 2): void;",
  },
  {
    name: "a linter's exception between",
    web: "/** Does. */\n// biome-ignore lint/x: y\nexport const act = 1;",
  },
  { name: "a part's name that nobody exports", web: "", part: "export const act = 1;" },
])("$name is fine", ({ web, part = "" }) => {
  writeFileSync("src/web.ts", web);
  writeFileSync("src/web/part.ts", part);
  expect(checkDocs()).toEqual([]);
});

test.each([
  { name: "a function", web: "export async function act(): Promise<void> {}" },
  { name: "a class", web: "export abstract class act {}" },
  { name: "a type", web: "import {} from 'x';\n\nexport type act = 1;" },
  { name: "one with a plain comment", web: "// Does.\nexport const act = 1;" },
])("$name without a docstring is named", ({ web }) => {
  writeFileSync("src/web.ts", web);
  expect(checkDocs()).toEqual(["src/web.ts: act has no docstring"]);
});

test.each([
  'export { act } from "./web/part.ts";',
  'export { type act as Act, other } from "./web/part.ts";',
  'export type {\n  act,\n} from "./web/part.ts";',
])("a part's name is named where it is declared: %s", (web) => {
  writeFileSync("src/web.ts", web);
  writeFileSync("src/web/part.ts", "/** Is. */\nexport let other = 1;\nexport let act = 2;");
  expect(checkDocs()).toEqual(["src/web/part.ts: act has no docstring"]);
});
