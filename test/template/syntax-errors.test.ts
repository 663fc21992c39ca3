/** What is wrong with a template when it is read, what was expected, and where. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of templates
import { describe, expect, test } from "vitest";
import { DictLoader, ParseError, Template } from "../../src/template.ts";

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
    {
      source: "{% for a b in c %}{% end %}",
      message: 'Cannot parse "a b in c": expected JavaScript',
    },
    { source: "{% for (a) b in c %}{% end %}", message: 'Cannot parse "(a) b in c"' },
    { source: "{% for async in c %}{% end %}", message: 'Cannot parse "async in c"' },
    { source: "{% for * in c %}{% end %}", message: 'Cannot parse "* in c"' },
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
    { source: "{{ a is b }}", message: 'expressions are JavaScript: expected "===", got "is"' },
    { source: "{{ a is not b }}", message: 'expected "===", got "is"' },
    { source: "{{ (n // 2) + 1 }}", message: 'expected "Math.floor(a / b)", got "//"' },
    {
      source: "{{ '%d items' % n }}",
      message: 'expected a template literal, got "%" after a text',
    },
    { source: "{{ '%s, %s' % (a, b) }}", message: 'got "%" after a text' },
    { source: "{{ _('%d items') % n }}", message: 'got "%" after a text' },
    {
      source: "{% if 0 < n <= 3 %}{% end %}",
      message: 'expected "a < b and b <= c", got both in one',
    },
    { source: "{{ f(a == b == c) }}", message: 'expected "a == b and b == c"' },
    { source: "{{ items[-1] }}", message: 'expected ".at(-1)", got "[-1]"' },
    { source: "{{ f(a)[ -2 ].b }}", message: 'expected ".at(-2)"' },
    { source: "{{ lambda x: x }}", message: 'expected "x => …", got "lambda"' },
    { source: "{{ a if b else c }}", message: 'expected "c ? a : b", got "if"' },
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

  test.each(["[".repeat(5000), `a ${"b ".repeat(2500)}`])(
    "shows no more of it than can be read",
    (long) => {
      const error = thrownBy(() => new Template(`{{ ${long} }}`));
      expect((error as ParseError).message).toMatch(/^Cannot parse .*…"?: .* at <string>:1$/);
      expect((error as ParseError).message.length).toBeLessThan(350);
    },
  );

  test("break in a block that stands outside of a loop elsewhere", () => {
    const files = {
      "a.html": "{% extends b.html %}{% for x in [] %}{% block x %}{% break %}{% end %}{% end %}",
      "b.html": "{% block x %}{% end %}",
    };
    expect(failure(files)).toBeInstanceOf(ParseError);
  });
});
