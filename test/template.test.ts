// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of templates
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import {
  CompiledTemplate,
  DictLoader,
  filterWhitespace,
  type LoaderOptions,
  SafeString,
  Template,
  type TemplateOptions,
} from "../src/template.ts";

function render(source: string, names: object = {}, options: TemplateOptions = {}): string {
  return new Template(source, options).generate(names);
}

function renderFiles(
  files: Record<string, string>,
  names = {},
  options: LoaderOptions = {},
): string {
  return new DictLoader(files, options).load(Object.keys(files)[0] ?? "").generate(names);
}

describe("expressions", () => {
  test.each([
    { source: "{{ xs.map(x => x * 2).join('-') }}", html: "2-4-6" },
    { source: "{{ xs.map((x, i) => { const y = x + i; return y; }).join() }}", html: "1,3,5" },
    { source: "{{ xs.reduce(function (sum, x) { return sum + x }, 0) }}", html: "6" },
    { source: "{{ `${xs[0]} and ${`${xs[1]}`}` }}", html: "1 and 2" },
    { source: "{{ /a[/}]b/.test('a/b') ? 'yes' : 'no' }}", html: "yes" },
    { source: "{{ xs.length / 3 / 1 }}", html: "1" },
    { source: "{{ none?.deep?.er ?? 'default' }}", html: "default" },
    { source: "{{ Object.keys({ a: 1, name, b() {} }).join() }}", html: "a,name,b" },
    { source: "{{ Math.max(...xs) }}", html: "3" },
    { source: "{{ [...xs, 4].length }}", html: "4" },
    { source: "{{ (({ length }) => length)(xs) }}", html: "3" },
    { source: "{{ ((a, b = xs.length) => a + b)(1) }}", html: "4" },
    { source: "{{ name /* a comment } */ + 'x' // more\n }}", html: "Benx" },
    { source: "{{ \"}}\" + '%}' }}", html: "}}%}" },
    { source: "{{ new Date(0).toISOString() }}", html: "1970-01-01T00:00:00.000Z" },
    { source: "{{ name in { Ben: 1 } }}", html: "true" },
    { source: "{{ void 0 }}", html: "" },
    { source: "{{ 1_000 + 0x10 + 1e3 + .5 }}", html: "2016.5" },
    { source: "{{ ((x) => ({ x }))(5).x }}", html: "5" },
    { source: "{{ (x => y => x + y)(1)(2) }}", html: "3" },
    { source: "{{ xs.filter(x => x > 1).map(x => `<${x}>`) }}", html: "&lt;2&gt;,&lt;3&gt;" },
  ])("$source", ({ source, html }) => {
    expect(render(source, { xs: [1, 2, 3], name: "Ben", none: undefined })).toBe(html);
  });

  test.each([
    { source: "{{ a and b }}", html: "2" },
    { source: "{{ zero or b }}", html: "2" },
    { source: "{{ not a == b }}", html: "true" },
    { source: "{{ not a == b and not zero }}", html: "true" },
    { source: "{{ not not a }}", html: "true" },
    { source: "{{ not a ? 'x' : 'y' }}", html: "y" },
    { source: "{{ [not a, not zero].join() }}", html: "false,true" },
    { source: "{{ `${not a}` }}", html: "false" },
    { source: "{{ not f(zero) or b }}", html: "true" },
    { source: "{{ o.and + o.or + o.not }}", html: "123" },
    { source: "{{ Object.keys({ and: 1, or: 2, not: 3 }).join() }}", html: "and,or,not" },
    { source: "{{ 'and or not' }}", html: "and or not" },
    { source: "{{ True and not False and None or 'end' }}", html: "end" },
  ])("Python's words: $source", ({ source, html }) => {
    const names = { a: 1, b: 2, zero: 0, f: (x: number) => x, o: { and: "1", or: "2", not: "3" } };
    expect(render(source, names)).toBe(html);
  });

  test.each([
    { source: "{{ f(a=1) }}", html: '[{"a":1}]' },
    {
      source: "{{ f(x, show_comments=True, b=x == 2) }}",
      html: '[2,{"show_comments":true,"b":true}]',
    },
    { source: "{{ f(x, {a: 1}) }}", html: '[2,{"a":1}]' },
    { source: "{{ o.f(a=o.f(b=1)) }}", html: '[{"a":"[{\\"b\\":1}]"}]' },
    { source: "{{ o['f'](a=1,) }}", html: '[{"a":1}]' },
    { source: "{{ ((a = 3, b = 4) => a + b)() }}", html: "7" },
    { source: "{{ f(x=x) }}", html: '[{"x":2}]' },
    { source: "{{ f(x => x, y=1) }}", html: '[null,{"y":1}]' },
    { source: "{{ f(x === 2, x >= 2) }}", html: "[true,true]" },
  ])("keyword arguments: $source", ({ source, html }) => {
    const f = (...values: unknown[]) => new SafeString(JSON.stringify(values));
    expect(render(source, { f, o: { f }, x: 2 })).toBe(html);
  });

  test("typeof of a name that was not given", () => {
    expect(render("{{ typeof x }} {{ typeof x === 'undefined' }}")).toBe("undefined true");
    expect(render("{{ typeof x }}", { x: 1 })).toBe("number");
    expect(render("{{ typeof x.y }}", { x: { y: "" } })).toBe("string");
    expect(render("{{ (x => typeof x)(1) }}")).toBe("number");
    expect(render("{% set x = 1 %}{{ typeof x }}")).toBe("number");
    expect(render("{{ [typeof x, typeof len].join() }}")).toBe("undefined,function");
  });

  test("what values look like", () => {
    const values = [0, -1.5, 10n, true, null, undefined, "<", [1, [2]], new SafeString("<b>")];
    expect(values.map((x) => render("{{ x }}", { x }))).toEqual([
      "0",
      "-1.5",
      "10",
      "true",
      "",
      "",
      "&lt;",
      "1,2",
      "<b>",
    ]);
    expect(values.map((x) => render("{% raw x %}", { x }))).toEqual([
      "0",
      "-1.5",
      "10",
      "true",
      "",
      "",
      "<",
      "1,2",
      "<b>",
    ]);
    const own = { toString: () => "<own>" };
    expect(render("{{ x }}{% raw x %}", { x: own })).toBe("&lt;own&gt;<own>");
    expect(render("{{ x }}", { x: new TextEncoder().encode("é<") })).toBe("é&lt;");
    expect(() => render("{{ x }}", { x: new Uint8Array([0xff]) })).toThrow();
  });
});

