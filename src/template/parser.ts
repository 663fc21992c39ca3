/**
 * Reads one template file: the core's tokens become nodes. Knows Tornado's directives and which may
 * stand where; does not look at other files. Called by template.ts.
 */
import { type Token, tokenize } from "../core.ts";
import { type Code, MODULES, readCode } from "./code.ts";
import { CodeFault } from "./lexemes.ts";
import type { Attempt, Branch, FileReference, Handler, Node, TemplateFile } from "./nodes.ts";
import { excerptOf, ParseError } from "./parse-error.ts";
import { readAssignment, readExcept, readImport, readLoop } from "./statements.ts";
import { filterWhitespace, isWhitespaceMode, type WhitespaceMode } from "./whitespace.ts";

/** Which blocks a directive may continue. */
const CONTINUES: ReadonlyMap<string, readonly string[]> = new Map([
  ["else", ["if", "for", "while", "try"]],
  ["elif", ["if"]],
  ["except", ["try"]],
  ["finally", ["try"]],
]);

const DIRECTIVES = (
  "apply autoescape block break comment continue elif else end except extends finally for from if " +
  "import include module raw set try while whitespace"
).split(" ");

/** Most blocks inside each other. Python stops at as many levels of indentation. */
const MAX_DEPTH = 100;

/** What people write who know another language. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ["elseif", "elif"],
  ["elsif", "elif"],
  ["catch", "except"],
  ["foreach", "for"],
  ["let", "set"],
  ["const", "set"],
  ["var", "set"],
]);

/** Options of a file, which its directives may change. */
export interface FileOptions {
  readonly autoescape: string | false;
  readonly whitespace: WhitespaceMode;
}

/** A directive: `{% operator rest %}`. */
interface Directive {
  readonly operator: string;
  readonly rest: string;
  readonly line: number;
}

/** What stands in a block, and the directive that ends it or goes on with it. */
interface Section {
  readonly nodes: readonly Node[];
  readonly stop: Directive;
}

/** Where the parser is. */
interface Place {
  /** The block that is open, and where it was opened. */
  readonly block: Directive | undefined;
  /** `break` and `continue` may stand here. */
  readonly isLoop: boolean;
}

/** Reads a file. Throws ParseError. */
export function parse(source: string, name: string, options: FileOptions): TemplateFile {
  return new Parser(source, name, options).parse();
}

class Parser {
  readonly #name: string;
  readonly #tokens: readonly Token[];
  readonly #lastLine: number;
  #at = 0;
  #depth = 0;
  #whitespace: WhitespaceMode;
  #autoescape: Code | undefined;
  #parent: FileReference | undefined;
  #declaredNames: string | undefined;

  constructor(source: string, name: string, options: FileOptions) {
    this.#name = name;
    this.#whitespace = options.whitespace;
    const tokens = tokenize(source);
    if (!Array.isArray(tokens)) throw this.#error(tokens.reason, tokens.line);
    this.#tokens = tokens;
    this.#lastLine = source.split("\n").length;
    this.#autoescape = this.#escapeFunction(options.autoescape || "None", 0);
  }

  parse(): TemplateFile {
    const { nodes } = this.#section({ block: undefined, isLoop: false });
    return {
      name: this.#name,
      body: nodes,
      autoescape: this.#autoescape,
      parent: this.#parent,
      declaredNames: this.#declaredNames,
    };
  }

  #error(reason: string, line: number, cause?: unknown): ParseError {
    return new ParseError(reason, this.#name, line, cause === undefined ? {} : { cause });
  }

