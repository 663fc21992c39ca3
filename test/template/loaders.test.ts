/** Where templates come from, under which names, and how long they are kept. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BaseLoader, DictLoader, Loader, ParseError, Template } from "../../src/template.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "squall-templates-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

describe("resolvePath", () => {
  const rows = [
    { name: "a.html", parent: undefined, dict: "a.html", folder: "a.html" },
    { name: "a.html", parent: "b.html", dict: "a.html", folder: "a.html" },
    { name: "a.html", parent: "x/b.html", dict: "x/a.html", folder: "x/a.html" },
    { name: "../a.html", parent: "x/b.html", dict: "a.html", folder: "a.html" },
    { name: "../y/a.html", parent: "x/b.html", dict: "y/a.html", folder: "y/a.html" },
    { name: "./a.html", parent: "x/b.html", dict: "x/a.html", folder: "x/a.html" },
    { name: "/a.html", parent: "x/b.html", dict: "/a.html", folder: "/a.html" },
    { name: "a.html", parent: "/x/b.html", dict: "a.html", folder: "a.html" },
    { name: "a.html", parent: "<string>", dict: "a.html", folder: "a.html" },
    // What leads out of the root is left as it is by Loader.
    { name: "../a.html", parent: "b.html", dict: "../a.html", folder: "../a.html" },
    {
      name: "../../../a.html",
      parent: "x/b.html",
      dict: "../../a.html",
      folder: "../../../a.html",
    },
    { name: "..", parent: "x/b.html", dict: "", folder: "" },
  ];

  test.each(rows)("$name as seen from $parent", ({ name, parent, dict, folder }) => {
    expect(new DictLoader({}).resolvePath(name, parent)).toBe(dict);
    expect(new Loader(root).resolvePath(name, parent)).toBe(folder);
  });
});

describe("Loader", () => {
  test("reads UTF-8 from a folder, files of any name", () => {
    write({
      "utf8.html": "H{{ 'é' }}llo é",
      "tést.html": "t",
      "a b/c.html": "{% include 'd.html' %}",
      "a b/d.html": "d",
    });
    const loader = new Loader(root);
    expect(loader.load("utf8.html").generate()).toBe("Héllo é");
    expect(loader.load("tést.html").generate()).toBe("t");
    expect(loader.load("a b/c.html").generate()).toBe("d");
  });

  test("keeps templates until it is reset", () => {
    write({ "a.html": "{% include b.html %}", "b.html": "1" });
    const loader = new Loader(root);
    const first = loader.load("a.html");
    write({ "b.html": "2" });
    expect(loader.load("a.html")).toBe(first);
    expect(loader.load("a.html").generate()).toBe("1");
    loader.reset();
    expect(loader.load("a.html").generate()).toBe("2");
  });

  test("reads again what could not be compiled", () => {
    write({ "a.html": "{% include b.html %}", "b.html": "{{ 1 + }}" });
    const loader = new Loader(root);
    expect(() => loader.load("a.html")).toThrow("at b.html:1");
    write({ "b.html": "{{ 1 + 1 }}" });
    expect(loader.load("a.html").generate()).toBe("2");
  });

  test.each(["../secret.txt", "x/../../secret.txt", "/etc/passwd", "..", ".", "", "a\0.html"])(
    "does not leave its folder for %j",
    (name) => {
      write({ "templates/a.html": "" });
      writeFileSync(join(root, "secret.txt"), "secret");
      const loader = new Loader(join(root, "templates"));
      expect(() => loader.load(name)).toThrow(/^Cannot load template /);
    },
  );

  test("does not take a folder with a longer name for its own", () => {
    write({
      "templates/a.html": "{% include ../templates-old/b.html %}",
      "templates-old/b.html": "old",
    });
    expect(() => new Loader(join(root, "templates")).load("a.html")).toThrow("it is not in");
  });

  test("links may lead anywhere: they are the owner's", () => {
    write({ "templates/a.html": "", "shared/b.html": "shared" });
    symlinkSync(join(root, "shared"), join(root, "templates/shared"), "dir");
    expect(new Loader(join(root, "templates")).load("shared/b.html").generate()).toBe("shared");
  });

  test("says what is wrong with a file", () => {
    write({ "a.html": new Uint8Array([0x61, 0xff]), "dir/b.html": "" });
    const loader = new Loader(root);
    expect(() => loader.load("a.html")).toThrow('Cannot load template "a.html": it is not UTF-8');
    expect(() => loader.load("dir")).toThrow('Cannot load template "dir": ');
    expect(() => loader.load("c.html")).toThrow(`there is no such file in ${root}`);
  });
});

describe("options", () => {
  test("for all templates of a loader", () => {
    const loader = new DictLoader(
      { "a.txt": "a  {{ x }}{{ inc(1) }}" },
      { autoescape: false, whitespace: "oneline", namespace: { inc: (n: number) => n + 1 } },
    );
    expect(loader.load("a.txt").generate({ x: "<" })).toBe("a <2");
    expect(() => new DictLoader({}, { whitespace: "x" as "all" })).toThrow('got "x"');
  });

  test("of a template, before those of its loader", () => {
    const loader = new DictLoader({ "b.html": "{{ '<' }}" }, { autoescape: false });
    const template = new Template("{{ '<' }}{% include b.html %}", {
      loader,
      autoescape: "escape",
    });
    expect(template.generate()).toBe("&lt;<");
  });
});

test("a loader of one's own", () => {
  class UpperLoader extends BaseLoader {
    override resolvePath(name: string): string {
      return name.toLowerCase();
    }

    override createTemplate(name: string): Template {
      const source = name === "inner" ? "{{ name }}" : "{% include INNER %}!";
      return new Template(source, { name, loader: this });
    }
  }
  const loader = new UpperLoader();
  expect(loader.load("Outer").generate({ name: "x" })).toBe("x!");
  expect(loader.load("OUTER")).toBe(loader.load("outer"));
});

test("a template with a loader is compiled when it is needed", () => {
  const template = new Template("{{ a b }}", { loader: new DictLoader({}) });
  expect(() => template.compile()).toThrow(ParseError);
  expect(() => template.generate()).toThrow(ParseError);
});