describe("names", () => {
  test("nothing of the runtime is seen", () => {
    const globals =
      "process globalThis self window fetch console setTimeout Function require module " +
      "exports Deno Bun Buffer performance navigator queueMicrotask structuredClone WebAssembly";
    for (const name of globals.split(" ")) {
      expect(() => render(`{{ ${name} }}`)).toThrow(`"${name}" is not defined at <string>:1`);
      expect(() => render(`{{ [1].map(x => ${name}) }}`)).toThrow(`"${name}" is not defined`);
      expect(() => render(`{{ { ${name} } }}`)).toThrow(`"${name}" is not defined`);
      expect(() => render(`{{ ((x = ${name}) => x)() }}`)).toThrow(`"${name}" is not defined`);
    }
    expect(render("{{ typeof process }}")).toBe("undefined");
    expect(render("{{ process }}", { process: "mine" })).toBe("mine");
  });

  test("assigning to a name that is not there makes a variable of the template, no global", () => {
    expect(render("{% set a_new_name = 1 %}{{ a_new_name }}")).toBe("1");
    expect(render("{{ (b_new_name = 2) }}{{ b_new_name }}")).toBe("22");
    expect("a_new_name" in globalThis || "b_new_name" in globalThis).toBe(false);
  });

  test("what every object has is no name", () => {
    for (const name of ["constructor", "toString", "valueOf", "__proto__", "hasOwnProperty"]) {
      expect(() => render(`{{ ${name} }}`)).toThrow(`"${name}" is not defined`);
      expect(render(`{{ ${name} }}`, { [name as "x"]: "own" })).toBe("own");
    }
  });

  test("a name is missing only where it is read", () => {
    expect(render("{% if false %}{{ missing }}{% end %}ok")).toBe("ok");
    expect(render("{% if true or missing %}ok{% end %}")).toBe("ok");
    expect(
      render("{% try %}{{ missing }}{% except NameError as e %}{{ e.message }}{% end %}"),
    ).toMatch(/missing/);
  });

  test("getters are asked only for names that are mentioned", () => {
    const asked: string[] = [];
    const names = {
      get current_user() {
        asked.push("current_user");
        return "Ben";
      },
      get locale() {
        asked.push("locale");
        return "en";
      },
    };
    expect(render("{{ current_user }}{{ current_user }}", names)).toBe("BenBen");
    expect(asked).toEqual(["current_user"]);
  });

  test("names may be inherited", () => {
    class Names {
      get title() {
        return "T";
      }
    }
    expect(render("{{ title }}", new Names())).toBe("T");
  });

  test("every template has the functions of escape, in both spellings", () => {
    const html = render(
      '{{ escape("<") }}{{ xhtml_escape("<") }}{{ xhtmlEscape("<") }}{{ url_escape("a b") }}' +
        '{{ urlEscape("&") }}{% raw json_encode({a: "</"}) %}{% raw jsonEncode([1]) %}' +
        '{{ squeeze(" a  b ") }}{{ linkify("http://a.b/") }}{{ new datetime(0).getTime() }}',
    );
    expect(html).toBe('&lt;&lt;&lt;a+b%26{"a":"<\\/"}[1]a b<a href="http://a.b/">http://a.b/</a>0');
  });

  test("a name given replaces one that is always there", () => {
    expect(render("{{ len }}", { len: 5 })).toBe("5");
    const names = { xhtml_escape: (text: string) => `[${text}]` };
    expect(render("{{ '<' }}{{ 1 }}", names)).toBe("[<][1]");
  });

  test("names of the template before those of its loader before those of all", () => {
    const options = { namespace: { a: "loader", b: "loader", len: "loader" } };
    expect(renderFiles({ x: "{{ a }} {{ b }} {{ len }}" }, { a: "given" }, options)).toBe(
      "given loader loader",
    );
  });

  test("the variables of generated code cannot be reached", () => {
    for (const name of ["_tt_out", "_tt", "_tt_names", "_tt_at"]) {
      if (name === "_tt") expect(() => render(`{{ ${name} }}`)).toThrow("not defined");
      else expect(() => render(`{{ ${name} }}`)).toThrow("names that begin with _tt_ are reserved");
      if (name !== "_tt") expect(() => render(`{% set ${name} = 1 %}`)).toThrow("are reserved");
    }
  });

  test("len, range, enumerate, zip, str", () => {
    const names = { map: new Map([[1, 2]]), set: new Set([1]), o: { a: 1, b: 2 } };
    expect(
      render("{{ len(map) }}{{ len(set) }}{{ len(o) }}{{ len([]) }}{{ len('😀') }}", names),
    ).toBe("11201");
    expect(render("{{ str(1) + str(2) }}{{ [...range(0, 5, 2)].join('') }}")).toBe("12024");
    expect(render("{% for i, x in enumerate('ab', 1) %}{{ i }}{{ x }}{% end %}")).toBe("1a2b");
    expect(render("{% for a, b in zip([1, 2], 'xyz') %}{{ a }}{{ b }}{% end %}")).toBe("1x2y");
    expect(() => render("{{ len(5) }}")).toThrow("Cannot take len() of number");
    expect(() => render("{{ [...range(0, 1, 0)] }}")).toThrow("its step is 0");
  });
});