  /** Reads up to the end of the block, or to what goes on with it. */
  #section(place: Place): Section {
    if (++this.#depth > MAX_DEPTH) {
      throw this.#error(`more than ${MAX_DEPTH} blocks inside each other`, place.block?.line ?? 0);
    }
    const section = this.#nodes(place);
    this.#depth--;
    return section;
  }

  #nodes(place: Place): Section {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#tokens[this.#at++];
      if (token === undefined) return { nodes, stop: this.#endOfFile(place) };
      if (token.kind !== "block") {
        this.#add(nodes, token);
        continue;
      }
      const directive = this.#directive(token);
      if (directive.operator === "end" || CONTINUES.has(directive.operator)) {
        this.#checkStop(directive, place);
        return { nodes, stop: directive };
      }
      const node = this.#node(directive, place);
      if (node !== undefined) nodes.push(node);
    }
  }

  #endOfFile({ block }: Place): Directive {
    if (block === undefined) return { operator: "", rest: "", line: this.#lastLine };
    const reason = `Missing {% end %} block for ${block.operator} of line ${block.line}`;
    const last = this.#tokens.at(-1);
    throw this.#error(reason, last?.kind === "text" ? last.line : this.#lastLine);
  }

  #add(nodes: Node[], { kind, text, line }: Token): void {
    if (kind === "text") {
      // Tornado's own rule of thumb for text that must keep its shape.
      const value = text.includes("<pre>") ? text : filterWhitespace(this.#whitespace, text);
      if (value !== "") nodes.push({ kind: "text", value });
    } else if (kind === "expression") {
      const code = this.#read(readCode, text, `{{ ${text} }}`, line);
      nodes.push({ kind: "expression", code, raw: false, line });
    } else if (/^@names\s/.test(text)) {
      this.#declaredNames = text.slice("@names".length).trim();
    }
  }

  #directive({ text, line }: Token): Directive {
    const operator = /^[^\s({[]+/.exec(text)?.[0] ?? text;
    return { operator, rest: text.slice(operator.length).trim(), line };
  }

  /** Reads with a function that throws CodeFault, and says where the fault is. */
  #read<T>(reader: (source: string) => T, source: string, shown: string, line: number): T {
    try {
      return reader(source);
    } catch (error) {
      if (!(error instanceof CodeFault)) throw error;
      throw this.#error(`Cannot parse ${excerptOf(shown)}: ${error.message}`, line);
    }
  }

  #readRest<T>(reader: (source: string) => T, { operator, rest, line }: Directive): T {
    return this.#read(reader, rest, `{% ${operator} ${rest} %}`, line);
  }

  #checkStop({ operator, rest, line }: Directive, { block }: Place): void {
    const parents = CONTINUES.get(operator);
    if (parents === undefined) {
      if (block === undefined) throw this.#error("Extra {% end %} block", line);
      return;
    }
    if (block === undefined) {
      throw this.#error(`${operator} outside ${parents.join(", ")} block`, line);
    }
    if (!parents.includes(block.operator)) {
      const reason = `${operator} block cannot be attached to ${block.operator} block of line`;
      const expected = `expected ${parents.join(", ")}`;
      throw this.#error(`${reason} ${block.line}: ${expected}`, line);
    }
    if (operator === "elif" || operator === "except" || rest === "") return;
    const hint = operator === "else" ? ': expected "elif"' : "";
    throw this.#error(`${operator} takes nothing after it, got "${rest}"${hint}`, line);
  }

  #node(directive: Directive, place: Place): Node | undefined {
    const { operator, rest, line } = directive;
    switch (operator) {
      case "comment":
        return undefined;
      case "autoescape":
        this.#autoescape = this.#escapeFunction(this.#need(directive, "a function, or None"), line);
        return undefined;
      case "whitespace":
        if (!isWhitespaceMode(rest)) {
          throw this.#error(`whitespace expected all, single or oneline, got "${rest}"`, line);
        }
        this.#whitespace = rest;
        return undefined;
      case "extends":
        this.#extend(directive, place);
        return undefined;
      case "include":
        return { kind: "include", path: this.#path(directive), line };
      case "raw":
      case "module":
        return this.#rawExpression(directive);
      case "set":
        this.#need(directive, "an assignment: {% set name = value %}");
        return { kind: "set", code: this.#readRest(readAssignment, directive), line };
      case "import":
      case "from": {
        this.#need(directive, "a module: {% import name %} or {% from name import member %}");
        const statement = `${operator} ${rest}`;
        const names = this.#read(readImport, statement, `{% ${statement} %}`, line);
        return { kind: "import", names, line };
      }
      case "break":
      case "continue":
        if (!place.isLoop) throw this.#error(`${operator} outside for, while block`, line);
        if (rest !== "")
          throw this.#error(`${operator} takes nothing after it, got "${rest}"`, line);
        return { kind: operator, line };
      case "apply": {
        this.#need(directive, "a function: {% apply function %}");
        const method = this.#readRest(readCode, directive);
        // Its own function in Tornado, so no loop goes through it.
        const body = this.#body(directive, false);
        return { kind: "apply", method, body, line };
      }
      case "block": {
        const name = this.#need(directive, "a name: {% block name %}");
        return { kind: "block", name, body: this.#body(directive, place.isLoop), line };
      }
      case "if":
        return this.#conditional(directive, place);
      case "for":
      case "while":
        return this.#loop(directive, place);
      case "try":
        return this.#attempt(directive, place);
      default:
        throw this.#error(unknownOperator(operator), line);
    }
  }

  /** What follows the operator. Throws if there is nothing. */
  #need({ operator, rest, line }: Directive, what: string): string {
    if (rest === "") throw this.#error(`${operator} expected ${what}`, line);
    return rest;
  }

  #path(directive: Directive): string {
    const path = directive.rest.replace(/^"+|"+$/g, "").replace(/^'+|'+$/g, "");
    if (path !== "") return path;
    throw this.#error(
      `${directive.operator} missing file path: expected {% ${directive.operator} "name.html" %}`,
      directive.line,
    );
  }

  #extend(directive: Directive, { block }: Place): void {
    if (block !== undefined) {
      const inside = `${block.operator} block of line ${block.line}`;
      throw this.#error(`extends inside ${inside}: expected it outside of blocks`, directive.line);
    }
    if (this.#parent !== undefined) {
      const reason = `extends expected once, and is already on line ${this.#parent.line}`;
      throw this.#error(reason, directive.line);
    }
    this.#parent = { path: this.#path(directive), line: directive.line };
  }

  #escapeFunction(text: string, line: number): Code | undefined {
    if (/^(?:None|null|false)$/.test(text)) return undefined;
    return this.#read(readCode, text, `{% autoescape ${text} %}`, line);
  }

  #rawExpression(directive: Directive): Node {
    const { operator, line } = directive;
    this.#need(directive, operator === "raw" ? "an expression" : "a call: {% module Name() %}");
    const prefix = operator === "module" ? `${MODULES}.` : "";
    const code = this.#readRest((rest) => readCode(prefix + rest), directive);
    return { kind: "expression", code, raw: true, line };
  }

  /** A block that nothing may go on with. */
  #body(block: Directive, isLoop: boolean): readonly Node[] {
    return this.#section({ block, isLoop }).nodes;
  }

  #conditional(directive: Directive, { isLoop }: Place): Node {
    const branches: Branch[] = [];
    const place = { block: directive, isLoop };
    for (let branch = directive; ; ) {
      this.#need(branch, "a condition");
      const condition = this.#readRest(readCode, branch);
      const { nodes, stop } = this.#section(place);
      branches.push({ condition, body: nodes, line: branch.line });
      if (stop.operator === "end") return { kind: "if", branches, otherwise: undefined };
      if (stop.operator === "else") {
        return { kind: "if", branches, otherwise: this.#lastSection(place, "else") };
      }
      branch = stop;
    }
  }

  /** The section after `else` or `finally`, which has to be the last one. */
  #lastSection(place: Place, after: string): readonly Node[] {
    const { nodes, stop } = this.#section(place);
    if (stop.operator === "end") return nodes;
    throw this.#error(`${stop.operator} after ${after}: expected {% end %}`, stop.line);
  }

  #loop(directive: Directive, outer: Place): Node {
    const { operator, line } = directive;
    this.#need(directive, operator === "for" ? "a loop: {% for x in values %}" : "a condition");
    const head =
      operator === "for"
        ? this.#readRest(readLoop, directive)
        : this.#readRest(readCode, directive);
    const { nodes: body, stop } = this.#section({ block: directive, isLoop: true });
    const otherwise =
      stop.operator === "else"
        ? this.#lastSection({ block: directive, isLoop: outer.isLoop }, "else")
        : undefined;
    return { kind: "loop", head, body, otherwise, line };
  }

  #attempt(directive: Directive, { isLoop }: Place): Attempt {
    if (directive.rest !== "") {
      throw this.#error(`try takes nothing after it, got "${directive.rest}"`, directive.line);
    }
    const place = { block: directive, isLoop };
    const handlers: Handler[] = [];
    let { nodes: body, stop } = this.#section(place);
    const sections: { otherwise?: readonly Node[]; last?: readonly Node[] } = {};
    while (stop.operator !== "end") {
      const begin = stop;
      this.#checkOrder(begin, handlers, sections);
      const head = begin.operator === "except" ? this.#readRest(exceptOrAll, begin) : undefined;
      const section = this.#section(place);
      if (head !== undefined) handlers.push({ ...head, body: section.nodes, line: begin.line });
      else if (begin.operator === "else") sections.otherwise = section.nodes;
      else sections.last = section.nodes;
      stop = section.stop;
    }
    const { otherwise, last } = sections;
    if (handlers.length === 0 && last === undefined) {
      throw this.#error("try block expected except or finally before its end", stop.line);
    }
    return { kind: "try", body, handlers, otherwise, last };
  }

  /** except, then else, then finally; else only after except. */
  #checkOrder(
    { operator, line }: Directive,
    handlers: readonly Handler[],
    { otherwise, last }: { otherwise?: readonly Node[]; last?: readonly Node[] },
  ): void {
    if (last !== undefined)
      throw this.#error(`${operator} after finally: expected {% end %}`, line);
    if (otherwise !== undefined && operator !== "finally") {
      throw this.#error(`${operator} after else: expected finally or {% end %}`, line);
    }
    if (operator === "else" && handlers.length === 0) {
      throw this.#error("else in a try block expected except before it", line);
    }
    const catcher = handlers.find(({ classes }) => classes === undefined);
    if (operator === "except" && catcher !== undefined) {
      const reason = `except after the one of line ${catcher.line}, which takes everything`;
      throw this.#error(reason, line);
    }
  }
}

function exceptOrAll(rest: string): ReturnType<typeof readExcept> {
  return rest === "" ? { classes: undefined, name: undefined } : readExcept(rest);
}

function unknownOperator(operator: string): string {
  const isEnd = /^end./.test(operator);
  const meant = isEnd ? "end" : FOREIGN.get(operator);
  const expected = meant === undefined ? `one of ${DIRECTIVES.join(", ")}` : `"${meant}"`;
  return `unknown operator: "${operator}", expected ${expected}`;
}
