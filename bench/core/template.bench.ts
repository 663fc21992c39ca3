/** The tokenizer beside a regular expression that does the same, without the literals. */

import { memory, wasm } from "../../src/core/load.ts";
import { tokenize } from "../../src/core/template.ts";
import { transferMemory } from "../../src/core.ts";
import { compare, type Group } from "./rounds.ts";

interface Token {
  readonly kind: string;
  readonly text: string;
  readonly line: number;
}

/** What opens and how it ends, in one expression. */
const directive =
  /\{(?:\{(?!\{)(!|\s*([\s\S]*?)\s*\}\})|%(!|\s*([\s\S]*?)\s*%\})|#(!|\s*([\s\S]*?)\s*#\}))/g;

type Take = (kind: number, start: number, end: number, line: number) => void;

/** Hands on what the core writes into its rows; lines are counted between the matches. */
function matchAll(source: string, take: Take): void {
  let line = 1;
  let at = 0;
  const advance = (end: number) => {
    for (let feed = source.indexOf("\n", at); feed >= 0 && feed < end; line++) {
      feed = source.indexOf("\n", feed + 1);
    }
    at = end;
  };
  directive.lastIndex = 0;
  for (let match = directive.exec(source); match !== null; match = directive.exec(source)) {
    const start = match.index;
    const [whole, isExpression, expression, isBlock, block, isComment, comment] = match;
    if (start > at) take(1, at, start, line);
    advance(start);
    const contents = expression ?? block ?? comment;
    const from = contents === undefined ? start : source.indexOf(contents, start + 2);
    const kind = isExpression ? 2 : isBlock ? 3 : isComment ? 4 : 5;
    take(kind, from, from + (contents?.length ?? 2), line);
    advance(start + whole.length);
  }
  if (at < source.length) take(1, at, source.length, line);
}

const kinds = ["", "text", "expression", "block", "comment", "text"];

function tokenizeWithRegExp(source: string): Token[] {
  const tokens: Token[] = [];
  matchAll(source, (kind, start, end, line) => {
    tokens.push({ kind: kinds[kind] ?? "", text: source.slice(start, end), line });
  });
  return tokens;
}

const rows = new Int32Array(8 * 1024);

function rowsWithRegExp(source: string): number {
  let at = 0;
  matchAll(source, (kind, start, end, line) => {
    rows[at] = kind;
    rows[at + 1] = start;
    rows[at + 2] = end;
    rows[at + 3] = line;
    at += 4;
  });
  return at;
}

const page = `<!DOCTYPE html>
<html>
  <head><title>{{ title }}</title></head>
  <body>
    {# the entries, newest first #}
    {% for entry of entries %}
      <div class="entry" id="entry-{{ entry.id }}">
        <h1><a href="/entry/{{ entry.slug }}">{{ entry.title }}</a></h1>
        <div class="date">{{ locale.formatDate(entry.published) }}</div>
        <p>Some words that are the same for every entry, as pages have them, and a few more.</p>
        {% if currentUser %}<a href="/compose?id={{ entry.id }}">Edit this post</a>{% end %}
      </div>
    {% end %}
  </body>
</html>
`;

const WINDOW = transferMemory.output.start;

function groups(name: string, source: string): Group[] {
  const bytes = Buffer.from(source);
  return [
    {
      name: `${name}, token rows`,
      bars: { "regular expression": 3 },
      bytes: bytes.length,
      candidates: {
        core: () => {
          memory.set(bytes, WINDOW);
          return wasm.tokenize(WINDOW, bytes.length, 1, 1);
        },
        "regular expression": () => rowsWithRegExp(source),
      },
    },
    {
      name: `${name}, tokens as objects`,
      bytes: bytes.length,
      candidates: {
        core: () => tokenize(source),
        "regular expression": () => tokenizeWithRegExp(source),
      },
    },
  ];
}

compare("template", [
  ...groups("a page", page),
  ...groups("20 pages", page.repeat(20)),
  ...groups("a page with long texts", page.replaceAll("Some words", "Some words ".repeat(100))),
]);
