/**
 * What becomes of the white space in a template's text. Called by parser.ts for each run of text
 * between two directives.
 */

/**
 * `all` leaves it; `single` makes one space of a run of blanks, and one line end of a run that has
 * any; `oneline` makes one space of every run.
 */
export type WhitespaceMode = "all" | "single" | "oneline";

/** What Python takes for white space; `\s` of JavaScript differs in six characters. */
const SPACE =
  "\\t\\n\\v\\f\\r\\x1c-\\x1f \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const RUN: RegExp = new RegExp(`[${SPACE}]+`, "g");

export function isWhitespaceMode(text: string): text is WhitespaceMode {
  return text === "all" || text === "single" || text === "oneline";
}

/** The mode of a file that does not say: `single` for HTML and JavaScript, which do not mind. */
export function defaultMode(filename: string): WhitespaceMode {
  return filename.endsWith(".html") || filename.endsWith(".js") ? "single" : "all";
}

/** Transforms white space (Tornado `template.filter_whitespace`). */
export function filterWhitespace(mode: WhitespaceMode, text: string): string {
  switch (mode) {
    case "all":
      return text;
    case "oneline":
      return text.replace(RUN, " ");
    case "single":
      return text.replace(RUN, (run) => (run.includes("\n") ? "\n" : run.replace(/[\t ]+/g, " ")));
    default:
      throw new Error(`Cannot filter whitespace: expected all, single or oneline, got "${mode}"`);
  }
}
