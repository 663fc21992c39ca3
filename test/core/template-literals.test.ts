/**
 * Literals of expressions in templates: on every build, in windows of every size, against a model of
 * regular expressions, which looks for the partner of each mark anew.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builds } from "../support/core-builds.ts";
import { readTokens } from "../support/template-tokens.ts";

/** A whole literal, by its mark. */
const literals: Readonly<Record<string, RegExp>> = {
  '"': /"(?:\\[\s\S]|[^"\\\n])*"/y,
  "'": /'(?:\\[\s\S]|[^'\\\n])*'/y,
  "`": /`(?:\\[\s\S]|[^`\\])*`/y,
  "/": /\/(?:\\[\s\S]|\[(?:\\[\s\S]|[^\]\\\n])*\]|[^/\\\n[])*\//y,
};

/** What stands before a slash that divides: a value, or a word that is not the first of a block. */
function divides(before: string, isBlock: boolean): boolean {
  const last = before.trimEnd().at(-1);
  if (last === undefined) return false;
  if (!/[\w$]/.test(last)) return /[)\]"'`]/.test(last);
  return !(isBlock && /^\s*[\w$]+\s+$/.test(before));
}

/** Where the literal at `at` ends; behind the mark if it starts none. */
function literalEnd(source: string, start: number, at: number, isBlock: boolean): number {
  const mark = source[at] ?? "";
  if (mark === "/" && divides(source.slice(start, at), isBlock)) return at + 1;
  const literal = literals[mark] ?? /(?!)/y;
  literal.lastIndex = at;
  return literal.test(source) ? literal.lastIndex : at + 1;
}

/** The tokens of a source whose only braces are those of expressions and blocks. */
function model(source: string): string[] | string {
  const tokens: string[] = [];
  const placeOf = (at: number) => `@${source.slice(0, at).split("\n").length}`;
  let at = 0;
  while (at < source.length) {
    const opening = source.indexOf("{", at);
    const start = opening < 0 ? source.length : opening;
    if (start > at) tokens.push(`text ${source.slice(at, start)} ${placeOf(at)}`);
    if (opening < 0) break;
    const isBlock = source[start + 1] === "%";
    const closing = isBlock ? "%}" : "}}";
    let end = start + 2;
    while (end < source.length && !source.startsWith(closing, end)) {
      end = literalEnd(source, start + 2, end, isBlock);
    }
    const name = isBlock ? "BLOCK" : "EXPRESSION";
    if (end >= source.length) return `MISSING_${name}_END ${start} ${placeOf(start)}`;
    const contents = source.slice(start + 2, end).trim();
    if (contents === "") return `EMPTY_${name} ${start} ${placeOf(start)}`;
    tokens.push(`${source.slice(start, start + 2)} ${contents} ${placeOf(start)}`);
    at = end + 2;
  }
  return tokens;
}

const marks = ['"', "'", "`", "/", "\\", "[", "]", "\n", " ", "a", "if ", "(", ")", "+"];
const contents = fc
  .array(fc.constantFrom(...marks, '\\"', "\\/", "/[", "}}", "%}", '"}}"', "/[}}]/"), {
    maxLength: 12,
  })
  .map((parts) => parts.join(""));
const anyDirective = fc
  .tuple(fc.constantFrom("{{", "{%", "{{ a", "{% a"), contents, fc.constantFrom("}}", "%}", " "))
  .map((parts) => parts.join(""));

describe.each(builds)("$name", (build) => {
  test("any literals, and what only looks like them, in windows of any size", () => {
    const anySource = fc.array(anyDirective, { maxLength: 4 }).map((parts) => parts.join("\n"));
    fc.assert(
      fc.property(anySource, fc.integer({ min: 1, max: 60 }), (source, size) => {
        expect(readTokens(build, source, size)).toEqual(model(source));
      }),
      { numRuns: 2000 },
    );
  });

  test.each(["{{ /[ /}}/ [ }}", "{% x /[ /%}/ ] /%}/ %}", '{{ /[ "}}" [ /}}/ }}'])(
    "a slash without a partner before those that have one: %s",
    (source) => {
      for (let size = 1; size <= source.length; size++) {
        expect(readTokens(build, source, size)).toEqual(model(source));
      }
    },
  );

  test.each(['\\"', "\\'", "\\`", "/[", "/[\\/", "/]"])(
    "a line of nothing but %s, which would take minutes if each were looked at to the end",
    (unit) => {
      const source = `{{ "' ${unit.repeat(Math.floor(500_000 / unit.length))}`;
      expect(readTokens(build, source, source.length)).toBeDefined();
    },
  );
});
