/**
 * The template tokenizer: Tornado's rules row by row, on every build, in windows of every size, and
 * against a model of Tornado's own search.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { INPUT, MAX_TOKENS, TOKEN_COUNT, WINDOW_LENGTH } from "../../core-wasm/layout.ts";
import { type Token, tokenize } from "../../src/core.ts";
import { builds } from "../support/core-builds.ts";
import { readTokens } from "../support/template-tokens.ts";

/** Tokens as `readTokens` gives them, or the fault. */
interface Case {
  readonly name: string;
  readonly source: string;
  readonly tokens?: readonly string[];
  readonly fault?: string;
}

const cases: Case[] = [
  { name: "nothing", source: "", tokens: [] },
  { name: "text", source: "Hello, world", tokens: ["text Hello, world @1"] },
  { name: "an expression", source: "a {{ b }} c", tokens: ["text a  @1", "{{ b @1", "text  c @1"] },
  { name: "no blanks", source: "{{b}}{%c%}{#d#}", tokens: ["{{ b @1", "{% c @1", "{# d @1"] },
  {
    name: "blanks of every kind around contents",
    source: "{{\t\n\r\v\f b \n}}c",
    tokens: ["{{ b @1", "text c @3"],
  },
  {
    name: "lines",
    source: "one\n{{ two }}\n\n{% four\n  five %}{# five\n\n #}\n{{eight}}",
    tokens: [
      "text one\n @1",
      "{{ two @2",
      "text \n\n @2",
      "{% four\n  five @4",
      "{# five @5",
      "text \n @7",
      "{{ eight @8",
    ],
  },
  {
    name: "the innermost braces of three",
    source: "{{{x}}}",
    tokens: ["text { @1", "{{ x @1", "text } @1"],
  },
  {
    name: "the innermost braces of four",
    source: "a{{{{ x }}}}",
    tokens: ["text a{{ @1", "{{ x @1", "text }} @1"],
  },
  { name: "three braces and a percent", source: "{{{% x }}", tokens: ["text { @1", "{{ % x @1"] },
  { name: "a brace before a block", source: "{{% x %}", fault: "MISSING_EXPRESSION_END 0 @1" },
  {
    name: "LaTeX",
    source: "\\textbf{{{x}}}",
    tokens: ["text \\textbf{ @1", "{{ x @1", "text } @1"],
  },
  { name: "lone braces", source: "{ a } { b", tokens: ["text { a } { b @1"] },
  { name: "a brace at the end", source: "{{a}}{", tokens: ["{{ a @1", "text { @1"] },
  { name: "an end marker in text", source: "a }} b %} #}", tokens: ["text a }} b %} #} @1"] },
  {
    name: "escaped marks",
    source: "{{!a}} {%!b%} {#!c#}",
    tokens: [
      "braces {{ @1",
      "text a}}  @1",
      "braces {% @1",
      "text b%}  @1",
      "braces {# @1",
      "text c#} @1",
    ],
  },
  { name: "an escaped mark at the end", source: "x{{!", tokens: ["text x @1", "braces {{ @1"] },
  { name: "escaped, then not", source: "{{!{{a}}", tokens: ["braces {{ @1", "{{ a @1"] },
  { name: "an empty comment", source: "{##}{# #}", tokens: ["{#  @1", "{#  @1"] },
  {
    name: "a comment with marks in it",
    source: "{# {{ a }} #}b",
    tokens: ["{# {{ a }} @1", "text b @1"],
  },
  {
    name: "an apostrophe in a comment",
    source: "{# it's #}'s",
    tokens: ["{# it's @1", "text 's @1"],
  },
  {
    name: "an apostrophe in a comment block",
    source: "{% comment it's %}'s %}",
    tokens: ["{% comment it's @1", "text 's %} @1"],
  },
  {
    name: "paths that begin with a slash, or with dots and one",
    source: "{% extends ../a %}/{%include /b%}{%\n include it's %}'s",
    tokens: [
      "{% extends ../a @1",
      "text / @1",
      "{% include /b @1",
      "{% include it's @1",
      "text 's @2",
    ],
  },
  {
    name: "a block whose first word only starts with comment",
    source: "{% comments '%}' %}",
    tokens: ["{% comments '%}' @1"],
  },
  {
    name: "the first end marker",
    source: "{{ {a: {b}} }}",
    tokens: ["{{ {a: {b @1", "text  }} @1"],
  },
  {
    name: "an end marker in double quotes",
    source: '{{ "}}" }}x',
    tokens: ['{{ "}}" @1', "text x @1"],
  },
  {
    name: "an end marker in single quotes",
    source: "{% if '%}' %}x",
    tokens: ["{% if '%}' @1", "text x @1"],
  },
  {
    name: "an end marker in a template literal",
    source: "{{ `\n}}\n` }}x",
    tokens: ["{{ `\n}}\n` @1", "text x @3"],
  },
  { name: "an escaped quote", source: '{{ "\\"}}" }}x', tokens: ['{{ "\\"}}" @1', "text x @1"] },
  {
    name: "an escaped backslash",
    source: '{{ "\\\\" }}"}}',
    tokens: ['{{ "\\\\" @1', 'text "}} @1'],
  },
  {
    name: "one quote in the other",
    source: `{{ "'" + '"' }}'`,
    tokens: [`{{ "'" + '"' @1`, "text ' @1"],
  },
  {
    name: "an apostrophe without a partner",
    source: "{{ don't }}\nit's",
    tokens: ["{{ don't @1", "text \nit's @1"],
  },
  { name: "the other kinds' end markers", source: "{{ %} #} }}", tokens: ["{{ %} #} @1"] },
  {
    name: "a quote in a regular expression",
    source: `<a title="{{ x.replace(/"/g, "&quot;") }}">`,
    tokens: ['text <a title=" @1', `{{ x.replace(/"/g, "&quot;") @1`, 'text "> @1'],
  },
  {
    name: "an end marker in a regular expression",
    source: "{{ /[/}}]\\/}}/.test(a) }}{{ /}}/ }}",
    tokens: ["{{ /[/}}]\\/}}/.test(a) @1", "{{ /}}/ @1"],
  },
  {
    name: "a regular expression after the word of a block",
    source: "{% if /%}/.test(a) %}",
    tokens: ["{% if /%}/.test(a) @1"],
  },
  {
    name: "slashes that divide",
    source: "{{ a / b }}/{{ (a) / b }}/{{ a[0] / b }}/{{ a/b }}/{{ 'a' / b }}/",
    tokens: [
      "{{ a / b @1",
      "text / @1",
      "{{ (a) / b @1",
      "text / @1",
      "{{ a[0] / b @1",
      "text / @1",
      "{{ a/b @1",
      "text / @1",
      "{{ 'a' / b @1",
      "text / @1",
    ],
  },
  {
    name: "slashes that divide in a block",
    source: "{% set c = a / b %}/{% if/b %}/ %}",
    tokens: ["{% set c = a / b @1", "text / @1", "{% if/b @1", "text / %} @1"],
  },
  {
    name: "text that is not ASCII",
    source: "ñ\n{{ 測試 }}😀{{{é}}}",
    tokens: ["text ñ\n @1", "{{ 測試 @2", "text 😀{ @2", "{{ é @2", "text } @2"],
  },
  {
    name: "an expression that does not end",
    source: "a\n{{ b }",
    fault: "MISSING_EXPRESSION_END 2 @2",
  },
  { name: "a block that does not end", source: "a{% b }}", fault: "MISSING_BLOCK_END 1 @1" },
  { name: "a comment that does not end", source: "a\n\n{# b\n", fault: "MISSING_COMMENT_END 3 @3" },
  { name: "an opening at the end", source: "a{{", fault: "MISSING_EXPRESSION_END 1 @1" },
  { name: "a block with one mark for both", source: "{%}", fault: "MISSING_BLOCK_END 0 @1" },
  { name: "an empty expression", source: "a\n{{ \n }}", fault: "EMPTY_EXPRESSION 2 @2" },
  { name: "an empty block", source: "{{a}}{%%}", fault: "EMPTY_BLOCK 5 @1" },
  {
    name: "an end marker that only a literal has",
    source: '{{ "}}"',
    fault: "MISSING_EXPRESSION_END 0 @1",
  },
];

