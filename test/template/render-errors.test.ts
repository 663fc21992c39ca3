/** What goes wrong while a template renders, and which line of it that was. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of templates
import { describe, expect, test } from "vitest";
import { DictLoader, Loader, Template, templateTrace } from "../../src/template.ts";

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
