/** What is wrong with templates, and where: when they are read, and when they are rendered. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of templates
import { describe, expect, test } from "vitest";
import { DictLoader, Loader, ParseError, Template, templateTrace } from "../../src/template.ts";

function thrownBy(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("Nothing was thrown");
}

function failure(files: Record<string, string>, names: object = {}): Error {
  const loader = new DictLoader(files);
  return thrownBy(() => loader.load(Object.keys(files)[0] ?? "").generate(names));
}

describe("a syntax error says what was expected, and where", () => {
  test.each([
    { source: "{{", message: "Missing end expression }} at foo.html:1" },
    { source: "\n\n{{ x", message: "Missing end expression }} at foo.html:3" },
    { source: "{%", message: "Missing end block %} at foo.html:1" },
    { source: "a\n{# x", message: "Missing end comment #} at foo.html:2" },
    { source: "{{}}", message: "Empty expression at foo.html:1" },
    { source: "{% %}", message: "Empty block tag ({% %}) at foo.html:1" },
    {
      source: "{% if a %}\n{% for b in c %}\n",
      message: "Missing {% end %} block for for of line 2 at foo.html:2",
    },
    { source: "{% end %}", message: "Extra {% end %} block at foo.html:1" },
    { source: "{% if a %}{% end %}\n{% end %}", message: "Extra {% end %} block at foo.html:2" },
    { source: "{% elif a %}", message: "elif outside if block at foo.html:1" },
    { source: "{% else %}", message: "else outside if, for, while, try block at foo.html:1" },
    {
      source: "{% for a in b %}\n{% elif a %}{% end %}",
      message: "elif block cannot be attached to for block of line 1: expected if at foo.html:2",
    },
    {
      source: "{% if a %}{% else %}{% else %}{% end %}",
      message: "else after else: expected {% end %} at foo.html:1",
    },
    {
      source: "{% if a %}{% else %}{% elif b %}{% end %}",
      message: "elif after else: expected {% end %} at foo.html:1",
    },
    {
      source: "{% if a %}{% else if b %}{% end %}",
      message: 'else takes nothing after it, got "if b": expected "elif" at foo.html:1',
    },
    { source: "{% if %}{% end %}", message: "if expected a condition at foo.html:1" },
    { source: "{% if a %}{% elif %}{% end %}", message: "elif expected a condition at foo.html:1" },
    { source: "{% while %}{% end %}", message: "while expected a condition at foo.html:1" },
    {
      source: "{% for %}{% end %}",
      message: "for expected a loop: {% for x in values %} at foo.html:1",
    },
    {
      source: "{% for a %}{% end %}",
      message: 'Cannot parse {% for a %}: expected "x in values" at foo.html:1',
    },
    {
      source: "{% for in a %}{% end %}",
      message: 'Cannot parse {% for in a %}: expected a variable before "in" at foo.html:1',
    },
    {
      source: "{% for a in %}{% end %}",
      message: "Cannot parse {% for a in %}: expected an expression at foo.html:1",
    },
    { source: "{% for a.b in c %}{% end %}", message: 'expected names of variables, got "."' },
    {
      source: "{% for (const a) %}{% end %}",
      message: 'expected "const x of values" in the brackets',
    },
    {
      source: "{% try %}{% end %}",
      message: "try block expected except or finally before its end",
    },
    {
      source: "{% try %}{% else %}{% end %}",
      message: "else in a try block expected except before it",
    },
    {
      source: "{% try %}{% finally %}{% except %}{% end %}",
      message: "except after finally: expected {% end %}",
    },
    {
      source: "{% try %}{% except %}{% else %}{% except %}{% end %}",
      message: "except after else: expected finally or {% end %}",
    },
    {
      source: "{% try %}{% except %}\n{% except A %}{% end %}",
      message: "except after the one of line 1, which takes everything at foo.html:2",
    },
    {
      source: "{% try %}{% except A as %}{% end %}",
      message: 'expected a name after "as", got ""',
    },
    { source: "{% try x %}{% except %}{% end %}", message: 'try takes nothing after it, got "x"' },
    { source: "{% break %}", message: "break outside for, while block at foo.html:1" },
    {
      source: "{% for a in b %}{% else %}{% continue %}{% end %}",
      message: "continue outside for, while block",
    },
    {
      source: "{% for a in b %}{% break 2 %}{% end %}",
      message: 'break takes nothing after it, got "2"',
    },
    {
      source: "{% for a in b %}{% apply c %}{% break %}{% end %}{% end %}",
      message: "break outside for, while block",
    },
    {
      source: "{% extends %}",
      message: 'extends missing file path: expected {% extends "name.html" %}',
    },
    {
      source: '{% include "" %}',
      message: 'include missing file path: expected {% include "name.html" %}',
    },
    {
      source: "{% if a %}{% extends b.html %}{% end %}",
      message: "extends inside if block of line 1: expected it outside of blocks",
    },
    {
      source: "{% extends a.html %}\n{% extends b.html %}",
      message: "extends expected once, and is already on line 1 at foo.html:2",
    },
    {
      source: "{% extends a.html %}",
      message: "{% extends %} block found, but no template loader at foo.html:1",
    },
    {
      source: "{% include a.html %}",
      message: "{% include %} block found, but no template loader at foo.html:1",
    },
    { source: "{% set %}", message: "set expected an assignment: {% set name = value %}" },
    { source: "{% set = 1 %}", message: 'expected a name before "="' },
    { source: "{% set a = %}", message: "expected an expression" },
    { source: "{% set let a %}", message: 'expected a value: "let a = …"' },
    { source: "{% import %}", message: "import expected a module: {% import name %}" },
    { source: "{% apply %}{% end %}", message: "apply expected a function: {% apply function %}" },
    { source: "{% block %}{% end %}", message: "block expected a name: {% block name %}" },
    { source: "{% raw %}", message: "raw expected an expression" },
    { source: "{% module %}", message: "module expected a call: {% module Name() %}" },
    { source: "{% autoescape %}", message: "autoescape expected a function, or None" },
    {
      source: "{% whitespace none %}",
      message: 'whitespace expected all, single or oneline, got "none"',
    },
    {
      source: "{% foo %}",
      message: 'unknown operator: "foo", expected one of apply, autoescape, block',
    },
    { source: "{% endif %}", message: 'unknown operator: "endif", expected "end"' },
    { source: "{% elseif x %}", message: 'unknown operator: "elseif", expected "elif"' },
    { source: "{% catch %}", message: 'unknown operator: "catch", expected "except"' },
    { source: "{% constructor %}", message: 'unknown operator: "constructor", expected one of' },
    { source: "{{ (a }}", message: 'Cannot parse {{ (a }}: "(" is not closed, expected ")"' },
    { source: "{{ a) }}", message: '")" closes nothing' },
    { source: "{{ f([a) }}", message: 'expected "]", got ")"' },
    { source: "{{ 'a }}", message: "string is not closed, expected '" },
    { source: "{{ `a${b }}", message: 'expected "}"' },
    { source: "{{ `a }}", message: "template literal is not closed" },
    { source: "{{ a /* b }}", message: "comment is not closed" },
    { source: "{{ a; b }}", message: 'expected one expression, got ";" after it' },
    { source: "{{ a, b }}", message: 'expected one expression, got "," after it' },
    { source: "{{ \\u0061 }}", message: '"\\" means nothing' },
    { source: "{{ // a }}", message: "expected an expression" },
    { source: "a\n{{ a + }}", message: 'Cannot parse "a +": expected JavaScript, ' },
    { source: "{{ a b }}", message: 'Cannot parse "a b": expected JavaScript, ' },
    { source: "{{ class }}", message: 'Cannot parse "class": expected JavaScript, ' },
    { source: "{{ const }}", message: 'Cannot parse "const": expected JavaScript, ' },
    { source: "{{ return 1 }}", message: 'Cannot parse "return 1": expected JavaScript, ' },
    { source: "{{ import('x') }}", message: "a reserved word of JavaScript" },
    { source: "{{ yield }}", message: 'Cannot parse "yield"' },
    { source: "{{ arguments }}", message: '"arguments" is a reserved word' },
    { source: "{{ eval('1') }}", message: '"eval" is a reserved word' },
    { source: "{{ public }}", message: '"public" is a reserved word' },
    { source: "{% set class = 1 %}", message: 'Cannot parse "class = 1"' },
    { source: "{% for class in a %}{% end %}", message: "Cannot parse" },
    {
      source: "{{ f(a=1, 2) }}",
      message: "expected no argument without a name after keyword arguments",
    },
    { source: "{{ a is None }}", message: 'expressions are JavaScript: expected "===", got "is"' },
    { source: "{{ lambda x: x }}", message: 'expected "x => …", got "lambda"' },
    { source: "{{ a if b else c }}", message: 'expected "c ? a : b", got "if"' },
    { source: "{{ a not in b }}", message: 'expected "!list.includes(x)", got "not in"' },
    { source: "{{ [a for a in b] }}", message: 'expected "list.map(…)", got "for"' },
    { source: "{% if a = %}{% end %}", message: 'Cannot parse "a ="' },
    { source: "{% for (const a of ) %}{% end %}", message: "expected an expression" },
    { source: "{% for (let i = 0; i <; i++) %}{% end %}", message: "Cannot parse" },
  ])("$source", ({ source, message }) => {
    const error = thrownBy(() => new Template(source, { name: "foo.html" }));
    expect(error).toBeInstanceOf(ParseError);
    expect(error.message).toContain(message);
    expect(error).toMatchObject({ name: "ParseError", filename: "foo.html" });
    expect(error.message).toBe(
      `${(error as ParseError).reason} at foo.html:${(error as ParseError).lineno}`,
    );
  });

  test("in the file that it is in", () => {
    const files = {
      "page.html": "{% extends base.html %}",
      "base.html": "<html>\n{% include menu.html %}",
      "menu.html": "\n\n{{ a b }}",
    };
    expect(failure(files).message).toMatch(/^Cannot parse "a b": .* at menu\.html:3$/);
    expect(failure({ ...files, "menu.html": "\n{% foo %}" }).message).toMatch(/at menu\.html:2$/);
    const { "menu.html": _, ...rest } = files;
    const missing = failure(rest);
    expect(missing).toBeInstanceOf(ParseError);
    expect(missing.message).toBe(
      'include "menu.html" failed: Cannot load template "menu.html": ' +
        'expected one of "page.html", "base.html" at base.html:2',
    );
  });

  test("files that take each other in", () => {
    expect(
      failure({ "a.html": "{% extends b.html %}", "b.html": "\n{% extends a.html %}" }).message,
    ).toBe('"a.html" extends itself: a.html → b.html → a.html at b.html:2');
    expect(failure({ "a.html": "{% extends a.html %}" }).message).toContain("a.html → a.html");
    expect(
      failure({
        "a.html": "{% include b.html %}",
        "b.html": "\n{% if 0 %}{% include a.html %}{% end %}",
      }).message,
    ).toContain('"a.html" includes itself: a.html → b.html → a.html');
    expect(
      failure({ "a.html": "{% include b.html %}", "b.html": "{% extends c.html %}", "c.html": "" })
        .message,
    ).toContain('it extends "c.html", expected a file that does not at a.html:1');
  });

  test("too many blocks inside each other", () => {
    const nested = (depth: number) => "{% if x %}\n".repeat(depth) + "{% end %}".repeat(depth);
    expect(new Template(nested(99)).generate({ x: 1 })).toBe("\n".repeat(99));
    expect(() => new Template(nested(5000))).toThrow(
      "more than 100 blocks inside each other at <string>:100",
    );
  });

  test("a long expression takes no more than its length", () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: ${index}`).join(", ");
    expect(new Template(`{{ len({ ${keys} }) }}`).generate()).toBe("20000");
    const open = "[".repeat(2000);
    expect(() => new Template(`{{ ${open} }}`)).toThrow('"[" is not closed');
  });

  test("break in a block that stands outside of a loop elsewhere", () => {
    const files = {
      "a.html": "{% extends b.html %}{% for x in [] %}{% block x %}{% break %}{% end %}{% end %}",
      "b.html": "{% block x %}{% end %}",
    };
    expect(failure(files)).toBeInstanceOf(ParseError);
  });
});

describe("an error while rendering shows the line of the template", () => {
  const fail = () => {
    throw new TypeError("from the application");
  };

  test.each([
    { name: "expression", files: { "t.html": "one\ntwo{{ fail() }}\nthree" }, place: "t.html:2" },
    {
      name: "directive",
      files: { "t.html": "one\ntwo{% if fail() %}\nthree{% end %}" },
      place: "t.html:2",
    },
    {
      name: "elif",
      files: { "t.html": "{% if 0 %}\n{% elif fail() %}{% end %}" },
      place: "t.html:2",
    },
    {
      name: "second of a line",
      files: { "t.html": "{{ 1 }}\n{{ 2 }}{{ 3 }}{{ fail() }}{{ 4 }}\n{{ 5 }}" },
      place: "t.html:2",
    },
    { name: "set", files: { "t.html": "\n{% set x = fail() %}" }, place: "t.html:2" },
    { name: "for", files: { "t.html": "\n{% for x in fail() %}\n{% end %}" }, place: "t.html:2" },
    {
      name: "a value of a loop",
      files: {
        "t.html": "\n{% for x in (function* () { yield 1; fail(); })() %}\n\n{{ x }}{% end %}",
      },
      place: "t.html:2",
    },
    {
      name: "while",
      files: {
        "t.html": "{% set i = 0 %}\n{% while i < 2 || fail() %}\n{% set i++ %}{{ i }}\n{% end %}",
      },
      place: "t.html:2",
    },
    {
      name: "apply",
      files: { "t.html": "\n{% apply fail %}\nx\n{{ 1 }}\n{% end %}" },
      place: "t.html:2",
    },
    {
      name: "inside apply",
      files: { "t.html": "\n{% apply escape %}\n{{ fail() }}{% end %}" },
      place: "t.html:3",
    },
    {
      name: "after a block",
      files: { "t.html": "{% if 1 %}\n{{ 1 }}\n{% end %}\n{{ fail() }}" },
      place: "t.html:4",
    },
    {
      name: "finally",
      files: { "t.html": "{% try %}\n{% finally %}\n{{ fail() }}{% end %}" },
      place: "t.html:3",
    },
    {
      name: "else of try",
      files: { "t.html": "{% try %}\n{% except %}\n{% else %}\n{{ fail() }}{% end %}" },
      place: "t.html:4",
    },
    {
      name: "except",
      files: { "t.html": "{% try %}{{ x }}\n{% except fail() %}\n{% end %}" },
      place: "t.html:2",
    },
    {
      name: "include",
      files: { "base.html": "{% include 'sub.html' %}", "sub.html": "{{ fail() }}" },
      place: "sub.html:1 (via base.html:1)",
    },
    {
      name: "includes",
      files: {
        "a.html": "{% include b.html %}",
        "b.html": "{% include c.html %}",
        "c.html": "{{ fail() }}",
      },
      place: "c.html:1 (via b.html:1, a.html:1)",
    },
    {
      name: "base",
      files: { "sub.html": "{% extends base.html %}", "base.html": "{{ fail() }}" },
      place: "base.html:1",
    },
    {
      name: "block",
      files: {
        "sub.html": "\n{% extends base.html %}\n{% block x %}\n{{ fail() }}\n{% end %}",
        "base.html": "{% block x %}{% end %}",
      },
      place: "sub.html:4 (via base.html:1)",
    },
    {
      name: "function inside",
      files: { "t.html": "\n\n{{ [1].map(() => fail()) }}" },
      place: "t.html:3",
    },
    {
      name: "expression on several lines",
      files: { "t.html": "\n{{\n\n fail()\n}}" },
      place: "t.html:2",
    },
  ])("$name", ({ files, place }) => {
    const error = failure(files as unknown as Record<string, string>, { fail });
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe("from the application");
    const lines = (error.stack ?? "").split("\n");
    expect(lines).toContain(`    at ${place}`);
    expect(error.stack).not.toMatch(/_tt_render|squall-template:/);
    // Between what it called and what called it.
    const own = lines.indexOf(`    at ${place}`);
    expect(lines.findIndex((line) => line.includes("fail"))).toBeLessThan(own);
    expect(lines.findLastIndex((line) => line.includes("errors.test"))).toBeGreaterThan(own);
  });

  test("the innermost template first, where one renders another", () => {
    const loader: DictLoader = new DictLoader(
      { "base.html": "\n{% module Template('sub.html') %}", "sub.html": "\n\n{{ fail() }}" },
      {
        namespace: {
          fail,
          _tt_modules: { Template: (name: string) => loader.load(name).generate({}) },
        },
      },
    );
    const error = thrownBy(() => loader.load("base.html").generate());
    const places = (error.stack ?? "").split("\n").filter((line) => line.includes(".html:"));
    expect(places).toEqual(["    at sub.html:3", "    at base.html:2"]);
    expect(templateTrace(error)).toEqual([
      { filename: "sub.html", lineno: 3, via: [] },
      { filename: "base.html", lineno: 2, via: [] },
    ]);
  });

  test("templateTrace", () => {
    const files = { "a.html": "\n{% include b.html %}", "b.html": "{{ fail() }}" };
    expect(templateTrace(failure(files, { fail }))).toEqual([
      { filename: "b.html", lineno: 1, via: [{ filename: "a.html", lineno: 2 }] },
    ]);
    expect(templateTrace(new Error("x"))).toEqual([]);
    expect(templateTrace("x")).toEqual([]);
  });

  test("what is no Error, or is frozen, passes as it is", () => {
    const template = new Template("{{ fail() }}");
    const throwing = (value: unknown) => () => {
      throw value;
    };
    for (const value of ["text", 5, undefined, null, { status: 404 }]) {
      let thrown: unknown = "nothing";
      try {
        template.generate({ fail: throwing(value) });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBe(value);
    }
    const frozen = Object.freeze(new Error("frozen"));
    expect(thrownBy(() => template.generate({ fail: throwing(frozen) }))).toBe(frozen);
    expect(templateTrace(frozen)).toHaveLength(1);
  });

  test("an unknown name", () => {
    const error = failure(
      { "a.html": "\n{% include b.html %}", "b.html": "\n\n{{ titel }}" },
      { title: 1 },
    );
    expect(error).toBeInstanceOf(ReferenceError);
    expect(error.message).toBe(
      '"titel" is not defined at b.html:3 (via a.html:2): did you mean "title"?',
    );
    expect(error.stack).toContain('"titel" is not defined');
    expect(failure({ t: "{{ user_name }}" }, { userName: 1 }).message).toContain(
      'mean "userName"?',
    );
    expect(failure({ t: "{{ x }}" }, { y: 1 }).message).toBe('"x" is not defined at t:1');
    expect(failure({ t: "{{ items.map(i => i.x + nope) }}" }, { items: [1] }).message).toContain(
      '"nope"',
    );
  });

  test("a variable of the application that is not initialized is not taken for a name", () => {
    const use = () => {
      const read = () => x;
      read();
      const x = 1;
    };
    const error = failure({ t: "{{ use() }}" }, { use });
    expect(error.message).not.toContain("is not defined at");
  });

  test("UI modules outside of a handler", () => {
    expect(failure({ "t.html": "{% module Entry(1) %}" }).message).toContain(
      "{% module %} at t.html:1 needs UI modules, which RequestHandler.render brings",
    );
  });

  test("what the engine says of values is kept", () => {
    const error = failure({ t: "a\n{{ user.name.first }}" }, { user: {} });
    expect(error).toBeInstanceOf(TypeError);
    expect(error.stack).toContain("    at t:2");
  });

  test("without an end", () => {
    const error = failure(
      { t: "{{ f(f) }}" },
      {
        f: function f(g: (f: unknown) => void) {
          g(g);
        },
      },
    );
    expect(error).toBeInstanceOf(RangeError);
    expect(templateTrace(error)).toHaveLength(1);
  });

  test("a promise is not written", () => {
    expect(failure({ t: "\n{{ p }}" }, { p: Promise.resolve(1) }).message).toBe(
      "Cannot write a promise: wait for it with {{ await … }}",
    );
  });
});

test("a folder of templates has to be there", () => {
  expect(() => new Loader("/nowhere").load("x.html")).toThrow(
    'Cannot load template "x.html": there is no such file in ',
  );
});
