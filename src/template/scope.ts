/**
 * Which names of an expression stand for what was passed to the template: not property names, not
 * parameters of functions inside the expression. Called by code.ts with the expression's lexemes.
 */
import type { Lexeme } from "./lexemes.ts";

/** A function inside an expression, and the names that it brings. */
interface Scope {
  readonly start: number;
  readonly end: number;
  readonly names: ReadonlySet<string>;
}

/** Words that are never names. */
const WORDS = new Set(
  (
    "NaN Infinity undefined true false null this super async await break case catch class const " +
    "continue debugger default delete do else enum export extends finally for function if in " +
    "instanceof let new return static switch throw try typeof var void while with yield"
  ).split(" "),
);
/** Words that strict code cannot have as names of variables. */
const RESERVED = new Set(
  "arguments eval implements import interface package private protected public".split(" "),
);
const ASSIGNS = /^(?:=|\+\+|--|\+=|-=|\*=|\/=|%=|\*\*=|<<=|>>=|>>>=|&=|\|=|\^=|&&=|\|\|=|\?\?=)$/;

/** Whether no variable of a template can have this name. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name) || (WORDS.has(name) && name !== "async");
}

/** True for `=`, `+=` and the like, and for `++` and `--`. */
export function isAssignment(lexeme: Lexeme | undefined): boolean {
  return lexeme?.kind === "sign" && ASSIGNS.test(lexeme.text);
}

/** Whether the lexeme refers to a variable, inside a function or not. */
export function isReference(lexemes: readonly Lexeme[], index: number): boolean {
  const lexeme = lexemes[index];
  if (lexeme?.kind !== "name" || isProperty(lexemes, index)) return false;
  if (lexeme.text !== "async") return !WORDS.has(lexeme.text);
  const after = lexemes[index + 1];
  const isFunction = after?.kind === "name" || lexemes[(after?.match ?? -2) + 1]?.text === "=>";
  return !isFunction;
}

/** `.name`, or a key of an object. */
export function isProperty(lexemes: readonly Lexeme[], index: number): boolean {
  const before = lexemes[index - 1];
  if (before?.text === "." || before?.text === "?.") return true;
  const after = lexemes[index + 1]?.text;
  if ((after !== ":" && after !== "(") || (before?.text !== "{" && before?.text !== ","))
    return false;
  return lexemes[lexemes[index]?.parent ?? -1]?.brace === "object";
}

/** What an expression refers to outside of itself. */
export interface References {
  /** Indices of the lexemes that are free. */
  readonly free: ReadonlySet<number>;
  /** Those of them that are assigned to. */
  readonly assigned: ReadonlySet<number>;
  /** It waits, outside of any function of its own. */
  readonly awaits: boolean;
}

export function referencesOf(lexemes: readonly Lexeme[]): References {
  const scopes = lexemes.flatMap((_, index) => scopeAt(lexemes, index) ?? []);
  const free = new Set<number>();
  const assigned = new Set<number>();
  let awaits = false;
  lexemes.forEach((lexeme, index) => {
    const around = scopes.filter((scope) => scope.start <= index && index <= scope.end);
    if (lexeme.text === "await" && around.length === 0 && !isProperty(lexemes, index))
      awaits = true;
    if (!isReference(lexemes, index) || around.some((scope) => scope.names.has(lexeme.text)))
      return;
    free.add(index);
    const isStep = /^(?:\+\+|--)$/.test(lexemes[index - 1]?.text ?? "");
    if (isStep || isAssignment(lexemes[index + 1])) assigned.add(index);
  });
  return { free, assigned, awaits };
}

/** The function that starts with the parameters of this `=>`, or with this word `function`. */
function scopeAt(lexemes: readonly Lexeme[], index: number): Scope | undefined {
  const lexeme = lexemes[index];
  if (lexeme?.kind === "sign" && lexeme.text === "=>") {
    const before = lexemes[index - 1];
    const start = before?.text === ")" ? before.match : index - 1;
    return scope(lexemes, start, index - 1, bodyEnd(lexemes, index + 1));
  }
  if (lexeme?.kind !== "name" || lexeme.text !== "function" || isProperty(lexemes, index)) {
    return undefined;
  }
  const open = lexemes.findIndex((one, at) => at > index && one.text === "(");
  const close = lexemes[open]?.match ?? -1;
  const end = lexemes[close + 1]?.match ?? -1;
  return open < 0 || end < 0 ? undefined : scope(lexemes, index + 1, close, end);
}

/** Where the body of an arrow function ends that starts here. */
function bodyEnd(lexemes: readonly Lexeme[], start: number): number {
  const first = lexemes[start];
  if (first?.brace === "body") return first.match;
  const own = first?.depth ?? 0;
  for (let at = start; at < lexemes.length; at++) {
    const { text, depth } = lexemes[at] as Lexeme;
    if (depth < own || (depth === own && (text === "," || text === ";"))) return at - 1;
  }
  return lexemes.length - 1;
}

function scope(lexemes: readonly Lexeme[], start: number, parameters: number, end: number): Scope {
  const names = new Set<string>();
  for (let at = start; at <= parameters; at++) {
    if (isReference(lexemes, at) && !isDefault(lexemes, at, start))
      names.add(lexemes[at]?.text ?? "");
  }
  for (let at = parameters + 1; at <= end; at++) {
    if (!/^(?:const|let|var|catch|function|class)$/.test(lexemes[at]?.text ?? "")) continue;
    for (const name of declared(lexemes, at + 1)) names.add(name);
  }
  return { start, end, names };
}

/** Whether a name among parameters is in the default value of one. */
function isDefault(lexemes: readonly Lexeme[], index: number, start: number): boolean {
  for (let at = index - 1; at > start; at--) {
    const lexeme = lexemes[at];
    if (lexeme === undefined || lexeme.depth > (lexemes[index]?.depth ?? 0)) continue;
    if (lexeme.text === "=") return true;
    if (lexeme.text === ",") return false;
  }
  return false;
}

/** The names of a declaration or of a pattern that starts here. */
function declared(lexemes: readonly Lexeme[], index: number): string[] {
  const first = lexemes[index];
  if (first?.kind === "name") return [first.text];
  if (first === undefined || first.match < index) return [];
  const names: string[] = [];
  for (let at = index; at < first.match; at++) {
    if (isReference(lexemes, at) && !isDefault(lexemes, at, index))
      names.push(lexemes[at]?.text ?? "");
  }
  return names;
}
