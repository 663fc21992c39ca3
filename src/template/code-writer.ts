/**
 * Turns the nodes of a template and of what it extends and includes into one JavaScript function,
 * which appends to one string. Called by template.ts, which compiles it, and by precompile.ts, which
 * writes it to a file.
 */
import { isBuiltin } from "./builtins.ts";
import type { Code } from "./code.ts";
import type { CodeMap } from "./failure.ts";
import { functionText, type Mode } from "./function-text.ts";
import type { Family } from "./inheritance.ts";
import { NameTable, type PassedNames } from "./name-table.ts";
import type * as nodes from "./nodes.ts";
import { ParseError } from "./parse-error.ts";
import { type FileLine, PlaceTable } from "./place-table.ts";
import { seamOf } from "./seam.ts";

/** A piece of the template's own code, by which a syntax error is found again. */
export interface Fragment {
  /** JavaScript that is well formed if and only if the piece is. */
  readonly check: string;
  readonly source: string;
  readonly place: FileLine;
}

/** A generated function and what is known about it. */
export interface GeneratedCode {
  /** A function expression. Its free variables are `_tt`, the runtime, and `_tt_map`. */
  readonly text: string;
  readonly map: CodeMap;
  readonly fragments: readonly Fragment[];
  /** Where it waits first. */
  readonly awaits: FileLine | undefined;
  readonly passed: PassedNames;
}

/** Writes the function of a template. */
export function generateCode(family: Family, mode: Mode): GeneratedCode {
  return new CodeWriter(family, mode).write();
}

/** How far the statements of the function are indented. */
const INDENT = 3;

class CodeWriter {
  readonly #family: Family;
  readonly #mode: Mode;
  #lines: string[] = [];
  #indent = INDENT;
  #counter = 0;
  /** Pieces of the next statement that appends. */
  #pending: string[] = [];
  /** One of them is an expression, which may fail. */
  #mayFail = false;
  /** The place that the function has noted when it gets here; -1 if that depends on its way. */
  #at = -1;

  #file: nodes.TemplateFile;
  /** The lines that brought the current file in, outermost first. */
  readonly #via: FileLine[] = [];
  /** The current file and those that include it. */
  #includes: readonly nodes.TemplateFile[];
  /** The string that is appended to: the function's, and in `apply` one of its own. */
  #out = "_tt_out";
  /** Where `break` goes, loop by loop, if the loop has an `else` that it must not run. */
  #loops: (string | undefined)[] = [];
  #tries = 0;

  readonly #places = new PlaceTable();
  readonly #names = new NameTable();
  readonly #fragments: Fragment[] = [];
  readonly #escapers = new Map<string, string>();
  #awaits: FileLine | undefined;

  constructor(family: Family, mode: Mode) {
    this.#family = family;
    this.#mode = mode;
    this.#file = family.root;
    this.#includes = [family.root];
  }

  write(): GeneratedCode {
    this.#place(0);
    this.#body(this.#file.body);
    this.#flush();
    const { certain, uncertain, passed } = this.#names;
    const escapers = this.#escapers;
    const text = functionText({
      mode: this.#mode,
      certain,
      uncertain,
      escapers,
      lines: this.#lines,
    });
    const map = this.#places.map(uncertain);
    return { text, map, fragments: this.#fragments, awaits: this.#awaits, passed };
  }

  // What is written

  #line(text: string): void {
    this.#lines.push("  ".repeat(this.#indent) + text);
  }