describe("autoescape", () => {
  test("passes a SafeString through, whether Tornado 1.x or a modern one is meant", () => {
    const names = {
      x: "<x>",
      xsrf_form_html: () => new SafeString('<input name="_xsrf"/>'),
      modules: { Entry: (e: string) => new SafeString(`<p>${e}</p>`) },
      _tt_modules: { Entry: (e: string) => new SafeString(`<p>${e}</p>`) },
    };
    expect(render("{{ escape(x) }}{{ x }}", names)).toBe("&lt;x&gt;&lt;x&gt;");
    expect(render("{{ xsrf_form_html() }}{% raw xsrf_form_html() %}", names)).toBe(
      '<input name="_xsrf"/>'.repeat(2),
    );
    expect(render("{{ modules.Entry(1) }}{% module Entry(2) %}", names)).toBe("<p>1</p><p>2</p>");
    expect(render("{% autoescape None %}{{ escape(x) }}{{ x }}", names)).toBe("&lt;x&gt;<x>");
  });

  test("gives a function of the application the text", () => {
    const quoted = (text: string) => JSON.stringify(text);
    expect(render("{% autoescape quoted %}{{ 1 }}{{ ['a'] }}", { quoted })).toBe('"1""a"');
    expect(render("{% autoescape o.quoted %}{{ '<' }}", { o: { quoted } })).toBe('"<"');
    expect(render("{{ '<' }}", { quoted }, { autoescape: "quoted" })).toBe('"<"');
    expect(render("{{ '<' }}", {}, { autoescape: false })).toBe("<");
    expect(() => render("{% autoescape missing %}{{ 1 }}")).toThrow('"missing" is not defined');
  });

  test.each(["xhtml_escape", "xhtmlEscape", "escape"])("%s is the same function", (name) => {
    expect(render(`{% autoescape ${name} %}{{ '<' }}{{ x }}`, { x: new SafeString("<") })).toBe(
      "&lt;<",
    );
  });
});

