/**
 * What is wrong with a template, and where. Thrown while a template is read and compiled; what its
 * expressions throw while it renders stays what it is (failure.ts adds the place).
 */

/** A template cannot be compiled (Tornado `template.ParseError`). */
export class ParseError extends Error {
  override readonly name: string = "ParseError";
  /** What is wrong, and what was expected, without the place. */
  readonly reason: string;
  /** The name of the template. */
  readonly filename: string;
  /** The line that the directive starts on, from 1. */
  readonly lineno: number;

  constructor(reason: string, filename: string, lineno: number, options: ErrorOptions = {}) {
    super(`${reason} at ${filename}:${lineno}`, options);
    this.reason = reason;
    this.filename = filename;
    this.lineno = lineno;
  }
}

/** What an error shows of a long expression. */
export function excerptOf(source: string): string {
  return source.length > 200 ? `${source.slice(0, 200)}…` : source;
}
