import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ProgramFiles } from "../../src/autoreload/files.ts";

let folder: string;
let clock: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "squall-files-"));
  clock = 1;
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text = ""): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  utimesSync(path, ++clock, clock);
  return path;
}

/** The files of a program whose main file this is, as they are now. */
function marked(entry: string | undefined, loaded?: () => string[]): ProgramFiles {
  const files = new ProgramFiles(entry, loaded);
  files.mark();
  expect(files.changed()).toEqual([]);
  return files;
}

test.each([
  { name: "import", text: 'import { a } from "./lib/a.ts";' },
  { name: "single quotes", text: "import './lib/a.ts'" },
  { name: "export", text: 'export * from "./lib/a.ts";' },
  { name: "import()", text: 'await import("./lib/a.ts");' },
  { name: "require", text: 'require("./lib/a");' },
  { name: "a worker", text: 'new Worker(new URL("./lib/a.ts", import.meta.url));' },
  { name: "the ending of compiled code", text: 'import "./lib/a.js";' },
])("finds what is imported by $name, and what that imports", ({ text }) => {
  const entry = write("app.ts", text);
  const first = write("lib/a.ts", 'import "../b.ts";');
  const second = write("b.ts");
  const files = marked(entry);
  write("lib/a.ts", 'import "../b.ts"; // changed');
  expect(files.changed()).toEqual([first]);
  files.mark();
  write("b.ts", "changed");
  expect(files.changed()).toEqual([second]);
});

test("finds a folder's index, and packages not at all", () => {
  const entry = write("app.ts", 'import "./lib"; import "package";');
  const index = write("lib/index.ts");
  write("node_modules/package/index.js");
  const files = marked(entry);
  write("node_modules/package/index.js", "changed");
  expect(files.changed()).toEqual([]);
  write("lib/index.ts", "changed");
  expect(files.changed()).toEqual([index]);
});

test("sees that a file comes, goes, and comes back", () => {
  const entry = write("app.ts", 'import "./a";');
  const files = marked(entry);
  write("a.ts");
  expect(files.changed()).not.toEqual([]);
  files.mark();
  rmSync(join(folder, "a.ts"));
  expect(files.changed()).not.toEqual([]);
});

test("watches files and folders that are added, but for hidden ones", () => {
  const files = new ProgramFiles(undefined);
  files.add(join(folder, "later.html"));
  files.add(join(folder, "templates"));
  write("templates/a.html");
  files.mark();
  const later = write("later.html");
  expect(files.changed()).toEqual([later]);
  files.mark();
  const inner = write("templates/deep/b.html");
  write("templates/.b.html.swp");
  expect(files.changed()).toEqual([inner]);
});

test("watches what the runtime says that it has loaded, from then on", () => {
  const loaded: string[] = [];
  const files = marked(undefined, () => loaded);
  const plugin = write("plugin.js");
  loaded.push(plugin);
  expect(files.changed()).toEqual([]);
  write("plugin.js", "changed");
  expect(files.changed()).toEqual([plugin]);
});

test("files that import each other are named once each", () => {
  const entry = write("app.ts", 'import "./a.ts";');
  const other = write("a.ts", 'import "./app.ts"; import "./a.ts";');
  const files = marked(entry);
  write("app.ts", 'import "./a.ts"; import "./app.ts";');
  write("a.ts", 'import "./app.ts";');
  expect(files.changed()).toEqual([entry, other]);
});