describe("for", () => {
  test.each([
    { source: "{% for (const x of xs) %}{{ x }}{% end %}", html: "123" },
    { source: "{% for (let x of xs) %}{% set x = x * 2 %}{{ x }}{% end %}", html: "246" },
    {
      source: "{% for (const [k, v] of Object.entries(o)) %}{{ k }}{{ v }}{% end %}",
      html: "a1b2",
    },
    { source: "{% for (const { id, name: n } of list) %}{{ id }}{{ n }}{% end %}", html: "1a2b" },
    { source: "{% for (const k in o) %}{{ k }}{% end %}", html: "ab" },
    { source: "{% for (let i = 0; i < xs.length; i++) %}{{ xs[i] }}{% end %}", html: "123" },
    { source: "{% for (let i = 0, n = len(xs); i < n; i += 2) %}{{ i }}{% end %}", html: "02" },
    { source: "{% for (x of xs) %}{% end %}{{ x }}", html: "3" },
    { source: "{% for x of xs %}{{ x }}{% end %}", html: "123" },
    { source: "{% for [a, b] of pairs %}{{ b }}{{ a }}{% end %}", html: "2143" },
    { source: "{% for {id} in list %}{{ id }}{% end %}", html: "12" },
    { source: "{% for first, *rest in pairs %}{{ rest[0] }}{% end %}", html: "24" },
    { source: "{% for k in o %}{{ k }}{% end %}", html: "ab" },
    { source: "{% for k, v in o %}{{ k }}{{ v }}{% end %}", html: "a1b2" },
    { source: "{% for k, v in map %}{{ k }}{{ v }}{% end %}", html: "a1b2" },
    { source: "{% for x in new Set([1, 1]) %}{{ x }}{% end %}", html: "1" },
    { source: "{% for x in (1, 2) %}{{ x }}{% end %}", html: "Cannot loop over number" },
    { source: "{% for(const x of xs) %}{{ x }}{% end %}{% if(xs) %}!{% end %}", html: "123!" },
    { source: "{% for x in xs.map(x => x + 1) %}{{ x }}{% end %}", html: "234" },
    { source: "{% for x in 'a in b'.split(' in ') %}{{ x }}{% end %}", html: "ab" },
  ])("$source", ({ source, html }) => {
    const names = {
      xs: [1, 2, 3],
      o: { a: 1, b: 2 },
      map: new Map([
        ["a", 1],
        ["b", 2],
      ]),
      list: [
        { id: 1, name: "a" },
        { id: 2, name: "b" },
      ],
      pairs: [
        [1, 2],
        [3, 4],
      ],
    };
    if (html.startsWith("Cannot")) expect(() => render(source, names)).toThrow(html);
    else expect(render(source, names)).toBe(html);
  });

  test("JavaScript's variables end with their loop, Tornado's do not", () => {
    expect(() => render("{% for (const x of [1]) %}{% end %}{{ x }}")).toThrow(
      '"x" is not defined',
    );
    expect(render("{% for x in [1] %}{% end %}{{ x }}")).toBe("1");
    expect(render("{% for (const x of [1]) %}{{ x }}{% end %}{{ x }}", { x: 9 })).toBe("19");
  });

  test.each([undefined, null, 5, true])("does not go through %s", (xs) => {
    expect(() => render("{% for x in xs %}{% end %}", { xs })).toThrow(/^Cannot loop over /);
  });
});

