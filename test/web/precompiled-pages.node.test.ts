/**
 * Pages from templates that were compiled ahead of time, in a program that may make no code from
 * strings: handlers' names, UI modules and inheritance included.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { compileTemplate, DictLoader } from "../../src/template.ts";

const folder = mkdtempSync(join(tmpdir(), "squall-pages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const dist = (name: string): string =>
  pathToFileURL(join(import.meta.dirname, `../../dist/src/${name}.js`)).href;

const files = {
  "base.html": "<head></head><body>{% block body %}{% end %}</body>",
  "page.html":
    '{% extends "base.html" %}{% block body %}{% module Dish("cod & chips") %}' +
    '{{ reverse_url("page", 7) }} {{ request.path }} {{ await later() }}{% end %}',
  "dish.html": "<p>{{ name }}</p>",
};

const program = `
import { PrecompiledLoader } from ${JSON.stringify(dist("template"))};
import { Application, RequestHandler, UIModule } from ${JSON.stringify(dist("web"))};
import { template as page } from "./page.mjs";
import { template as dish } from "./dish.mjs";

class Dish extends UIModule {
  render(name) {
    return this.renderString("dish.html", { name });
  }
  embeddedCss() {
    return "p {}";
  }
}
class Page extends RequestHandler {
  get() {
    this.render("page.html", { later: async () => "later" });
  }
}
const templateLoader = new PrecompiledLoader({ "page.html": page, "dish.html": dish });
const app = new Application([["/page/:id", Page, {}, "page"]], { templateLoader, uiModules: { Dish } });
let strings = "allowed";
try {
  new Function("return 1")();
} catch {
  strings = "forbidden";
}
console.log(strings, await (await app.request("/page/1")).text());
`;

test("are rendered without any code from strings", () => {
  const loader = new DictLoader(files);
  mkdirSync(folder, { recursive: true });
  for (const name of ["page", "dish"]) {
    const { code } = compileTemplate(loader.load(`${name}.html`), { runtime: dist("template") });
    writeFileSync(join(folder, `${name}.mjs`), code);
  }
  writeFileSync(join(folder, "main.mjs"), program);
  const args = ["--disallow-code-generation-from-strings", join(folder, "main.mjs")];
  const run = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(run.stderr).toBe("");
  expect(run.stdout).toBe(
    'forbidden <head><style type="text/css">\np {}\n</style>\n</head>' +
      "<body><p>cod &amp; chips</p>/page/7 /page/1 later</body>\n",
  );
});