/** Tornado's `_parse`, as far as it cuts; sources without quotes and slashes are cut the same. */
function model(source: string): string[] | string {
  const tokens: string[] = [];
  const lineAt = (position: number) => source.slice(0, position).split("\n").length;
  const add = (mark: string, text: string, position: number) =>
    tokens.push(`${mark} ${text} @${lineAt(position)}`);
  let at = 0;
  while (at < source.length) {
    const opening = source.slice(at).match(/\{(?:[%#]|\{(?!\{))/)?.index ?? source.length - at;
    const start = at + opening;
    if (start > at) add("text", source.slice(at, start), at);
    at = start;
    if (at === source.length) break;
    const mark = source.slice(at, at + 2);
    if (source[at + 2] === "!") {
      add("braces", mark, at);
      at += 3;
      continue;
    }
    const closing = { "{{": "}}", "{%": "%}", "{#": "#}" }[mark] ?? "";
    const end = source.indexOf(closing, at + 2);
    const name = { "{{": "EXPRESSION", "{%": "BLOCK", "{#": "COMMENT" }[mark];
    if (end < 0) return `MISSING_${name}_END ${at} @${lineAt(at)}`;
    const contents = source.slice(at + 2, end).trim();
    if (contents === "" && mark !== "{#") return `EMPTY_${name} ${at} @${lineAt(at)}`;
    add(mark, contents, at);
    at = end + 2;
  }
  return tokens;
}

const pieces = [
  "{",
  "{{",
  "{%",
  "{#",
  "}",
  "}}",
  "%}",
  "#}",
  "!",
  " ",
  "\n",
  "a",
  "if x",
  "%",
  "#",
];
const anySource = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.constantFrom("{{ a }}", "{% b %}", "text")))
  .map((parts) => parts.join(""));

describe.each(builds)("$name", (build) => {
  test.each(cases)("$name", ({ source, tokens, fault }) => {
    const expected = tokens ?? fault;
    const { length } = Buffer.from(source);
    for (let size = 1; size <= length; size++) {
      expect(readTokens(build, source, size)).toEqual(expected);
    }
    expect(readTokens(build, source, length + 1)).toEqual(expected);
  });

  test("any source as Tornado cuts it, in windows of any size", () => {
    fc.assert(
      fc.property(anySource, fc.integer({ min: 1, max: 80 }), (source, size) => {
        const expected = model(source);
        expect(readTokens(build, source, size)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test("long texts and contents, around the length of a vector", () => {
    for (let length = 0; length <= 70; length++) {
      const text = "x\n".repeat(length).slice(length);
      const source = `${text}{{ ${"a".repeat(length + 1)} }}${text}`;
      expect(readTokens(build, source, 1000)).toEqual(model(source));
    }
  });

  test("more tokens than the table holds", () => {
    const source = "a{{b}}".repeat(MAX_TOKENS);
    const start = INPUT;
    build.memory.write(source, start);
    const taken = build.wasm.tokenize(start, source.length, 1, 1);
    expect(build.table[TOKEN_COUNT]).toBe(MAX_TOKENS);
    expect(taken).toBe((MAX_TOKENS / 2) * "a{{b}}".length);
    expect(readTokens(build, source, source.length)).toEqual(model(source));
    // An odd number of rows: a turn that may write two stops one before the table's end.
    build.memory.write(`{{b}}${source}`, start);
    build.wasm.tokenize(start, source.length + 5, 1, 1);
    expect(build.table[TOKEN_COUNT]).toBe(MAX_TOKENS - 1);
  });
});

/** The tokens of a source that has no fault. */
function tokens(source: string): Token[] {
  const result = tokenize(source);
  if (!Array.isArray(result)) throw new Error(result.reason);
  return result;
}

describe("typed", () => {
  test("kinds, texts and lines", () => {
    expect(tokenize("é\n{{ a }}{% if b %}{# c #}{{!")).toEqual([
      { kind: "text", text: "é\n", line: 1 },
      { kind: "expression", text: "a", line: 2 },
      { kind: "block", text: "if b", line: 2 },
      { kind: "comment", text: "c", line: 2 },
      { kind: "text", text: "{{", line: 2 },
    ]);
  });

  test("faults in Tornado's words, at an index of the source", () => {
    const faultOf = (source: string) => tokenize(source);
    expect(faultOf("😀é\n{{ a")).toEqual({
      reason: "Missing end expression }}",
      line: 2,
      index: 4,
    });
    expect(faultOf("{%a")).toEqual({ reason: "Missing end block %}", line: 1, index: 0 });
    expect(faultOf("{#a")).toEqual({ reason: "Missing end comment #}", line: 1, index: 0 });
    expect(faultOf("{{}}")).toEqual({ reason: "Empty expression", line: 1, index: 0 });
    expect(faultOf("{% %}")).toEqual({ reason: "Empty block tag ({% %})", line: 1, index: 0 });
  });

  test.each(["x", "é", "😀"])("a source that is longer than the window, of %s", (character) => {
    const long = `${character.repeat(WINDOW_LENGTH)}\n`;
    const source = `${long}{{ a }}${long}${"{{ b }}\n".repeat(MAX_TOKENS)}{%!${long}`;
    const result = tokens(source);
    expect(result[0]).toEqual({ kind: "text", text: long, line: 1 });
    expect(result[1]).toEqual({ kind: "expression", text: "a", line: 2 });
    expect(result[2]).toEqual({ kind: "text", text: long, line: 2 });
    expect(result.at(-2)).toEqual({ kind: "text", text: "{%", line: 3 + MAX_TOKENS });
    expect(result.at(-1)?.text).toBe(long);
    expect(result.length).toBe(3 + 2 * MAX_TOKENS + 2);
  });

  test("a directive that is longer than the window", () => {
    const source = `a\n{# ${"x".repeat(WINDOW_LENGTH)} #}`;
    expect(tokenize(source)).toEqual({
      reason: `Directive is longer than ${WINDOW_LENGTH} bytes, or has no end`,
      line: 2,
      index: 2,
    });
  });
});