describe("try", () => {
  const fail = (error: unknown) => () => {
    throw error;
  };

  test.each([
    { error: new TypeError("t"), html: "type t" },
    { error: new RangeError("r"), html: "range or syntax RangeError" },
    { error: new SyntaxError("s"), html: "range or syntax SyntaxError" },
    { error: "text", html: "other text" },
  ])("finds the clause for $error", ({ error, html }) => {
    const source =
      "{% try %}{{ fail() }}{% except TypeError as e %}type {{ e.message }}" +
      "{% except (RangeError, SyntaxError) as e %}range or syntax {{ e.name }}" +
      "{% except as e %}other {{ e }}{% end %}";
    expect(render(source, { fail: fail(error) })).toBe(html);
  });

  test("goes on with what no clause takes", () => {
    const source = "{% try %}{{ fail() }}{% except TypeError %}{% finally %}{{ done() }}{% end %}";
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    expect(() => render(source, { fail: fail(new RangeError("r")), done })).toThrow("r");
    expect(isDone).toBe(true);
  });

  test("an error in else is not for the clauses before it", () => {
    const source = "{% try %}a{% except %}b{% else %}{{ fail() }}{% end %}";
    expect(() => render(source, { fail: fail(new Error("e")) })).toThrow("e");
  });
});

describe("set", () => {
  test.each([
    { source: "{% set let x = 1 %}{% set const y = 2 %}{{ x + y }}", html: "3" },
    { source: "{% set {a, b} = {a: 1, b: 2} %}{{ a }}{{ b }}", html: "12" },
    { source: "{% set a = b = 3 %}{{ a }}{{ b }}", html: "33" },
    { source: "{% set o.x = 1 %}{% set o.x += 1 %}{{ o.x }}", html: "2" },
    { source: "{% set list.push(1) %}{{ len(list) }}", html: "1" },
    { source: "{% set n++ %}{{ n }}", html: "6" },
    { source: "{% set f = x => x * 2 %}{{ f(4) }}", html: "8" },
    { source: "{% set t = 1, 2 %}{{ t[1] }}", html: "2" },
    { source: "{% set a, b = 'xy' %}{{ b }}{{ a }}", html: "yx" },
    { source: "{% set x ??= 7 %}{{ x }}", html: "7" },
    { source: "{% set title = title + '!' %}{{ title }}", html: "T!" },
    { source: "{% set s = `a${`b`}` %}{{ s }}", html: "ab" },
  ])("$source", ({ source, html }) => {
    expect(render(source, { o: {}, list: [], n: 5, title: "T" })).toBe(html);
  });
});

describe("import", () => {
  const modules = {
    humanize: { ago: (n: number) => `${n} s ago`, size: (n: number) => `${n} B`, default: "d" },
    "./format.js": { upper: (text: string) => text.toUpperCase() },
    "a.b": "ab",
  };

  test.each([
    { source: "{% import humanize %}{{ humanize.ago(1) }}", html: "1 s ago" },
    { source: "{% import humanize as h %}{{ h.ago(2) }}", html: "2 s ago" },
    { source: "{% import humanize, humanize as i %}{{ i.size(2) }}", html: "2 B" },
    { source: "{% import a.b as c %}{{ c }}", html: "ab" },
    { source: "{% from humanize import ago %}{{ ago(3) }}", html: "3 s ago" },
    {
      source: "{% from humanize import ago as a, size as s %}{{ a(4) }}{{ s(5) }}",
      html: "4 s ago5 B",
    },
    { source: "{% from humanize import (ago, size) %}{{ size(5) }}", html: "5 B" },
    { source: '{% from "./format.js" import upper %}{{ upper("x") }}', html: "X" },
    { source: '{% import { ago, size as s } from "humanize" %}{{ s(1) }}', html: "1 B" },
    { source: '{% import * as h from "humanize" %}{{ h.ago(1) }}', html: "1 s ago" },
    { source: "{% import d from 'humanize' %}{{ d }}", html: "d" },
    { source: '{% import "./format.js" as f %}{{ f.upper("y") }}', html: "Y" },
    { source: "{% import datetime %}{{ datetime.UTC(1970, 0) }}", html: "0" },
  ])("$source", ({ source, html }) => {
    expect(renderFiles({ "a.html": source }, {}, { modules })).toBe(html);
  });

  test("finds what the template is given", () => {
    expect(render("{% import tools %}{{ tools.x }}", { tools: { x: 1 } })).toBe("1");
  });

  test.each([
    {
      source: "{% import os %}",
      message: 'Cannot import "os": expected "humanize", "./format.js"',
    },
    {
      source: "{% from humanize import nope %}",
      message: 'Cannot import "nope": "humanize" has no',
    },
    { source: "{% import constructor %}", message: 'Cannot import "constructor"' },
    {
      source: "{% from humanize import * %}",
      message: 'expected "name" or "name as other", got "*"',
    },
    { source: "{% import ./x %}", message: 'expected "name" or "module as name", got "./x"' },
    { source: '{% import "x" %}', message: 'expected "name" or "module as name"' },
    { source: "{% from humanize import %}", message: "expected" },
    { source: "{% from humanize %}", message: "expected" },
  ])("$source fails", ({ source, message }) => {
    expect(() => renderFiles({ "a.html": source }, {}, { modules })).toThrow(message);
  });
});

