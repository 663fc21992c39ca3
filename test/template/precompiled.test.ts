/**
 * Templates compiled ahead of time: `squall templates build` on a folder, the modules it writes, and
 * that they run where code from strings is forbidden.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of templates
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { main } from "../../src/cli.ts";
import {
  compileTemplate,
  DictLoader,
  PrecompiledLoader,
  PrecompiledTemplate,
  Template,
  templateTrace,
} from "../../src/template.ts";

const ROOT = join(import.meta.dirname, "../..");
const RUNTIME = pathToFileURL(join(ROOT, "src/template.ts")).href;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "squall-precompiled-"));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** Makes the built package known there under its name. */
function linkSquall(): void {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(ROOT, "dist"), join(folder, "node_modules/squall"), "junction");
}

/** Runs the program. Returns its status and what it printed. */
function cli(...args: string[]): { status: number; out: string; err: string } {
  const out = vi.spyOn(console, "log").mockReturnValue();
  const err = vi.spyOn(console, "error").mockReturnValue();
  const status = main(args);
  const text = (spy: typeof out) => spy.mock.calls.map(([line]) => line).join("\n");
  const printed = { status, out: text(out), err: text(err) };
  vi.restoreAllMocks();
  return printed;
}

const templates = {
  "templates/base.html":
    "<title>{% block title %}Default{% end %}</title>\n{% include parts/menu.html %}",
  "templates/parts/menu.html": "{% for item in items %}<a>{{ item }}</a>{% end %}",
  "templates/home.html": "{% extends base.html %}{% block title %}{{ title }}{% end %}",
  "templates/wait.txt": "a\n{{ await x }}",
  "templates/fail.html": "\n\n{{ items.x.y }}",
  "templates/.hidden": "{{ a b }}",
};

function build(...options: string[]): string {
  const out = join(folder, "out");
  const args = ["templates", "build", join(folder, "templates"), "--out", out];
  const { status, err } = cli(...args, ...options);
  expect(err).toBe("");
  expect(status).toBe(0);
  return out;
}

describe("squall templates build", () => {
  test("writes a module for each template, and one that has them all", async () => {
    write(templates);
    const out = build("--runtime", RUNTIME);
    const files = readdirSync(out, { recursive: true }).map(String).sort();
    expect(
      files.filter((file) => file.endsWith(".js")).map((file) => file.replaceAll("\\", "/")),
    ).toEqual([
      "base.html.js",
      "fail.html.js",
      "home.html.js",
      "parts/menu.html.js",
      "templates.js",
      "wait.txt.js",
    ]);
    const { loader } = await import(pathToFileURL(join(out, "templates.js")).href);
    const names = { title: "<T>", items: ["a", "&"] };
    expect(loader.load("home.html").generate(names)).toBe(
      "<title>&lt;T&gt;</title>\n<a>a</a><a>&amp;</a>",
    );
    expect(loader.load("base.html").generate(names)).toContain("<title>Default</title>");
    expect(await loader.load("wait.txt").generateAsync({ x: Promise.resolve(1) })).toBe("a\n1");
    expect(() => loader.load("wait.txt").generate({})).toThrow("it waits at wait.txt:2");
    expect(() => loader.load("x")).toThrow('Cannot load template "x": expected one of "base.html"');
    const home = await import(pathToFileURL(join(out, "home.html.js")).href);
    expect(home.render(names)).toBe(loader.load("home.html").generate(names));
    const pieces: string[] = [];
    for await (const piece of home.renderStream(names, { chunkSize: 1 })) pieces.push(piece);
    expect(pieces.join("")).toBe(home.render(names));
    expect(pieces.length).toBeGreaterThan(1);
  });

  test("errors have the template's lines", async () => {
    write(templates);
    const out = build("--runtime", RUNTIME);
    const { loader } = await import(pathToFileURL(join(out, "templates.js")).href);
    const thrownBy = (act: () => unknown) => {
      try {
        return act();
      } catch (error) {
        return error;
      }
    };
    const error = thrownBy(() => loader.load("fail.html").generate({ items: [] }));
    expect((error as Error).stack).toContain("    at fail.html:3");
    const missing = thrownBy(() => loader.load("home.html").generate({ title: "" }));
    expect(String(missing)).toContain(
      '"items" is not defined at parts/menu.html:1 (via base.html:2)',
    );
    expect(templateTrace(missing)).toHaveLength(1);
  });

  test("takes the options of a loader", async () => {
    write({ "templates/a.txt": "a   {{ '<' }}" });
    const out = build("--runtime", RUNTIME, "--autoescape", "None", "--whitespace", "oneline");
    const { render } = await import(pathToFileURL(join(out, "a.txt.js")).href);
    expect(render({})).toBe("a <");
  });

  test("shows all faults, and writes nothing then", () => {
    write({
      "templates/a.html": "{{ a b }}",
      "templates/b.html": "\n{% foo %}",
      "templates/c.html": "",
    });
    const { status, err } = cli("templates", "build", join(folder, "templates"));
    expect(status).toBe(1);
    expect(err).toMatch(/^a\.html:1: Cannot parse "a b": expected JavaScript/m);
    expect(err).toMatch(/^b\.html:2: unknown operator: "foo"/m);
    expect(err).toContain("2 of 3 templates cannot be compiled");
    expect(existsSync(join(folder, "templates-compiled"))).toBe(false);
  });

  test("removes what it made of templates that are gone, and nothing else", () => {
    write({ "templates/a.html": "a", "templates/b.html": "b", "out/own.js": "// own\n" });
    const out = build();
    rmSync(join(folder, "templates/b.html"));
    build();
    expect(existsSync(join(out, "a.html.js"))).toBe(true);
    expect(existsSync(join(out, "b.html.js"))).toBe(false);
    expect(existsSync(join(out, "b.html.d.ts"))).toBe(false);
    expect(existsSync(join(out, "own.js"))).toBe(true);
  });

  test("does not take what it has made for templates", () => {
    write({ "templates/a.html": "a" });
    const out = join(folder, "templates/compiled");
    for (let run = 0; run < 2; run++) {
      const { status } = cli("templates", "build", join(folder, "templates"), "--out", out);
      expect(status).toBe(0);
    }
    expect(readdirSync(out).sort()).toEqual([
      "a.html.d.ts",
      "a.html.js",
      "templates.d.ts",
      "templates.js",
    ]);
  });

  test.each([
    { args: [], status: 2, err: "Usage: squall templates build DIR" },
    { args: ["templates"], status: 2, err: "Usage:" },
    { args: ["templates", "build"], status: 2, err: "Usage:" },
    { args: ["templates", "build", "a", "b"], status: 2, err: "Usage:" },
    { args: ["templates", "build", "/nowhere"], status: 1, err: "squall: " },
    { args: ["--nope"], status: 1, err: "squall: " },
    { args: ["--help"], status: 0, out: "Usage: squall templates build DIR" },
    { args: ["--version"], status: 0, out: "0." },
  ])("squall $args", ({ args, status, err = "", out = "" }) => {
    const printed = cli(...args);
    expect(printed.status).toBe(status);
    expect(printed.err).toContain(err);
    expect(printed.out).toContain(out);
  });

  test("a folder without templates", () => {
    write({ "templates/.hidden": "" });
    const { status, err } = cli("templates", "build", join(folder, "templates"));
    expect(status).toBe(1);
    expect(err).toContain("there are no templates in it");
  });
});

