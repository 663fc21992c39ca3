/**
 * Cuts JavaScript expressions into lexemes, as far as it takes to know their names and brackets.
 * What is no JavaScript passes unless brackets or literals are left open: the engine finds the rest.
 * Called by code.ts and statements.ts.
 */

export type LexemeKind = "name" | "number" | "string" | "regexp" | "sign";

export interface Lexeme {
  readonly kind: LexemeKind;
  readonly text: string;
  /** Where it starts in the source. */
  readonly start: number;
  /** What stands between the lexeme before and this one, comments left out. */
  readonly gap: string;
  /** How many brackets are open around it; brackets count as outside of themselves. */
  readonly depth: number;
  /** The index of the bracket that it stands in, or -1. */
  readonly parent: number;
  /** Of a bracket, the index of the one that closes or opens it. */
  match: number;
  /** Of an opening brace, what it opens. */
  readonly brace?: "object" | "body";
}

/** Why an expression cannot be read. The parser adds the directive and the place. */
export class CodeFault extends Error {}

const NAME = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /0[xXbBoO][\da-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?/y;
const SIGN =
  />>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\+=|-=|\*=|\/=|%=|&=|\|=|\^=|<<|>>|\*\*|./suy;
const BLANK = /\s+/y;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const REGEXP = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[\p{ID_Continue}$]*/uy;
/** Of a template literal, up to its end or to the next `${`. */
const PIECE = /(?:[^\\`$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "`": "}" };
/** After these words an operand follows, so that a slash starts a regular expression. */
const OPERATORS = new Set(
  "and await case delete else in instanceof new not of or return throw typeof void yield".split(
    " ",
  ),
);

/** The lexemes of an expression. Throws CodeFault where a bracket or a literal is left open. */
export function readLexemes(source: string): Lexeme[] {
  return new Reader(source).read();
}

class Reader {
  readonly #source: string;
  readonly #lexemes: Lexeme[] = [];
  /** Indices of the brackets that are open; of a template literal, of its piece before `${`. */
  readonly #open: number[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  read(): Lexeme[] {
    for (let gap = this.#gap(); this.#at < this.#source.length; gap = this.#gap()) this.#next(gap);
    const open = this.#lexemes[this.#open.at(-1) ?? -1];
    if (open !== undefined) {
      throw new CodeFault(`"${open.text.at(-1)}" is not closed, expected "${closingOf(open)}"`);
    }
    return this.#lexemes;
  }

  /** Takes blanks and comments; of a comment one blank is left. */
  #gap(): string {
    let gap = "";
    for (;;) {
      const blank = this.#take(BLANK);
      const rest = this.#source.slice(this.#at, this.#at + 2);
      if (blank === "" && rest !== "//" && rest !== "/*") return gap;
      gap += blank;
      if (rest === "//") {
        // Comments do not begin with a number: it is Python's division.
        if (/^\/\/\s*\d/.test(this.#source.slice(this.#at, this.#at + 10))) {
          throw new CodeFault('expressions are JavaScript: expected "Math.floor(a / b)", got "//"');
        }
        gap += this.#skipTo("\n", 0);
      }
      if (rest === "/*") gap += this.#skipTo("*/", 2);
    }
  }

  #skipTo(mark: string, length: number): string {
    const end = this.#source.indexOf(mark, this.#at + length);
    if (end < 0 && length > 0) throw new CodeFault(`comment is not closed, expected "${mark}"`);
    this.#at = end < 0 ? this.#source.length : end + length;
    return " ";
  }

  #next(gap: string): void {
    const first = this.#source.charAt(this.#at);
    if (first === '"' || first === "'") {
      const text = this.#take(STRING);
      if (text === "") throw new CodeFault(`string is not closed, expected ${first}`);
      this.#push("string", text, gap);
    } else if (first === "`") {
      this.#at++;
      this.#piece("`", gap);
    } else if (first === "}" && this.#lexemes[this.#open.at(-1) ?? -1]?.kind === "string") {
      this.#at++;
      this.#close("}", gap, "string");
    } else if (/[.\d]/.test(first) && this.#take(NUMBER, gap, "number")) {
      return;
    } else if (this.#take(NAME, gap, "name")) {
      return;
    } else if (first === "/" && this.#isOperandNext() && this.#take(REGEXP, gap, "regexp")) {
      return;
    } else {
      this.#sign(this.#take(SIGN), gap);
    }
  }

  /** What the pattern matches here; with a kind, pushed as a lexeme. */
  #take(pattern: RegExp, gap?: string, kind?: LexemeKind): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0] ?? "";
    this.#at += text.length;
    if (text !== "" && kind !== undefined) this.#push(kind, text, gap ?? "");
    return text;
  }

  #push(kind: LexemeKind, text: string, gap: string, brace?: "object" | "body"): void {
    const start = this.#at - text.length;
    const lexeme = {
      kind,
      text,
      start,
      gap,
      depth: this.#open.length,
      parent: this.#open.at(-1) ?? -1,
      match: -1,
    };
    this.#lexemes.push(brace === undefined ? lexeme : { ...lexeme, brace });
  }

  /** A piece of a template literal, its opening mark taken. What `${` opens is a bracket. */
  #piece(opening: string, gap: string): void {
    const text = this.#take(PIECE);
    if (text === "") throw new CodeFault("template literal is not closed, expected `");
    this.#push("string", opening + text, gap);
    if (text.endsWith("${")) this.#open.push(this.#lexemes.length - 1);
  }

  #sign(text: string, gap: string): void {
    // With `\u0061` a name could be written so that nobody sees it is one.
    if (text === "\\" || text === "#" || text === "@")
      throw new CodeFault(`"${text}" means nothing`);
    if (text === "(" || text === "[" || text === "{") {
      const brace = text === "{" ? this.#braceKind() : undefined;
      this.#push("sign", text, gap, brace);
      this.#open.push(this.#lexemes.length - 1);
    } else if (text === ")" || text === "]" || text === "}") {
      this.#close(text, gap, "sign");
    } else {
      this.#push("sign", text, gap);
    }
  }

  #close(text: string, gap: string, kind: "sign" | "string"): void {
    const index = this.#open.pop();
    const open = this.#lexemes[index ?? -1];
    if (open === undefined || index === undefined) throw new CodeFault(`"${text}" closes nothing`);
    if (closingOf(open) !== text) {
      throw new CodeFault(`expected "${closingOf(open)}", got "${text}"`);
    }
    if (kind === "string") this.#piece(text, gap);
    else this.#push(kind, text, gap);
    // What goes on after `${…}` may have opened the next bracket: the piece is the one before it.
    const own = this.#lexemes.length - 1;
    open.match = own;
    const last = this.#lexemes[own];
    if (last !== undefined && last.match < 0) last.match = index;
  }

  /** After `=>` and `)` a brace opens a function's body, elsewhere in expressions an object. */
  #braceKind(): "object" | "body" {
    const before = this.#lexemes.at(-1);
    const isBody = before?.text === "=>" || before?.text === ")" || before?.text === "{";
    return isBody || before?.text === ";" ? "body" : "object";
  }

  #isOperandNext(): boolean {
    const before = this.#lexemes.at(-1);
    if (before === undefined) return true;
    if (before.kind === "name") return OPERATORS.has(before.text);
    return before.kind === "sign" && !/^(?:[)\]}]|\+\+|--)$/.test(before.text);
  }
}

function closingOf(open: Lexeme): string {
  return CLOSING[open.kind === "string" ? "`" : open.text] ?? "";
}
