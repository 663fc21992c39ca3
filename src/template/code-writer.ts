/**
 * Turns the nodes of a template and of what it extends and includes into one JavaScript function,
 * which appends to one string. Called by template.ts, which compiles it, and by precompile.ts, which
 * writes it to a file.
 */
import { isBuiltin } from "./builtins.ts";
import type { Code } from "./code.ts";
import { CodeLines, type GeneratedCode } from "./code-lines.ts";
import type { Mode } from "./function-text.ts";
import type { Family } from "./inheritance.ts";
import type * as nodes from "./nodes.ts";
import { ParseError } from "./parse-error.ts";
import { seamOf } from "./seam.ts";

/** Writes the function of a template. */
export function generateCode(family: Family, mode: Mode): GeneratedCode {
  return new CodeWriter(family, mode).write();
}

class CodeWriter extends CodeLines {
  readonly #family: Family;
  /** The current file and those that include it. */
  #includes: readonly nodes.TemplateFile[];
  /** Where `break` goes, loop by loop, if the loop has an `else` that it must not run. */
  #loops: (string | undefined)[] = [];
  #tries = 0;

  constructor(family: Family, mode: Mode) {
    super(mode, family.root);
    this.#family = family;
    this.#includes = [family.root];
  }

  write(): GeneratedCode {
    this.place(0);
    this.#body(this.file.body);
    return this.finished();
  }

  // The nodes

