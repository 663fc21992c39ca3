/**
 * The JavaScript of a template: what parser.ts finds between the marks becomes code that
 * code-writer.ts copies into the generated function. Some of Python is understood besides
 * JavaScript, so that Tornado's templates read as they were: the operators of operators.ts, and keyword
 * arguments, which become one object at the end of the arguments.
 */
import { CodeFault, type Lexeme, readLexemes } from "./lexemes.ts";
import { Edits, editOperator, isOperator, refuseOtherMeaning } from "./operators.ts";
import { isProperty, isReference, isReserved, referencesOf } from "./scope.ts";

/** An expression, ready to be copied. */
export interface Code {
  /** As it stands in the template. */
  readonly source: string;
  /** JavaScript: brackets and literals closed, comments gone. */
  readonly text: string;
  /** Every word that may stand for a variable: what has to be looked up, and more. */
  readonly names: ReadonlySet<string>;
  /** The names that the template is to be given, parameters of inner functions left out. */
  readonly free: ReadonlySet<string>;
  /** The names that the expression assigns to. */
  readonly assigned: ReadonlySet<string>;
  /** It waits for a promise. */
  readonly awaits: boolean;
}

/** What is generated is named with this; so templates must not have such names. */
const OWN = "_tt_";
/** The one of these names that an application passes. */
export const MODULES = "_tt_modules";

/** Reads one expression. Throws CodeFault if it cannot be one. */
export function readCode(source: string): Code {
  const lexemes = readLexemes(source);
  const comma = lexemes.find(({ text, depth }) => text === "," && depth === 0);
  if (comma !== undefined) throw new CodeFault('expected one expression, got "," after it');
  return readParts(source, lexemes);
}

/** Reads expressions with commas between them, or what else has the names of an expression. */
export function readParts(source: string, lexemes: readonly Lexeme[] = readLexemes(source)): Code {
  if (lexemes.length === 0) throw new CodeFault("expected an expression");
  const end = lexemes.find(({ text, depth }) => text === ";" && depth === 0);
  if (end !== undefined) throw new CodeFault('expected one expression, got ";" after it');
  const edits = new Edits(lexemes);
  const { free, assigned, awaits } = referencesOf(lexemes);
  const keywords = new Set<number>();
  lexemes.forEach((_, index) => {
    refuseOtherMeaning(lexemes, index);
    editArguments(lexemes, index, edits, keywords);
    editOperator(lexemes, index, edits);
    editTypeof(lexemes, index, edits, free);
  });
  const namesOf = (indices: Iterable<number>) => {
    const names = Array.from(indices, (index) =>
      keywords.has(index) || isOperator(lexemes, index) ? "" : (lexemes[index]?.text ?? ""),
    );
    return new Set(names.filter((name) => name !== ""));
  };
  const names = namesOf([...lexemes.keys()].filter((index) => isReference(lexemes, index)));
  for (const name of names) checkName(name);
  return {
    source,
    text: edits.apply(),
    names,
    free: namesOf(free),
    assigned: namesOf(assigned),
    awaits,
  };
}

/** Throws for a name that a template cannot have. */
export function checkName(name: string): void {
  if (name.startsWith(OWN) && name !== MODULES) {
    throw new CodeFault(`names that begin with ${OWN} are reserved, got "${name}"`);
  }
  if (isReserved(name)) {
    throw new CodeFault(`"${name}" is a reserved word of JavaScript and cannot be a name`);
  }
}

/** `f(a, b=1, c=2)` becomes `f(a, {b: 1, c: 2})`. */
function editArguments(
  lexemes: readonly Lexeme[],
  index: number,
  edits: Edits,
  keywords: Set<number>,
): void {
  if (!isCall(lexemes, index)) return;
  const close = lexemes[index]?.match ?? 0;
  const depth = (lexemes[index]?.depth ?? 0) + 1;
  let first = -1;
  for (let at = index + 1; at < close; at++) {
    const isStart = at === index + 1 || lexemes[at - 1]?.text === ",";
    if (lexemes[at]?.depth !== depth || !isStart) continue;
    const isKeyword = lexemes[at]?.kind === "name" && lexemes[at + 1]?.text === "=";
    if (!isKeyword && first >= 0) {
      throw new CodeFault("expected no argument without a name after keyword arguments");
    }
    if (!isKeyword) continue;
    if (first < 0) first = at;
    keywords.add(at);
    edits.instead(at + 1, ":");
  }
  if (first < 0) return;
  edits.before(first, "{");
  edits.before(close, "}");
}

/** Whether a bracket opens the arguments of a call, and not the parameters of a function. */
function isCall(lexemes: readonly Lexeme[], index: number): boolean {
  const lexeme = lexemes[index];
  if (lexeme?.kind !== "sign" || lexeme.text !== "(") return false;
  const after = lexemes[lexeme.match + 1];
  if (after?.text === "=>" || after?.brace === "body") return false;
  const before = lexemes[index - 1];
  if (before?.text === ")" || before?.text === "]" || before?.text === "?.") return true;
  if (before?.kind !== "name") return false;
  return isProperty(lexemes, index - 1) || isReference(lexemes, index - 1);
}

/** `typeof` of a name that was not passed is "undefined", as it is of any unknown name. */
function editTypeof(
  lexemes: readonly Lexeme[],
  index: number,
  edits: Edits,
  free: ReadonlySet<number>,
): void {
  if (lexemes[index]?.text !== "typeof" || isProperty(lexemes, index)) return;
  const isAlone = !/^(?:\.|\?\.|\(|\[)$/.test(lexemes[index + 2]?.text ?? "");
  if (!free.has(index + 1) || !isAlone) return;
  edits.before(index, "_tt.typeOf(() => ");
  edits.after(index + 1, ")");
}

/** What is wrong with an expression that the engine refused, if it is Python. */
export function pythonHint(source: string): string {
  const lexemes = lexemesOrNone(source);
  const words = lexemes.filter(
    (lexeme, index) => lexeme.kind === "name" && !isProperty(lexemes, index),
  );
  const has = (word: string) => words.some(({ text }) => text === word);
  if (has("lambda")) return 'expressions are JavaScript: expected "x => …", got "lambda"';
  if (has("is")) return 'expressions are JavaScript: expected "===", got "is"';
  if (has("if") && has("else")) return 'expressions are JavaScript: expected "c ? a : b", got "if"';
  if (has("for")) return 'expressions are JavaScript: expected "list.map(…)", got "for"';
  return "";
}

function lexemesOrNone(source: string): Lexeme[] {
  try {
    return readLexemes(source);
  } catch {
    return [];
  }
}
