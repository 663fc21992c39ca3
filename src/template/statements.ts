/**
 * The statements that stand between `{%` and `%}` besides plain expressions: the heads of loops,
 * assignments, imports and exception clauses, in Tornado's form and in JavaScript's. Called by
 * parser.ts.
 */
import { type Code, checkName, readCode, readParts } from "./code.ts";
import { CodeFault, type Lexeme, readLexemes } from "./lexemes.ts";
import { isTuple } from "./operators.ts";
import { isAssignment, isReference } from "./scope.ts";

/** The head of a loop over values. */
export interface LoopHead {
  /** As it is written, without JavaScript's brackets. */
  readonly source: string;
  /** `each` and `pairs` are Tornado's form, for one variable and for several. */
  readonly kind: "each" | "pairs" | "javascript";
  readonly awaits: boolean;
  /** Variables that live as long as the template's function. */
  readonly assigned: readonly string[];
  /** Variables of the loop alone. */
  readonly local: readonly string[];
  /** What stands before the values, as `const x of`; in a counting loop, before its condition. */
  readonly target: string;
  readonly values: Code;
  /** Of a counting loop, all three parts; `values` has their names. */
  readonly counting: boolean;
}

/** Reads what follows `for`. */
export function readLoop(source: string): LoopHead {
  const lexemes = readLexemes(source);
  const awaits = lexemes[0]?.text === "await";
  const first = awaits ? 1 : 0;
  const opening = lexemes[first];
  if (opening?.text === "(" && opening.match === lexemes.length - 1) {
    const inner = source.slice(opening.start + 1, lexemes[opening.match]?.start);
    return readJavaScriptLoop(inner, awaits);
  }
  const index = lexemes.findIndex(isOfOrIn);
  if (index < 0) throw new CodeFault('expected "x in values"');
  const target = lexemes.slice(first, index);
  if (target.length === 0) throw new CodeFault('expected a variable before "in"');
  const { pattern, names } = readTarget(target);
  return {
    source,
    kind: pattern.startsWith("[") ? "pairs" : "each",
    awaits,
    assigned: names,
    local: [],
    target: `${pattern} of`,
    values: readValues(after(source, lexemes[index])),
    counting: false,
  };
}

function isOfOrIn(lexeme: Lexeme): boolean {
  const isWord = lexeme.text === "in" || lexeme.text === "of";
  return isWord && lexeme.kind === "name" && lexeme.depth === 0;
}

/** `1, 2, 3` is a list, as in Python, and so is `(1, 2, 3)`. */
function readValues(source: string): Code {
  const lexemes = readLexemes(source);
  const hasComma = lexemes.some(({ text, depth }) => text === "," && depth === 0);
  if (hasComma) return readParts(`[${source}]`);
  if (!isTuple(lexemes, 0, lexemes.length - 1)) return readCode(source);
  return readParts(`[${source.slice(endOf(lexemes[0]), lexemes.at(-1)?.start)}]`);
}

function after(source: string, lexeme: Lexeme | undefined): string {
  return lexeme === undefined ? "" : source.slice(lexeme.start + lexeme.text.length).trim();
}

/** `k, v` or `i, (a, b)` as a JavaScript pattern. */
function readTarget(target: readonly Lexeme[]): { pattern: string; names: string[] } {
  const base = target[0]?.depth ?? 0;
  const names: string[] = [];
  let hasComma = false;
  const parts = target.map((lexeme, index) => {
    if (lexeme.kind === "name") {
      checkName(lexeme.text);
      names.push(lexeme.text);
      // Two names without a comma stay two, which the engine refuses.
      return target[index - 1]?.kind === "name" ? ` ${lexeme.text}` : lexeme.text;
    }
    if (lexeme.text === ",") hasComma ||= lexeme.depth === base;
    const replaced: Record<string, string> = { "(": "[", ")": "]", "*": "...", ",": ", " };
    const text = replaced[lexeme.text] ?? lexeme.text;
    if (!/^(?:\[|\]|\{|\}|\.\.\.|, |:)$/.test(text)) {
      throw new CodeFault(`expected names of variables, got "${lexeme.text}"`);
    }
    return text;
  });
  const pattern = parts.join("");
  return { pattern: hasComma ? `[${pattern}]` : pattern, names };
}

