/**
 * Reads the tables of `test/wire/*.md`: one row is one case, a title, the wire bytes and what is
 * expected. The wire is in backticks with JavaScript's escapes; `‹text × n›` repeats a text.
 */

import { readFileSync } from "node:fs";

export interface WireCase {
  /** The heading above the table and the row's title. */
  readonly name: string;
  readonly wire: Buffer;
  /** The facts of the last column, which commas separate. */
  readonly expected: readonly string[];
}

export function wireCases(file: string): WireCase[] {
  const text = readFileSync(new URL(`../wire/${file}`, import.meta.url), "utf8");
  let heading = "";
  return text.split("\n").flatMap((line) => {
    if (line.startsWith("#")) heading = line.replace(/^#+ /, "");
    const cells = /^\| (.+?) \| `(.*)` \| (.+) \|$/.exec(line);
    if (cells === null) return [];
    const [, title = "", wire = "", expected = ""] = cells;
    return [{ name: `${heading}: ${title}`, wire: wireOf(wire), expected: factsOf(expected) }];
  });
}

function wireOf(cell: string): Buffer {
  return Buffer.from(unescaped(repeated(cell)), "latin1");
}

/** A text with each `‹text × n›` written out. */
export function repeated(text: string): string {
  return text.replace(/‹([^‹›]+) × (\d+)›/g, (_, unit: string, count: string) =>
    unit.repeat(Number(count)),
  );
}

function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (escapes[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const escapes: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", 0: "\0" };

function factsOf(cell: string): string[] {
  return cell.split(/, (?=\S)/).map((fact) => unescaped(fact.replaceAll("`", "")));
}
