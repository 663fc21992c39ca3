/**
 * Colours for a line of source: enough to read by, not a parser. Called by `debug-page.ts`.
 */

import { xhtmlEscape } from "../escape.ts";

const words =
  "abstract|as|async|await|break|case|catch|class|const|continue|default|delete|do|else|export|" +
  "extends|false|finally|for|from|function|get|if|implements|import|in|instanceof|interface|let|new|" +
  "null|of|override|readonly|return|set|static|super|switch|this|throw|true|try|type|typeof|" +
  "undefined|var|void|while|yield";
const code = new RegExp(
  `(?<comment>//.*|/\\*.*?(?:\\*/|$)|^\\s*\\*(?:\\s.*|/)?$)` +
    `|(?<string>"(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'|\`(?:[^\`\\\\]|\\\\.)*\`)` +
    `|(?<word>\\b(?:${words})\\b)` +
    `|(?<number>\\b\\d[\\w.]*)`,
  "g",
);
const template =
  /(?<comment>\{#.*?(?:#\}|$))|(?<word>\{[{%].*?(?:[%}]\}|$))|(?<string><\/?[\w-]+|\/?>)/g;

/** A line as markup: each piece that has a kind is a `<span>` of that class. */
export function highlighted(line: string, isTemplate: boolean): string {
  let markup = "";
  let end = 0;
  for (const match of line.matchAll(isTemplate ? template : code)) {
    const kind = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0];
    markup += xhtmlEscape(line.slice(end, match.index));
    markup += `<span class="${kind}">${xhtmlEscape(match[0])}</span>`;
    end = match.index + match[0].length;
  }
  return markup + xhtmlEscape(line.slice(end));
}