  #body(list: readonly nodes.Node[]): void {
    for (const node of list) this.#node(node);
  }

  #node(node: nodes.Node): void {
    switch (node.kind) {
      case "text":
        this.pending.push(JSON.stringify(node.value));
        break;
      case "expression":
        this.#expression(node);
        break;
      case "set":
        this.flush();
        this.note(node.line);
        this.yieldBeforeWait(node.code);
        this.use(node.code, node.line);
        this.line(`(${node.code.text});`);
        this.ascertain(node.code.assigned);
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
    this.note(line);
    // What was appended before something failed stays, as it does in Tornado.
    if (this.#tries > 0) this.flush();
    this.yieldBeforeWait(code);
    this.use(code, line);
    const method = raw ? undefined : this.file.autoescape;
    if (method === undefined) this.append(`_tt.text((${code.text}))`);
    else this.append(this.#escape(method, `(${code.text})`, line));
  }

  #escape(method: Code, value: string, line: number): string {
    this.use(method, line);
    if (!isBuiltin(method.text)) return `_tt.text((${method.text})(_tt.text(${value})))`;
    return `${this.escaper(method.text)}(${value})`;
  }

  #import({ names, line }: nodes.Import): void {
    this.flush();
    this.note(line);
    for (const { module, member, name } of names) {
      this.names.assign(name);
      this.ascertain([name]);
      const path = JSON.stringify(module);
      const whole = `_tt.imported(${path}, _tt_names, _tt_more, _tt_imports)`;
      const of = `_tt.member(${whole}, ${JSON.stringify(member)}, ${path})`;
      this.line(`${name} = ${member === "*" ? whole : of};`);
    }
  }

  #block(node: nodes.Block): void {
    const { block, file } = this.#family.block(node.name) ?? { block: node, file: this.file };
    this.#within(file, node.line, () => this.#body(block.body));
  }

  #include(node: nodes.Include): void {
    const includes = this.#includes;
    const included = this.#family.include(node, this.file, includes);
    this.#includes = [...includes, included];
    this.#within(included, node.line, () => this.#body(included.body));
    this.#includes = includes;
  }

  /** Writes what another file has, brought in by a line of this one. */
  #within(file: nodes.TemplateFile, line: number, body: () => void): void {
    const outer = this.file;
    this.via.push({ file: outer.name, line });
    this.file = file;
    body();
    this.file = outer;
    this.via.pop();
  }

  /** A function of its own in Tornado: what it assigns, it keeps. */
  #apply({ method, body, line }: nodes.Apply): void {
    const out = this.unique("out");
    const outer = { out: this.out, loops: this.#loops, lines: this.lines };
    this.flush();
    this.line(`let ${out} = "";`);
    const lines: string[] = [];
    this.out = out;
    this.#loops = [];
    this.lines = lines;
    const assigned = this.names.assignedIn(() => this.nested("{", () => this.#body(body)));
    this.out = outer.out;
    this.#loops = outer.loops;
    this.lines = outer.lines;
    this.#copied(assigned, lines);
    this.note(line);
    this.use(method, line);
    if (this.#tries > 0) this.flush();
    this.append(`_tt.text((${method.text})(${out}))`);
  }

  /** Lines that have copies of these variables. */
  #copied(names: readonly string[], lines: readonly string[]): void {
    if (names.length === 0) {
      this.lines.push(...lines);
      return;
    }
    const copies = names.map((name) => ({ name, copy: this.unique("copy") }));
    this.line(`{ const ${copies.map(({ name, copy }) => `${copy} = ${name}`).join(", ")};`);
    this.line(`{ let ${copies.map(({ name, copy }) => `${name} = ${copy}`).join(", ")};`);
    this.lines.push(...lines);
    this.line("} }");
  }

  #conditional({ branches, otherwise }: nodes.Conditional): void {
    this.flush();
    branches.forEach(({ condition, body, line }, index) => {
      this.yieldBeforeWait(condition);
      const head = `if (${this.noted(condition, line, `(${condition.text})`)}) {`;
      // Not `else if`: what is sent before waiting in a condition stands before it.
      this.nested(head, () => this.#body(body));
      const isLast = index === branches.length - 1;
      if (isLast && otherwise === undefined) return;
      this.lines.pop();
      this.line("} else {");
      this.indent++;
      if (isLast && otherwise !== undefined) this.#body(otherwise);
      this.flush();
    });
    const opened = branches.length - 1 + (otherwise === undefined ? 0 : 1);
    for (let count = 0; count < opened; count++) {
      this.indent--;
      this.line("}");
    }
    this.at = -1;
  }

  #loop(node: nodes.Loop): void {
    const { head, body, otherwise, line } = node;
    const label = otherwise === undefined ? undefined : this.unique("loop");
    const { local, assigned } = "kind" in head ? head : { local: [], assigned: [] };
    this.flush();
    if (label !== undefined) {
      this.line(`${label}: {`);
      this.indent++;
    }
    const opening = "kind" in head ? this.#forHead(head, line) : this.#whileHead(head, line);
    const seam = this.#tries === 0 ? seamOf(this.#family, body) : undefined;
    const between = this.unique("between");
    if (seam !== undefined) this.line(`let ${between} = ${seam.before};`);
    this.#loops.push(label);
    this.names.within(local, assigned, () =>
      this.nested(opening, () => {
        if (seam !== undefined) this.pending.push(between);
        this.#body(seam?.rest ?? body);
        if (seam !== undefined) this.#set(between, seam.between);
        this.yieldWhenFull();
        // The next value may fail to come.
        this.note(line);
      }),
    );
    this.#loops.pop();
    if (seam !== undefined) {
      this.line(`if (${between} !== ${seam.before}) ${this.out} += ${seam.after};`);
    }
    if (label === undefined || otherwise === undefined) return;
    this.#body(otherwise);
    this.flush();
    this.indent--;
    this.line("}");
    this.at = -1;
  }

  #set(name: string, value: string): void {
    this.flush();
    this.line(`${name} = ${value};`);
  }

  #whileHead(condition: Code, line: number): string {
    this.yieldBeforeWait(condition);
    return `while (${this.noted(condition, line, `(${condition.text})`)}) {`;
  }

  #forHead(head: Exclude<nodes.Loop["head"], Code>, line: number): string {
    const { source, kind, awaits, assigned, local, target, values } = head;
    for (const name of assigned) this.names.assign(name);
    this.yieldBeforeWait({ ...values, awaits: awaits || values.awaits });
    if (awaits) this.awaits ??= { file: this.file.name, line };
    const word = awaits ? "for await" : "for";
    if (head.counting) {
      this.note(line);
      this.names.within(local, [], () => this.use(values, line, `for (${values.text}\n) {}`));
      return `for (${values.text}) {`;
    }
    this.use({ ...values, source }, line, `${word} (${target} (${values.text}\n)) {}`);
    const list = kind === "javascript" ? `(${values.text})` : `_tt.${kind}((${values.text}))`;
    return `${word} (${target} (_tt_at = ${this.place(line)}, ${list})) {`;
  }

  #attempt({ body, handlers, otherwise, last }: nodes.Attempt): void {
    const done = otherwise === undefined ? undefined : this.unique("done");
    this.flush();
    if (done !== undefined) this.line(`let ${done} = false;`);
    const inner = () => {
      if (handlers.length === 0) {
        this.#body(body);
        return;
      }
      this.nested("try {", () => {
        this.#tries++;
        this.#body(body);
        this.flush();
        if (done !== undefined) this.line(`${done} = true;`);
        this.#tries--;
      });
      this.#handlers(handlers);
      if (otherwise !== undefined) this.nested(`if (${done}) {`, () => this.#body(otherwise));
    };
    if (last === undefined) {
      inner();
      return;
    }
    this.#tries++;
    this.nested("try {", inner, "} finally {");
    this.#tries--;
    this.indent++;
    this.#body(last);
    this.flush();
    this.indent--;
    this.line("}");
    this.at = -1;
  }

  /** The exception clauses, after the `}` of `try`. */
  #handlers(handlers: readonly nodes.Handler[]): void {
    const error = this.unique("error");
    this.lines.pop();
    this.line(`} catch (${error}) {`);
    this.indent++;
    for (const [index, handler] of handlers.entries()) this.#handler(handler, index, error);
    if (handlers.at(-1)?.classes !== undefined) this.line(`else throw ${error};`);
    this.indent--;
    this.line("}");
  }

  #handler({ classes, name, body, line }: nodes.Handler, index: number, error: string): void {
    const word = index === 0 ? "" : "else ";
    let head = `${word}{`;
    if (classes !== undefined) {
      const list = `_tt.matches(${error}, [${classes.text}])`;
      this.use(classes, line, `[${classes.text}\n];`);
      head = `${word}if ((_tt_at = ${this.place(line)}, ${list})) {`;
    }
    this.names.within(name === undefined ? [] : [name], [], () =>
      this.nested(head, () => {
        if (name !== undefined) this.line(`let ${name} = ${error};`);
        this.#body(body);
      }),
    );
  }

  #jump({ kind, line }: nodes.Jump): void {
    this.flush();
    if (this.#loops.length === 0) {
      throw new ParseError(`${kind} outside for, while block`, this.file.name, line);
    }
    const label = kind === "break" ? this.#loops.at(-1) : undefined;
    this.line(label === undefined ? `${kind};` : `${kind} ${label};`);
  }
}
