/** Expressions, names, escaping and white space of templates. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of templates
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { CompiledTemplate, filterWhitespace, SafeString, Template } from "../src/template.ts";
import { render, renderFiles } from "./support/rendered.ts";

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
    { source: "{{ a in list }}{{ 3 in list }}{{ a + 1 in list }}", html: "truefalsetrue" },
    { source: "{{ a not in list }}{{ 3 not in list }}{{ not 3 in list }}", html: "falsetruetrue" },
    { source: "{{ 'b' in 'abc' and 'x' not in 'abc' }}", html: "true" },
    { source: "{{ 'and' in o }}{{ 'in' in o }}{{ o.in?.x }}", html: "truefalse" },
    { source: "{{ a in new Set(list) }}{{ a in new Map([[1, 2]]) }}", html: "truetrue" },
    { source: "{{ a in list == True ? 'x' in ['x'] : b }}", html: "true" },
    { source: "{{ f(x=a in list, y=3 in list).x }}", html: "true" },
    { source: "{{ list.filter(x => x in [2]).join() + `${2 in list}` }}", html: "2true" },
    { source: "{{ (() => { for (const k in o) return k in o })() }}", html: "true" },
    { source: "{% if a in list and zero not in list %}yes{% end %}", html: "yes" },
    {
      source: "{{ b in (1, 2) }}{{ zero not in (1, 2) or b }}{{ b in (1,) }}",
      html: "truetruefalse",
    },
    {
      source: "{{ b in range(3) }}{{ 3 in range(3) }}{{ f(3) in (f(1), (2, 3)) }}",
      html: "truefalsetrue",
    },
    { source: "{{ a in list.values() }}{{ 3 in list.values() }}", html: "truefalse" },
    { source: "{{ 'A' in new Headers({ a: 'b' }) }}{{ 'c' in new Headers() }}", html: "truefalse" },
    { source: "{{ 'constructor' in o }}{{ 'message' in new Error('a') }}", html: "falsetrue" },
    { source: "{{ a < b and b < 3 }}{{ (a < b) == (b < 3) }}", html: "truetrue" },
    { source: "{{ a < b ? b < 3 : b > 3 }}{{ f(a < b, b < 3) }}", html: "truetrue" },
    { source: "{{ zero in none }}", html: 'Cannot look with "in" into undefined' },
    { source: "{{ none is None }}{{ nil is None }}{{ zero is None }}", html: "truetruefalse" },
    { source: "{{ a is not None and none is not None }}", html: "false" },
    { source: "{{ (is => is)(1) }}", html: "1" },
    { source: "{{ '%(n)d of %(a)s' % {'n': 3, 'a': '<b>'} + '!' }}", html: "3 of &lt;b&gt;!" },
    { source: "{{ f('%(n)d') % {'n': b * 2} }}", html: "4" },
    { source: "{{ b % 2 }}{{ 7 % (b + 1) }}", html: "01" },
    { source: "{{ b % { n: 1 } }}", html: "Cannot divide a number by an object" },
  ])("Python's words: $source", ({ source, html }) => {
    const o = { and: "1", or: "2", not: "3" };
    const names = {
      ...{ a: 1, b: 2, zero: 0, f: (x: number) => x, o, list: [1, 2] },
      ...{ none: undefined, nil: null, Headers },
    };
    if (html.startsWith("Cannot")) {
      expect(() => render(source, names)).toThrow(html);
      return;
    }
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
    expect(render("{{ len(range(3)) }}{{ range(3, 0, -1) }}{{ range(1, 0) }}")).toBe("33,2,1");
    expect(
      render(
        "{% set r = range(2) %}{% for i in r %}{% for j in r %}{{ i }}{{ j }} {% end %}{% end %}",
      ),
    ).toBe("00 01 10 11 ");
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