/** What stands between the brackets of `for (…)`: JavaScript, as it is. */
function readJavaScriptLoop(source: string, awaits: boolean): LoopHead {
  const lexemes = readLexemes(source);
  const isDeclared = /^(?:const|let|var)$/.test(lexemes[0]?.text ?? "");
  const first = isDeclared ? 1 : 0;
  const index = lexemes.findIndex((lexeme, at) => at > first && isOfOrIn(lexeme));
  const counting = lexemes.filter(({ text, depth }) => text === ";" && depth === 0).length === 2;
  if (index < 0 && !counting) throw new CodeFault('expected "const x of values" in the brackets');
  const end = counting ? lexemes.findIndex(({ text }) => text === ";") : index;
  const names = declaredNames(lexemes.slice(first, end));
  return {
    source,
    kind: "javascript",
    awaits,
    assigned: isDeclared ? [] : names,
    local: isDeclared ? names : [],
    target: counting ? "" : source.slice(0, endOf(lexemes[index])),
    values: counting ? readCounting(source, lexemes) : readCode(after(source, lexemes[index])),
    counting,
  };
}

function endOf(lexeme: Lexeme | undefined): number {
  return lexeme === undefined ? 0 : lexeme.start + lexeme.text.length;
}

/** Names of a pattern, or of declarations with values. */
function declaredNames(lexemes: readonly Lexeme[]): string[] {
  const names: string[] = [];
  lexemes.forEach((lexeme, index) => {
    const before = lexemes[index - 1]?.text ?? ",";
    if (isReference(lexemes, index) && /^(?:[,[{:]|\.\.\.)$/.test(before)) names.push(lexeme.text);
  });
  for (const name of names) checkName(name);
  return names;
}

/** `let i = 0; i < n; i++`: the text as it is, with the names of all three parts. */
function readCounting(source: string, lexemes: readonly Lexeme[]): Code {
  const parts = splitAt(source, lexemes, ";").filter((part) => part.trim() !== "");
  const codes = parts.map((part) => readParts(part.replace(/^\s*(?:let|const|var)\s/, "")));
  const all = (of: (code: Code) => ReadonlySet<string>) =>
    new Set(codes.flatMap((c) => [...of(c)]));
  return {
    source,
    text: source.replace(/\/\/.*$/gm, ""),
    names: all((code) => code.names),
    free: all((code) => code.free),
    assigned: all((code) => code.assigned),
    awaits: codes.some((code) => code.awaits),
  };
}

function splitAt(source: string, lexemes: readonly Lexeme[], mark: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const lexeme of lexemes) {
    if (lexeme.text !== mark || lexeme.depth > 0) continue;
    parts.push(source.slice(start, lexeme.start));
    start = endOf(lexeme);
  }
  return [...parts, source.slice(start)];
}

/** Reads what follows `set`: an assignment, or an expression that is evaluated for what it does. */
export function readAssignment(source: string): Code {
  const lexemes = readLexemes(source);
  const isDeclared = /^(?:const|let|var)$/.test(lexemes[0]?.text ?? "");
  const start = isDeclared ? (lexemes[1]?.start ?? 0) : 0;
  const index = lexemes.findIndex((lexeme) => lexeme.depth === 0 && isAssignment(lexeme));
  const sign = lexemes[index];
  if (sign === undefined || /^(?:\+\+|--)$/.test(sign.text)) {
    if (isDeclared) throw new CodeFault(`expected a value: "${source} = …"`);
    return readCode(source);
  }
  const target = lexemes.slice(isDeclared ? 1 : 0, index);
  if (target.length === 0) throw new CodeFault(`expected a name before "${sign.text}"`);
  const value = readValues(after(source, sign));
  const isPattern = isPatternTarget(target);
  const left = isPattern
    ? readTarget(target)
    : { pattern: source.slice(start, sign.start).trim(), names: [] };
  const whole = readParts(`${left.pattern} ${sign.text} 0`);
  return {
    source,
    text: `(${left.pattern} ${sign.text} (${value.text}))`,
    names: new Set([...whole.names, ...value.names]),
    // A name that is only given a value is not read.
    free:
      isPattern || (target.length === 1 && sign.text === "=")
        ? value.free
        : new Set([...whole.free, ...value.free]),
    assigned: new Set([...whole.assigned, ...left.names, ...value.assigned]),
    awaits: whole.awaits || value.awaits,
  };
}

/** `a, b`, `[a, b]` or `{a, b}`, and not `list[0]` or `a.b`. */
function isPatternTarget(target: readonly Lexeme[]): boolean {
  const hasComma = target.some(({ text, depth }) => text === "," && depth === 0);
  const hasMember = target.some(({ text, depth }) => depth === 0 && /^\??\.$/.test(text));
  const first = target[0]?.text;
  return hasComma || (!hasMember && (first === "[" || first === "{" || first === "("));
}

/** One name that an import brings. */
export interface ImportedName {
  readonly module: string;
  /** What of the module, `*` for all of it. */
  readonly member: string;
  readonly name: string;
}

const IDENTIFIER = "[\\p{ID_Start}$_][\\p{ID_Continue}$]*";
const MODULE = new RegExp(`^(${IDENTIFIER})(?:\\.${IDENTIFIER})*$`, "u");
const RENAMED = new RegExp(`^(\\S+)(?:\\s+as\\s+(${IDENTIFIER}))?$`, "u");

/** Reads `import …` and `from … import …`, Tornado's form and JavaScript's. */
export function readImport(source: string): ImportedName[] {
  const names = readNames(source);
  for (const { name } of names) checkName(name);
  return names;
}

function readNames(source: string): ImportedName[] {
  const from = /^from\s+(\S+)\s+import\s+([\s\S]+)$/.exec(source);
  if (from !== null)
    return members(unquoted(from[1] ?? ""), (from[2] ?? "").replace(/^\(|\)$/g, ""));

  const rest = source.replace(/^import\s*/, "");
  const quoted = /^([\s\S]*?)\s*\bfrom\s+(["'][^"']+["'])$/.exec(rest);
  if (quoted === null) return rest.split(",").map((part) => wholeModule(part.trim()));
  const module = unquoted(quoted[2] ?? "");
  const clause = quoted[1] ?? "";
  const braces = /^\{([\s\S]*)\}$/.exec(clause);
  if (braces !== null) return members(module, braces[1] ?? "");
  const all = new RegExp(`^\\*\\s+as\\s+(${IDENTIFIER})$`, "u").exec(clause);
  if (all !== null) return [{ module, member: "*", name: all[1] ?? "" }];
  return members(module, `default as ${clause}`);
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, "$2");
}