/** What every runtime is told not to do. Only V8 has a switch for it, so Node runs it for all. */
test("runs where code from strings is forbidden", () => {
  write(templates);
  linkSquall();
  build();
  write({
    "main.mjs": `
      import { Template } from "squall/template";
      import { loader } from "./out/templates.js";
      const html = loader.load("home.html").generate({ title: "T", items: ["<"] });
      const waited = await loader.load("wait.txt").generateAsync({ x: Promise.resolve(1) });
      let refused = "";
      try { new Template("{{ x }}"); } catch (error) { refused = error.message; }
      console.log(JSON.stringify({ html, waited, refused }));
    `,
  });
  const node = join(ROOT, "node_modules/.bin/node");
  const result = spawnSync(
    node,
    ["--disallow-code-generation-from-strings", join(folder, "main.mjs")],
    { encoding: "utf8", env: { PATH: process.env.PATH ?? "" } },
  );
  expect(result.stderr).toBe("");
  expect(JSON.parse(result.stdout)).toEqual({
    html: "<title>T</title>\n<a>&lt;</a>",
    waited: "a\n1",
    refused:
      'Cannot compile "<string>": code from strings is forbidden here; ' +
      "compile it ahead of time with squall templates build",
  });
});

test("the package's program, under the name that npm links it by", () => {
  const { bin } = JSON.parse(readFileSync(join(ROOT, "dist/package.json"), "utf8"));
  expect(readFileSync(join(ROOT, "dist", bin.squall), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  symlinkSync(join(ROOT, "dist", bin.squall), join(folder, "squall"));
  write(templates);
  const node = join(ROOT, "node_modules/.bin/node");
  const args = [join(folder, "squall"), "templates", "build", "templates"];
  const { stdout, stderr } = spawnSync(node, args, { cwd: folder, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toBe("5 templates compiled to templates-compiled\n");
});

describe("compileTemplate", () => {
  function types(files: Record<string, string>): string {
    const template = new DictLoader(files).load(Object.keys(files)[0] ?? "");
    const { types } = compileTemplate(template);
    return /is given\. \*\/\n([\s\S]*?);?\n\nexport declare/.exec(types)?.[1] ?? "";
  }

  test.each([
    {
      source: "{{ a }}{{ b.c }}{% if d %}{% end %}{{ e(f) }}",
      required: ["a", "b", "d", "e", "f"],
    },
    { source: "{% for x in xs %}{{ x }}{% end %}", required: ["xs"] },
    { source: "{% for (const [k, v] of m) %}{{ k + v }}{% end %}", required: ["m"] },
    { source: "{% for (let i = 0; i < n; i++) %}{{ i }}{% end %}", required: ["n"] },
    { source: "{{ xs.map((x, { y }) => x + y + z) }}", required: ["xs", "z"] },
    { source: "{{ xs.map(function f(x) { const q = x; return q + z }) }}", required: ["xs", "z"] },
    { source: "{{ { a: b, c } }}", required: ["b", "c"] },
    { source: "{{ c ? a : b }}", required: ["a", "b", "c"] },
    { source: "{{ f(k=v) }}", required: ["f", "v"] },
    { source: "{% set y = 1 %}{{ y }}", required: [] },
    { source: "{% if c %}{% set y = 1 %}{% end %}{{ y }}", required: ["c"], optional: ["y"] },
    { source: "{% set t = t + 1 %}", required: [], optional: ["t"] },
    { source: "{% try %}{% except TypeError as e %}{{ e.message }}{% end %}", required: [] },
    { source: "{{ len(Math.max(1)) }}{{ escape(undefined) }}", required: [] },
    { source: "{% import h %}{{ h.x }}", required: [] },
    { source: "{% module Entry(e) %}", required: ["_tt_modules", "e"] },
    { source: "{% apply f %}{{ a }}{% end %}", required: ["a", "f"] },
    { source: "{{ ((x = y) => x)() }}", required: ["y"] },
    { source: "{{ `${a}` + /b/.source + 'c' }}", required: ["a"] },
    { source: "{{ not a and b }}", required: ["a", "b"] },
  ])("names of $source", ({ source, required, optional = [] }) => {
    const members = [
      ...required.map((name) => `  readonly ${name}: unknown;\n`),
      ...optional.map((name) => `  readonly ${name}?: unknown;\n`),
    ];
    expect(types({ "a.html": source })).toBe(`export interface Names {\n${members.join("")}}`);
  });

  test("declared names, and those of files that declare none", () => {
    const files = {
      "a.html":
        "{% extends b.html %}{# @names { user: { name: string } } #}{% block x %}{{ user.name }}{% end %}",
      "b.html": "{{ title }}{% block x %}{% end %}{% include c.html %}",
      "c.html": "{# @names { n?: number } #}{{ n }}",
    };
    expect(types(files)).toBe(
      "export type Names = ({ n?: number }) & ({ user: { name: string } }) & {\n  readonly title: unknown;\n}",
    );
  });

  test("one map for all functions", () => {
    const source =
      "{% try %}{% for x in xs %}\n{{ x }}{% apply f %}\n{{ x }}{% end %}{% end %}{% except as e %}\n{{ e }}{% end %}";
    const template = new Template(source);
    expect(template.generateCode("stream").map).toEqual(template.generateCode("sync").map);
    expect(template.generateCode("async").map).toEqual(template.generateCode("sync").map);
  });

  test("the declarations are checked by TypeScript", () => {
    write({
      "templates/a.html":
        "{# @names { title: string; items: readonly string[] } #}{{ title }}{% for i in items %}{{ i }}{% end %}",
      "templates/b.html": "{{ one }}{{ two }}",
      "templates/c.txt": "{{ await x }}",
    });
    linkSquall();
    build();
    write({
      "package.json": '{ "type": "module" }',
      "use.ts": `
        import { render as a, renderStream } from "./out/a.html.js";
        import { render as b, template } from "./out/b.html.js";
        import { render as c } from "./out/c.txt.js";
        import { loader, templates } from "./out/templates.js";
        export const right: string[] = [
          a({ title: "t", items: ["x"] }), b({ one: 1, two: 2 }), template.generate({ one: 1, two: 2 }),
          await c({ x: 1 }), loader.load("a.html").generate({}), templates["b.html"].generate({ one: 1, two: 2 }),
        ];
        for await (const piece of renderStream({ title: "t", items: [] }, { chunkSize: 5 })) right.push(piece);
        // @ts-expect-error items is missing
        a({ title: "t" });
        // @ts-expect-error title is no string
        a({ title: 1, items: [] });
        // @ts-expect-error two is missing
        b({ one: 1 });
        // @ts-expect-error nothing of that name
        b({ one: 1, two: 2, three: 3 });
        // @ts-expect-error it is a promise
        right.push(c({ x: 1 }));
      `,
      "tsconfig.json": JSON.stringify({
        extends: join(ROOT, "tsconfig.json"),
        compilerOptions: { typeRoots: [join(ROOT, "node_modules/@types")], skipLibCheck: false },
        include: ["use.ts"],
        exclude: [],
      }),
    });
    const { stdout, status } = spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });
});

test("PrecompiledLoader brings names and modules", async () => {
  write({ "templates/a.html": "{{ site }}{% import tools %}{{ tools.x }}" });
  const out = build("--runtime", RUNTIME);
  const { templates } = await import(pathToFileURL(join(out, "templates.js")).href);
  const loader = new PrecompiledLoader(templates, {
    namespace: { site: "S" },
    modules: { tools: { x: 1 } },
  });
  expect(loader.load("a.html")).toBeInstanceOf(PrecompiledTemplate);
  expect(loader.load("a.html").generate()).toBe("S1");
  loader.reset();
  expect(loader.load("a.html").generate({ site: "T" })).toBe("T1");
});
