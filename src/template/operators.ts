/**
 * Python's operators in the expressions of templates: `and`, `or`, `not`, `in`, `not in`, `is None`, and
 * `%` with an object after a text. Each becomes JavaScript where its operands end. Called by code.ts.
 */
import { CodeFault, type Lexeme } from "./lexemes.ts";
import { isProperty, isReference } from "./scope.ts";

/** What is put before, in place of and after lexemes. */
export class Edits {
  readonly #lexemes: readonly Lexeme[];
  readonly #before = new Map<number, string>();
  readonly #instead = new Map<number, string>();
  readonly #after = new Map<number, string>();

  constructor(lexemes: readonly Lexeme[]) {
    this.#lexemes = lexemes;
  }

  before(index: number, text: string): void {
    this.#before.set(index, text + (this.#before.get(index) ?? ""));
  }

  instead(index: number, text: string): void {
    this.#instead.set(index, text);
  }

  after(index: number, text: string): void {
    this.#after.set(index, (this.#after.get(index) ?? "") + text);
  }

  apply(): string {
    const parts = this.#lexemes.map((lexeme, index) => {
      const text = this.#instead.get(index) ?? lexeme.text;
      const gap = index === 0 ? "" : lexeme.gap;
      return gap + (this.#before.get(index) ?? "") + text + (this.#after.get(index) ?? "");
    });
    return parts.join("");
  }
}

/** Whether a lexeme is one of Python's words and no name. */
export function isOperator(lexemes: readonly Lexeme[], index: number): boolean {
  const text = lexemes[index]?.text;
  if (text === "is") return isNoneTest(lexemes, index);
  return (text === "and" || text === "or" || text === "not") && isWord(lexemes, index);
}

function isWord(lexemes: readonly Lexeme[], index: number): boolean {
  return lexemes[index]?.kind === "name" && !isProperty(lexemes, index);
}

/** Puts JavaScript in place of the operator at this index, if there is one. */
export function editOperator(lexemes: readonly Lexeme[], index: number, edits: Edits): void {
  const word = lexemes[index]?.text;
  if (word === "%") editFormat(lexemes, index, edits);
  if (word === "in" && isWord(lexemes, index)) editIn(lexemes, index, edits);
  if (!isOperator(lexemes, index)) return;
  if (word === "and") edits.instead(index, "&&");
  if (word === "or") edits.instead(index, "||");
  if (word === "is") editIs(lexemes, index, edits);
  if (word === "not" && !isNegation(lexemes, index)) {
    edits.instead(index, "!(");
    edits.after(operandEnd(lexemes, index, LOGICAL), ")");
  }
}

/** Of `not in` and `is not`: the other word says what happens. */
function isNegation(lexemes: readonly Lexeme[], index: number): boolean {
  return (
    lexemes[index + 1]?.text === "in" ||
    (lexemes[index - 1]?.text === "is" && isOperator(lexemes, index - 1))
  );
}

/** `x is None` and `x is not None`. */
function isNoneTest(lexemes: readonly Lexeme[], index: number): boolean {
  const isNot = lexemes[index + 1]?.text === "not";
  return isWord(lexemes, index) && lexemes[index + (isNot ? 2 : 1)]?.text === "None";
}

/** Nothing is JavaScript's null as well as its undefined, which only `==` knows. */
function editIs(lexemes: readonly Lexeme[], index: number, edits: Edits): void {
  const isNot = lexemes[index + 1]?.text === "not";
  edits.instead(index, isNot ? "!=" : "==");
  if (isNot) edits.instead(index + 1, "");
}

/** `x in list` and `x not in list` ask for a value, of objects for a key, as in Python. */
function editIn(lexemes: readonly Lexeme[], index: number, edits: Edits): void {
  const { parent = -1 } = lexemes[index] ?? {};
  // A loop in a function inside the expression.
  if (lexemes[parent]?.text === "(" && lexemes[parent - 1]?.text === "for") return;
  const isNot = lexemes[index - 1]?.text === "not" && isWord(lexemes, index - 1);
  if (isNot) edits.instead(index - 1, "");
  const start = operandStart(lexemes, isNot ? index - 1 : index, RELATIONAL);
  edits.before(start, isNot ? "!_tt.contains(" : "_tt.contains(");
  edits.instead(index, ",");
  const end = operandEnd(lexemes, index, RELATIONAL);
  if (isTuple(lexemes, index + 1, end)) {
    edits.instead(index + 1, "[");
    edits.instead(end, "]");
  }
  edits.after(end, ")");
}