  /** Writes `head {`, what `body` writes, and `}`. */
  #nested(head: string, body: () => void, tail = "}"): void {
    this.#flush();
    this.#line(head);
    this.#indent++;
    this.#at = -1;
    body();
    this.#flush();
    this.#indent--;
    this.#at = -1;
    this.#line(tail);
  }

  /** Writes the statement that appends what is pending. */
  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#line(`${this.#out} += ${this.#pending.join(" + ")};`);
    this.#pending = [];
    this.#mayFail = false;
  }

  /** An expression is appended; text is pushed to what is pending. */
  #append(piece: string): void {
    this.#pending.push(piece);
    this.#mayFail = true;
  }

  /** Sends what there is: to wait is the time for it. Not inside of `apply`. */
  #yieldBeforeWait({ awaits }: Code): void {
    if (!awaits || this.#mode !== "stream" || this.#out !== "_tt_out") return;
    this.#flush();
    this.#line('if (_tt_out !== "") { yield _tt_out; _tt_out = ""; }');
  }

  #yieldWhenFull(): void {
    if (this.#mode !== "stream" || this.#out !== "_tt_out") return;
    this.#flush();
    this.#line('if (_tt_out.length >= _tt_limit) { yield _tt_out; _tt_out = ""; }');
  }

  #unique(name: string): string {
    return `_tt_${name}${++this.#counter}`;
  }

  // Where it is

  /** The number of a line of the current file, with what brought the file in. */
  #place(line: number): number {
    return this.#places.indexOf({ file: this.#file.name, line }, this.#via);
  }

  /** Notes the place, if the function has noted another one before. */
  #note(line: number): void {
    const at = this.#place(line);
    if (at === this.#at) return;
    if (this.#mayFail) this.#flush();
    this.#line(`_tt_at = ${at};`);
    this.#at = at;
  }

  /** An expression that notes its place itself: in conditions, which run more than once. */
  #noted(code: Code, line: number, text: string = code.text): string {
    this.#use(code, line);
    return `(_tt_at = ${this.#place(line)}, ${text})`;
  }

  /** Takes note of what an expression needs. `check` is a statement around its text. */
  #use(code: Code, line: number, check = `(${code.text}\n);`): void {
    const place = { file: this.#file.name, line };
    const index = this.#place(line);
    for (const name of this.#names.use(code, this.#file)) this.#places.addUse(index, name);
    if (code.awaits) this.#awaits ??= place;
    this.#fragments.push({ check, source: code.source, place });
  }

  /** Notes that names have values from here on, unless something may lead past this. */
  #ascertain(names: Iterable<string>): void {
    if (this.#indent === INDENT) this.#names.ascertain(names);
  }

  // The nodes

  #body(list: readonly nodes.Node[]): void {
    for (const node of list) this.#node(node);
  }

  #node(node: nodes.Node): void {
    switch (node.kind) {
      case "text":
        this.#pending.push(JSON.stringify(node.value));
        break;
      case "expression":
        this.#expression(node);
        break;
      case "set":
        this.#flush();
        this.#note(node.line);
        this.#yieldBeforeWait(node.code);
        this.#use(node.code, node.line);
        this.#line(`${node.code.text};`);
        this.#ascertain(node.code.assigned);
        break;
      case "import":
        this.#import(node);
        break;
      case "block":
        this.#block(node);
        break;
      case "include":
        this.#include(node);
        break;
      case "apply":
        this.#apply(node);
        break;
      case "if":
        this.#conditional(node);
        break;
      case "loop":
        this.#loop(node);
        break;
      case "try":
        this.#attempt(node);
        break;
      default:
        this.#jump(node);
    }
  }

  #expression({ code, raw, line }: nodes.Expression): void {
    this.#note(line);
    // What was appended before something failed stays, as it does in Tornado.
    if (this.#tries > 0) this.#flush();
    this.#yieldBeforeWait(code);
    this.#use(code, line);
    const method = raw ? undefined : this.#file.autoescape;
    if (method === undefined) this.#append(`_tt.text((${code.text}))`);
    else this.#append(this.#escape(method, `(${code.text})`, line));
  }

  #escape(method: Code, value: string, line: number): string {
    this.#use(method, line);
    if (!isBuiltin(method.text)) return `_tt.text((${method.text})(_tt.text(${value})))`;
    const known = this.#escapers.get(method.text);
    const name = known ?? `_tt_escape${this.#escapers.size}`;
    this.#escapers.set(method.text, name);
    return `${name}(${value})`;
  }

  #import({ names, line }: nodes.Import): void {
    this.#flush();
    this.#note(line);
    for (const { module, member, name } of names) {
      this.#names.assign(name);
      this.#ascertain([name]);
      const path = JSON.stringify(module);
      const whole = `_tt.imported(${path}, _tt_names, _tt_more, _tt_imports)`;
      const of = `_tt.member(${whole}, ${JSON.stringify(member)}, ${path})`;
      this.#line(`${name} = ${member === "*" ? whole : of};`);
    }
  }

  #block(node: nodes.Block): void {
    const { block, file } = this.#family.block(node.name) ?? { block: node, file: this.#file };
    this.#within(file, node.line, () => this.#body(block.body));
  }

  #include(node: nodes.Include): void {
    const includes = this.#includes;
    const included = this.#family.include(node, this.#file, includes);
    this.#includes = [...includes, included];
    this.#within(included, node.line, () => this.#body(included.body));
    this.#includes = includes;
  }

  /** Writes what another file has, brought in by a line of this one. */
  #within(file: nodes.TemplateFile, line: number, body: () => void): void {
    const outer = this.#file;
    this.#via.push({ file: outer.name, line });
    this.#file = file;
    body();
    this.#file = outer;
    this.#via.pop();
  }

  /** A function of its own in Tornado: what it assigns, it keeps. */
  #apply({ method, body, line }: nodes.Apply): void {
    const out = this.#unique("out");
    const outer = { out: this.#out, loops: this.#loops, lines: this.#lines };
    this.#flush();
    this.#line(`let ${out} = "";`);
    const lines: string[] = [];
    this.#out = out;
    this.#loops = [];
    this.#lines = lines;
    const assigned = this.#names.assignedIn(() => this.#nested("{", () => this.#body(body)));
    this.#out = outer.out;
    this.#loops = outer.loops;
    this.#lines = outer.lines;
    this.#copied(assigned, lines);
    this.#note(line);
    this.#use(method, line);
    if (this.#tries > 0) this.#flush();
    this.#append(`_tt.text((${method.text})(${out}))`);
  }

  /** Lines that have copies of these variables. */
  #copied(names: readonly string[], lines: readonly string[]): void {
    if (names.length === 0) {
      this.#lines.push(...lines);
      return;
    }
    const copies = names.map((name) => ({ name, copy: this.#unique("copy") }));
    this.#line(`{ const ${copies.map(({ name, copy }) => `${copy} = ${name}`).join(", ")};`);
    this.#line(`{ let ${copies.map(({ name, copy }) => `${name} = ${copy}`).join(", ")};`);
    this.#lines.push(...lines);
    this.#line("} }");
  }

  #conditional({ branches, otherwise }: nodes.Conditional): void {
    this.#flush();
    branches.forEach(({ condition, body, line }, index) => {
      this.#yieldBeforeWait(condition);
      const head = `if (${this.#noted(condition, line, `(${condition.text})`)}) {`;
      // Not `else if`: what is sent before waiting in a condition stands before it.
      this.#nested(head, () => this.#body(body));
      const isLast = index === branches.length - 1;
      if (isLast && otherwise === undefined) return;
      this.#lines.pop();
      this.#line("} else {");
      this.#indent++;
      if (isLast && otherwise !== undefined) this.#body(otherwise);
      this.#flush();
    });
    const opened = branches.length - 1 + (otherwise === undefined ? 0 : 1);
    for (let count = 0; count < opened; count++) {
      this.#indent--;
      this.#line("}");
    }
    this.#at = -1;
  }

  #loop(node: nodes.Loop): void {
    const { head, body, otherwise, line } = node;
    const label = otherwise === undefined ? undefined : this.#unique("loop");
    const { local, assigned } = "kind" in head ? head : { local: [], assigned: [] };
    this.#flush();
    if (label !== undefined) {
      this.#line(`${label}: {`);
      this.#indent++;
    }
    const opening = "kind" in head ? this.#forHead(head, line) : this.#whileHead(head, line);
    const seam = this.#tries === 0 ? seamOf(this.#family, body) : undefined;
    const between = this.#unique("between");
    if (seam !== undefined) this.#line(`let ${between} = ${seam.before};`);
    this.#loops.push(label);
    this.#names.within(local, assigned, () =>
      this.#nested(opening, () => {
        if (seam !== undefined) this.#pending.push(between);
        this.#body(seam?.rest ?? body);
        if (seam !== undefined) this.#set(between, seam.between);
        this.#yieldWhenFull();
        // The next value may fail to come.
        this.#note(line);
      }),
    );
    this.#loops.pop();
    if (seam !== undefined) {
      this.#line(`if (${between} !== ${seam.before}) ${this.#out} += ${seam.after};`);
    }
    if (label === undefined || otherwise === undefined) return;
    this.#body(otherwise);
    this.#flush();
    this.#indent--;
    this.#line("}");
    this.#at = -1;
  }

  #set(name: string, value: string): void {
    this.#flush();
    this.#line(`${name} = ${value};`);
  }

  #whileHead(condition: Code, line: number): string {
    this.#yieldBeforeWait(condition);
    return `while (${this.#noted(condition, line, `(${condition.text})`)}) {`;
  }

  #forHead(head: Exclude<nodes.Loop["head"], Code>, line: number): string {
    const { kind, awaits, assigned, local, target, values } = head;
    for (const name of assigned) this.#names.assign(name);
    this.#yieldBeforeWait({ ...values, awaits: awaits || values.awaits });
    if (awaits) this.#awaits ??= { file: this.#file.name, line };
    const word = awaits ? "for await" : "for";
    if (head.counting) {
      this.#note(line);
      this.#names.within(local, [], () => this.#use(values, line, `for (${values.text}\n) {}`));
      return `for (${values.text}) {`;
    }
    if (kind === "javascript") {
      const check = `${word} (${target} (${values.text}\n)) {}`;
      this.#use(values, line, check);
      return `${word} (${target} (_tt_at = ${this.#place(line)}, (${values.text}))) {`;
    }
    const list = `_tt.${kind}((${values.text}))`;
    return `${word} (${target} ${this.#noted(values, line, list)}) {`;
  }

  #attempt({ body, handlers, otherwise, last }: nodes.Attempt): void {
    const done = otherwise === undefined ? undefined : this.#unique("done");
    this.#flush();
    if (done !== undefined) this.#line(`let ${done} = false;`);
    const inner = () => {
      if (handlers.length === 0) {
        this.#body(body);
        return;
      }
      this.#nested("try {", () => {
        this.#tries++;
        this.#body(body);
        this.#flush();
        if (done !== undefined) this.#line(`${done} = true;`);
        this.#tries--;
      });
      this.#handlers(handlers);
      if (otherwise !== undefined) this.#nested(`if (${done}) {`, () => this.#body(otherwise));
    };
    if (last === undefined) {
      inner();
      return;
    }
    this.#tries++;
    this.#nested("try {", inner, "} finally {");
    this.#tries--;
    this.#indent++;
    this.#body(last);
    this.#flush();
    this.#indent--;
    this.#line("}");
    this.#at = -1;
  }

  /** The exception clauses, after the `}` of `try`. */
  #handlers(handlers: readonly nodes.Handler[]): void {
    const error = this.#unique("error");
    this.#lines.pop();
    this.#line(`} catch (${error}) {`);
    this.#indent++;
    for (const [index, handler] of handlers.entries()) this.#handler(handler, index, error);
    if (handlers.at(-1)?.classes !== undefined) this.#line(`else throw ${error};`);
    this.#indent--;
    this.#line("}");
  }

  #handler({ classes, name, body, line }: nodes.Handler, index: number, error: string): void {
    const word = index === 0 ? "" : "else ";
    let head = `${word}{`;
    if (classes !== undefined) {
      const list = `_tt.matches(${error}, [${classes.text}])`;
      this.#use(classes, line, `[${classes.text}\n];`);
      head = `${word}if ((_tt_at = ${this.#place(line)}, ${list})) {`;
    }
    this.#names.within(name === undefined ? [] : [name], [], () =>
      this.#nested(head, () => {
        if (name !== undefined) this.#line(`let ${name} = ${error};`);
        this.#body(body);
      }),
    );
  }

  #jump({ kind, line }: nodes.Jump): void {
    this.#flush();
    if (this.#loops.length === 0) {
      throw new ParseError(`${kind} outside for, while block`, this.#file.name, line);
    }
    const label = kind === "break" ? this.#loops.at(-1) : undefined;
    this.#line(label === undefined ? `${kind};` : `${kind} ${label};`);
  }
}