function members(module: string, list: string): ImportedName[] {
  const parts = list.split(",").filter((part) => part.trim() !== "");
  if (parts.length === 0) throw new CodeFault("expected names after import");
  return parts.map((part) => {
    const [, member, name = member] = RENAMED.exec(part.trim()) ?? [];
    if (
      member === undefined ||
      name === undefined ||
      !isIdentifier(member) ||
      !isIdentifier(name)
    ) {
      throw new CodeFault(`expected "name" or "name as other", got "${part.trim()}"`);
    }
    return { module, member, name };
  });
}

function isIdentifier(text: string): boolean {
  return new RegExp(`^${IDENTIFIER}$`, "u").test(text);
}

function wholeModule(part: string): ImportedName {
  const [, module = "", given] = RENAMED.exec(part) ?? [];
  const path = MODULE.exec(unquoted(module));
  const isQuoted = unquoted(module) !== module;
  const name = given ?? (isQuoted ? undefined : path?.[0]);
  if (name === undefined || (path === null && !isQuoted) || !isIdentifier(name)) {
    throw new CodeFault(`expected "name" or "module as name", got "${part}"`);
  }
  return { module: unquoted(module), member: "*", name };
}

/** What follows `except`. */
export interface ExceptHead {
  /** The classes that it takes; all if undefined. */
  readonly classes: Code | undefined;
  /** The variable that holds what was thrown. */
  readonly name: string | undefined;
}

/** Reads `Class`, `Class as e`, `(One, Other) as e` or `as e`. */
export function readExcept(source: string): ExceptHead {
  const lexemes = readLexemes(source);
  const index = lexemes.findIndex(
    ({ text, depth, kind }) => kind === "name" && text === "as" && depth === 0,
  );
  const classes = index < 0 ? source : source.slice(0, lexemes[index]?.start).trim();
  const name = index < 0 ? undefined : after(source, lexemes[index]);
  if (name !== undefined && !isIdentifier(name)) {
    throw new CodeFault(`expected a name after "as", got "${name}"`);
  }
  if (name !== undefined) checkName(name);
  const tuple = /^\(([\s\S]*)\)$/.exec(classes);
  const list = tuple?.[1] ?? classes;
  return { classes: classes === "" ? undefined : readParts(list), name };
}
