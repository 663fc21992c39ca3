/** The directives that control what is rendered: loops, try, set, import. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of templates
import { describe, expect, test } from "vitest";
import { render, renderFiles } from "../support/rendered.ts";

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
    {
      source: "{% for x in (1, 2) %}{{ x }}{% end %}{% for x in ('ab',) %}{{ x }}{% end %}",
      html: "12ab",
    },
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
    { source: "{% set {x: list.push(1)} && list.push(2) %}{{ len(list) }}", html: "2" },
    { source: "{% set n++ %}{{ n }}", html: "6" },
    { source: "{% set f = x => x * 2 %}{{ f(4) }}", html: "8" },
    { source: "{% set t = 1, 2 %}{{ t[1] }}", html: "2" },
    { source: "{% set t = (1, [2]) %}{{ t[1] }}{% set u = [1, 2], [-3] %}{{ u[1] }}", html: "2-3" },
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