/** Whether these lexemes are `(1, 2)`: a list in Python, while JavaScript drops all but the last. */
export function isTuple(lexemes: readonly Lexeme[], first: number, last: number): boolean {
  const opening = lexemes[first];
  if (opening?.text !== "(" || opening.match !== last) return false;
  return lexemes
    .slice(first, last)
    .some(({ text, depth }) => text === "," && depth === opening.depth + 1);
}

const COMPARISON = /^(?:[<>]=?|[=!]==?)$/;

/** Throws for what JavaScript takes without a word, but for something else than Python does. */
export function refuseOtherMeaning(lexemes: readonly Lexeme[], index: number): void {
  const { kind, text = "", depth } = lexemes[index] ?? {};
  if (kind !== "sign") return;
  if (COMPARISON.test(text)) {
    const next = lexemes[operandEnd(lexemes, index, RELATIONAL) + 1];
    if (next?.kind !== "sign" || next.depth !== depth || !COMPARISON.test(next.text)) return;
    const expected = `"a ${text} b and b ${next.text} c"`;
    throw new CodeFault(`expressions are JavaScript: expected ${expected}, got both in one`);
  }
  const [sign, number, closing] = lexemes.slice(index + 1, index + 4);
  if (text !== "[" || sign?.text !== "-" || number?.kind !== "number") return;
  if (closing?.text !== "]" || !endsOperand(lexemes, index - 1)) return;
  const place = `-${number.text}`;
  throw new CodeFault(`expressions are JavaScript: expected ".at(${place})", got "[${place}]"`);
}

/** Whether what can be indexed or called ends here. */
function endsOperand(lexemes: readonly Lexeme[], index: number): boolean {
  const lexeme = lexemes[index];
  if (lexeme?.kind === "string") return true;
  if (lexeme?.kind === "sign") return /^(?:[)\]]|\?\.)$/.test(lexeme.text);
  return lexeme?.kind === "name" && (isProperty(lexemes, index) || isReference(lexemes, index));
}

/** `text % { name: value }`, Python's way to fill a message; a number has no use for an object. */
function editFormat(lexemes: readonly Lexeme[], index: number, edits: Edits): void {
  const before = lexemes[index - 1];
  const after = lexemes[index + 1];
  if (after?.brace === "object") {
    edits.before(operandStart(lexemes, index, ARITHMETIC), "_tt.format(");
    edits.instead(index, ",");
    edits.after(after.match, ")");
    return;
  }
  const isMessage = before?.text === ")" && lexemes[before.match - 1]?.text === "_";
  if (before?.kind === "string" || isMessage) {
    throw new CodeFault(
      'expressions are JavaScript: expected a template literal, got "%" after a text',
    );
  }
}

/** What binds less than `not`: where its operand ends. */
const LOGICAL = /^(?:&&|\|\||\?\?|[,?:;]|=>|and|or)$/;
/** The same for `in`: comparisons and assignments too. */
const RELATIONAL =
  /^(?:&&|\|\||\?\?|[,?:;&|^]|=>|\.\.\.|[=!]==?|[<>]=?|.{0,3}=|and|or|not|in|instanceof|return|yield|else|of|case)$/;
/** The same for `%`. */
const ARITHMETIC = new RegExp(`${RELATIONAL.source}|^(?:[-+*/%]|\\*\\*|<<|>>>?)$`);

/** The last lexeme of the operand that follows. */
function operandEnd(lexemes: readonly Lexeme[], index: number, stop: RegExp): number {
  const depth = lexemes[index]?.depth ?? 0;
  let at = index + 1;
  while (at < lexemes.length && !isBorder(lexemes, at, depth, stop)) at++;
  return at - 1;
}

/** The first lexeme of the operand that stands before. */
function operandStart(lexemes: readonly Lexeme[], index: number, stop: RegExp): number {
  const depth = lexemes[index]?.depth ?? 0;
  let at = index - 1;
  while (at >= 0 && !isBorder(lexemes, at, depth, stop)) at--;
  return at + 1;
}

/** Whether an operand cannot go on here: at the bracket around it, or at what binds less. */
function isBorder(lexemes: readonly Lexeme[], at: number, depth: number, stop: RegExp): boolean {
  const lexeme = lexemes[at] as Lexeme;
  if (lexeme.depth !== depth) return lexeme.depth < depth;
  if (lexeme.kind === "name") return stop.test(lexeme.text) && !isProperty(lexemes, at);
  return lexeme.kind === "sign" && stop.test(lexeme.text);
}
