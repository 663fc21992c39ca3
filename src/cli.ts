#!/usr/bin/env node
/**
 * The program `squall`: what is done to an application before it runs, and while it is
 * written. Knows no server.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { run as runAgain } from "./autoreload.ts";
import { compileTemplate, Loader, ParseError } from "./template.ts";
import { VERSION } from "./util.ts";

const HELP = `Usage: squall templates build DIR [--out OUT] [--autoescape NAME] [--whitespace MODE]
       squall autoreload [--watch PATH]... [--until-success] -- PROGRAM [ARGUMENT]...

"autoreload" runs a program on this runtime, and again whenever one of the files that it imports by a
relative path, or one that is named or in a folder that is named by --watch, has changed. A program
that fails waits for the next change. With --until-success it is not repeated once it exits with 0.

"templates build" compiles every template of DIR to a module of its own in OUT (DIR-compiled, if left
out), with declarations for TypeScript, and writes OUT/templates.js, whose "loader" has all of them:

  import { loader } from './templates-compiled/templates.js';
  new Application(handlers, { templateLoader: loader });

  --out OUT            the folder to write to; what is not made from a template stays
  --autoescape NAME    the function that escapes expressions, or None; xhtml_escape if left out
  --whitespace MODE    all, single or oneline; by the name of the file if left out
  --runtime MODULE     what the modules import; squall/template if left out
  --help, --version
`;

/** First line of every file that is written here: only those are ever replaced or removed. */
const MADE = /^\/\/ Made from .* by squall templates build\. Do not edit\.\n/;

interface BuildOptions {
  readonly out: string;
  readonly autoescape: string | undefined;
  readonly whitespace: string | undefined;
  readonly runtime: string | undefined;
}