describe("white space", () => {
  test("filterWhitespace", () => {
    expect(filterWhitespace("all", " \t\n")).toBe(" \t\n");
    expect(filterWhitespace("single", " a\t b \n\n c")).toBe(" a b\nc");
    expect(filterWhitespace("oneline", " a\t b \n\n c")).toBe(" a b c");
    expect(() => filterWhitespace("x" as "all", "")).toThrow('got "x"');
  });

  test("Tornado's older option", () => {
    const options = { name: "a.txt", compressWhitespace: true };
    expect(render("a   b", {}, options)).toBe("a b");
    expect(render("a   b", {}, { name: "a.html", compressWhitespace: false })).toBe("a   b");
    expect(() => render("", {}, { ...options, whitespace: "all" })).toThrow("are both set");
  });

  test("long runs of it take no more than linear time", () => {
    const run = "\r".repeat(200_000);
    expect(filterWhitespace("single", run)).toBe(run);
    expect(filterWhitespace("single", `${run}\n${run}`)).toBe("\n");
  });
});

test("sources may be bytes", () => {
  expect(new Template(new TextEncoder().encode("é{{ x }}")).generate({ x: 1 })).toBe("é1");
});

test("a source longer than the core's window", () => {
  const text = "é<b>text</b> ".repeat(100_000);
  expect(render(`${text}{{ x }}${text}`, { x: 1 })).toBe(`${text}1${text}`);
});

test("many names, and many of them missing", () => {
  const names = Array.from({ length: 200 }, (_, index) => `name_${index}`);
  const source = names.map((name) => `{% if ${name} %}${name}{% end %}`).join("");
  const given = Object.fromEntries(names.map((name, index) => [name, index % 7 === 0]));
  expect(render(source, given)).toContain("name_196");
  delete given.name_150;
  expect(() => render(source, given)).toThrow('"name_150" is not defined');
});

test("templates say what they are", () => {
  const template = new Template("{{ x }}", { name: "x.html" });
  expect(template).toBeInstanceOf(CompiledTemplate);
  expect(template.name).toBe("x.html");
  expect(template.code).toContain("function");
});

test("the module brings no server", () => {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/from "(\.[^"]+\.ts)"/g)) {
      visit(normalize(join(dirname(file), path)));
    }
  };
  visit(join(import.meta.dirname, "../src/template.ts"));
  const names = [...seen].map((file) => file.replaceAll("\\", "/").replace(/^.*\/src\//, ""));
  const modules = new Set(names.map((name) => name.split("/")[0]?.replace(".ts", "")));
  expect([...modules].filter((name) => name !== "" && !name?.includes("core-wasm")).sort()).toEqual(
    expect.arrayContaining(["core", "escape", "template", "util"]),
  );
  for (const name of ["httpserver", "web", "ioloop", "iostream", "http1connection"]) {
    expect(modules).not.toContain(name);
  }
});
