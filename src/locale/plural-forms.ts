/**
 * The plural rule of a gettext catalog, a C expression in `n`, parsed instead of evaluated: a
 * translation file is data. Private to the module locale.
 */

/** Which of its plural forms a language uses for a number. */
export type PluralRule = (n: number) => number;

/** Most characters of a rule; the longest one in use (Arabic's) has about 120. */
const MAX_LENGTH = 1000;

/** Binary operators by how tightly they bind, the loosest first. */
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["==", "!="],
  ["<=", ">=", "<", ">"],
  ["+", "-"],
  ["*", "/", "%"],
];

const OPERATORS: Readonly<Record<string, (left: number, right: number) => number>> = {
  "||": (left, right) => Number(left !== 0 || right !== 0),
  "&&": (left, right) => Number(left !== 0 && right !== 0),
  "==": (left, right) => Number(left === right),
  "!=": (left, right) => Number(left !== right),
  "<=": (left, right) => Number(left <= right),
  ">=": (left, right) => Number(left >= right),
  "<": (left, right) => Number(left < right),
  ">": (left, right) => Number(left > right),
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => Math.trunc(left / right),
  "%": (left, right) => left % right,
};

/** English and its like; what a catalog without a rule gets. */
export const GERMANIC: PluralRule = (n) => (n === 1 ? 0 : 1);

/** The rule of `nplurals=2; plural=n != 1;`. Throws if it is not well formed. */
export function parsePluralForms(header: string): PluralRule {
  const expression = /plural\s*=\s*([^;]+)/.exec(header.replace(/nplurals\s*=[^;]*/, ""))?.[1];
  if (expression === undefined || expression.length > MAX_LENGTH) throw malformed(header);
  const parser = new Parser(expression);
  const rule = parser.ternary();
  if (!parser.isAtEnd) throw malformed(header);
  return rule;
}

function malformed(text: string): Error {
  return new Error(`Cannot parse plural forms: "${text.slice(0, 200)}"`);
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    const tokens = text.match(/\d+|n|[|]{2}|&&|[=!<>]=|[<>!+\-*/%?:()]|\S/g);
    this.#tokens = tokens ?? [];
  }

  get isAtEnd(): boolean {
    return this.#next === this.#tokens.length;
  }

  #take(...tokens: readonly string[]): string | undefined {
    const token = this.#tokens[this.#next];
    if (token === undefined || !tokens.includes(token)) return undefined;
    this.#next++;
    return token;
  }

  #expect(token: string): void {
    if (this.#take(token) === undefined) throw malformed(this.#text);
  }

  ternary(): PluralRule {
    const condition = this.#binary(0);
    if (this.#take("?") === undefined) return condition;
    const yes = this.ternary();
    this.#expect(":");
    const no = this.ternary();
    return (n) => (condition(n) !== 0 ? yes(n) : no(n));
  }

  #binary(level: number): PluralRule {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (let sign = this.#take(...operators); sign; sign = this.#take(...operators)) {
      const [first, apply] = [left, OPERATORS[sign] ?? Math.max];
      const second = this.#binary(level + 1);
      left = (n) => apply(first(n), second(n));
    }
    return left;
  }

  #unary(): PluralRule {
    if (this.#take("!") !== undefined) {
      const operand = this.#unary();
      return (n) => Number(operand(n) === 0);
    }
    if (this.#take("(") !== undefined) {
      const inner = this.ternary();
      this.#expect(")");
      return inner;
    }
    if (this.#take("n") !== undefined) return (n) => n;
    const token = this.#tokens[this.#next++] ?? "";
    if (!/^\d+$/.test(token)) throw malformed(this.#text);
    const value = Number(token);
    return () => value;
  }
}