/** Runs the program, but for `autoreload`. Returns the exit status. */
export function main(args: readonly string[]): number {
  try {
    return run(args);
  } catch (error) {
    // What is wrong with a template, or with the command line, needs no stack.
    console.error(`squall: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** Runs `squall autoreload`, until a signal ends it. Resolves with the exit status. */
async function autoreload(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      watch: { type: "string", multiple: true, default: [] },
      "until-success": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    console.error(HELP);
    return 2;
  }
  return runAgain(positionals, {
    watch: values.watch,
    untilSuccess: values["until-success"],
  });
}

function run(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string" },
      autoescape: { type: "string" },
      whitespace: { type: "string" },
      runtime: { type: "string" },
      help: { type: "boolean", default: false },
      version: { type: "boolean", default: false },
    },
  });
  if (values.version) console.log(VERSION);
  else if (values.help) console.log(HELP);
  else {
    const [area, action, directory, ...rest] = positionals;
    if (area !== "templates" || action !== "build" || directory === undefined || rest.length > 0) {
      if (positionals.length > 0) console.error(`squall: no command "${positionals.join(" ")}"\n`);
      console.error(HELP);
      return 2;
    }
    const { autoescape, whitespace, runtime } = values;
    const out = values.out ?? `${directory.replace(/[/\\]+$/, "")}-compiled`;
    return buildTemplates(directory, { out, autoescape, whitespace, runtime });
  }
  return 0;
}

/** Compiles a folder. Goes on after a template that is wrong, so that all faults are shown at once. */
function buildTemplates(directory: string, options: BuildOptions): number {
  const { autoescape, whitespace } = options;
  const loader = new Loader(directory, {
    ...(autoescape === undefined ? {} : { autoescape: autoescape === "None" ? false : autoescape }),
    // The loader says what is wrong with any other word.
    ...(whitespace === undefined ? {} : { whitespace: whitespace as "all" }),
  });
  const out = resolve(options.out);
  if (!statSync(directory).isDirectory()) throw new Error(`Cannot build ${directory}: no folder`);
  const names = templatesOf(loader.root, out);
  const runtime = options.runtime === undefined ? {} : { runtime: options.runtime };
  const files = new Map<string, string>();
  let failures = 0;
  for (const name of names) {
    try {
      const { code, types } = compileTemplate(loader.load(name), runtime);
      files.set(`${name}.js`, withTypes(name, code));
      files.set(`${name}.d.ts`, types);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      console.error(`${error.filename}:${error.lineno}: ${error.reason}`);
      failures++;
    }
  }
  if (failures > 0) {
    console.error(`squall: ${failures} of ${names.length} templates cannot be compiled`);
    return 1;
  }
  const [index, indexTypes] = indexOf(names, options.runtime ?? "squall/template");
  files.set("templates.js", withTypes("templates", index)).set("templates.d.ts", indexTypes);
  writeAll(out, files);
  const count = `${names.length} ${names.length === 1 ? "template" : "templates"}`;
  console.log(`${count} compiled to ${relative(process.cwd(), out) || "."}`);
  return 0;
}

/** The files of a folder and of those in it, but for hidden ones, with `/` on every system. */
function templatesOf(root: string, out: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  const names = paths
    .filter((path) => !path.startsWith(out + sep))
    .map((path) => relative(root, path).split(sep).join("/"))
    .filter((name) => !/(?:^|\/)\./.test(name));
  if (names.length === 0) throw new Error(`Cannot build ${root}: there are no templates in it`);
  return names.sort();
}

/** Deno does not look for declarations beside a module unless its first lines name them. */
function withTypes(name: string, code: string): string {
  const types = JSON.stringify(`./${name.slice(name.lastIndexOf("/") + 1)}.d.ts`);
  return code.replace("\n", `\n// @ts-self-types=${types}\n`);
}

/** The module that has all templates, and its declarations. */
function indexOf(names: readonly string[], runtime: string): [string, string] {
  const head = "// Made from all templates by squall templates build. Do not edit.\n";
  const imports = names.map(
    (name, index) => `import { template as t${index} } from ${JSON.stringify(`./${name}.js`)};`,
  );
  const entries = names.map((name, index) => `  ${JSON.stringify(name)}: t${index},`);
  const types = names.map((name, index) => `  readonly ${JSON.stringify(name)}: typeof t${index};`);
  const from = JSON.stringify(runtime);
  const lines = (...list: string[]) => `${head}${list.join("\n")}\n`;
  return [
    lines(
      `import { PrecompiledLoader } from ${from};`,
      ...imports,
      "",
      "/** All templates by name. */",
      "export const templates = {",
      ...entries,
      "};",
      "",
      "/** Has all templates. For names and modules of your own, make another PrecompiledLoader. */",
      "export const loader = new PrecompiledLoader(templates);",
    ),
    lines(
      `import type { PrecompiledLoader } from ${from};`,
      ...imports.map((line) => line.replace(/^import/, "import type")),
      "",
      "/** All templates by name. */",
      "export declare const templates: {",
      ...types,
      "};",
      "",
      "export declare const loader: PrecompiledLoader;",
    ),
  ];
}

/** Writes the files, and removes those of an earlier run whose templates are gone. */
function writeAll(out: string, files: ReadonlyMap<string, string>): void {
  const own = existing(out).filter((path) => MADE.test(readFileSync(path, "utf8")));
  for (const path of own) {
    if (!files.has(relative(out, path).split(sep).join("/"))) rmSync(path);
  }
  for (const [name, text] of files) {
    const path = join(out, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

function existing(out: string): string[] {
  try {
    const entries = readdirSync(out, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && /\.(?:js|d\.ts)$/.test(entry.name));
    return files.map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

// Not `import.meta.main`, which Node has only since 24.2; the link npm makes is called squall.
const started = process.argv[1] ?? "";
if (/(?:^|[/\\])(?:squall|cli\.[jt]s)$/.test(started)) {
  const [area, ...rest] = process.argv.slice(2);
  process.exitCode = area === "autoreload" ? await autoreload(rest) : main(process.argv.slice(2));
}
