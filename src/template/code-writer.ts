/**
 * Turns the nodes of a template and of what it extends and includes into one JavaScript function.
 * Called by template.ts, which compiles it, and by precompile.ts, which writes it to a file.
 *
 * The function appends to one string. Names are looked up once, at its start, and are variables
 * from there on. A name that was not passed is a variable that is declared and never reached:
 * whoever reads it gets a ReferenceError, and no global variable of that name is ever seen. A
 * switch whose `default` holds the declaration, and which is entered behind it, does that.
 */
import { builtins } from "./builtins.ts";
import type { Code } from "./code.ts";
import { type CodeMap, FUNCTION_NAME } from "./failure.ts";
import type { Family } from "./inheritance.ts";
import { isInherited } from "./names.ts";
import type * as nodes from "./nodes.ts";
import { ParseError } from "./parse-error.ts";

/** `stream` is a generator, which yields what there is before it waits and when there is enough. */
export type Mode = "sync" | "async" | "stream";

/** A piece of the template's own code, by which a syntax error is found again. */
export interface Fragment {
  /** JavaScript that is well formed if and only if the piece is. */
  readonly check: string;
  readonly source: string;
  readonly filename: string;
  readonly lineno: number;
}

/** A generated function and what is known about it. */
export interface GeneratedCode {
  /** A function expression. Its free variables are `_tt`, the runtime, and `_tt_map`. */
  readonly text: string;
  readonly map: CodeMap;
  readonly fragments: readonly Fragment[];
  /** It was not written for waiting, but has to wait: where. */
  readonly awaits: { readonly filename: string; readonly lineno: number } | undefined;
  /** Names that have to be passed. */
  readonly required: readonly string[];
  /** Names that may be passed, since the template also gives them values. */
  readonly optional: readonly string[];
}

/** Variables of one function of Tornado's: the template, or an `apply` block in it. */
interface Scope {
  readonly assigned: Set<string>;
  readonly out: string;
}

interface LoopState {
  /** Where `break` goes that must not run the loop's `else`. */
  readonly label: string | undefined;
}

/** Writes the function of a template. */
export function generateCode(family: Family, mode: Mode): GeneratedCode {
  return new CodeWriter(family, mode).write();
}

class CodeWriter {
  readonly #family: Family;
  readonly #mode: Mode;
  #lines: string[] = [];
  #indent = 3;
  #counter = 0;
  /** Pieces of the next statement that appends. */
  #pending: string[] = [];
  /** One of them is an expression, which may fail. */
  #mayFail = false;
  /** The place that the function has noted when it gets here; -1 if that depends on its way. */
  #at = -1;

  #file: nodes.TemplateFile;
  /** The files that the current one was brought in by, outermost first. */
  readonly #via: { readonly file: nodes.TemplateFile; readonly line: number }[] = [];
  #includes: readonly nodes.TemplateFile[];
  readonly #scopes: Scope[] = [{ assigned: new Set(), out: "_tt_out" }];
  #loops: LoopState[] = [];
  #tries = 0;

  readonly #files: string[] = [];
  readonly #places: number[][] = [];
  readonly #placeIndices = new Map<string, number>();
  /** Names that are looked up, by place. */
  readonly #uses: Set<string>[] = [];
  readonly #fragments: Fragment[] = [];
  readonly #names = new Set<string>();
  readonly #free = new Set<string>();
  /** Variables of loops and exception clauses, by how many of them the writer is in. */
  readonly #locals = new Map<string, number>();
  readonly #escapers = new Map<string, string>();
  #awaits: { filename: string; lineno: number } | undefined;

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
    this.#line(this.#mode === "stream" ? 'if (_tt_out !== "") yield _tt_out;' : "return _tt_out;");
    const assigned = this.#scopes[0]?.assigned ?? new Set<string>();
    const checked = [...this.#names].filter((name) => !assigned.has(name) && !isBuiltin(name));
    const given = [...this.#free].filter((name) => !isBuiltin(name)).sort();
    return {
      text: this.#wrap(assigned, checked),
      map: {
        files: this.#files,
        places: this.#places,
        names: checked,
        uses: this.#uses.map((names) =>
          checked.flatMap((name, index) => (names.has(name) ? index : [])),
        ),
      },
      fragments: this.#fragments,
      awaits: this.#awaits,
      required: given.filter((name) => !assigned.has(name)),
      optional: given.filter((name) => assigned.has(name)),
    };
  }

  #wrap(assigned: ReadonlySet<string>, checked: readonly string[]): string {
    const kind = { sync: "function", async: "async function", stream: "async function*" }[
      this.#mode
    ];
    const certain = new Set([...assigned, ...[...this.#names].filter(isBuiltin)]);
    const variables = Array.from(certain, (name) => {
      const holder = holderOf(name);
      const builtin = isBuiltin(name) ? `_tt.builtins.${name}` : "undefined";
      return `    let ${name} = (_tt_from = ${holder}) === undefined ? ${builtin} : _tt_from.${name};`;
    });
    const escapers = Array.from(
      this.#escapers,
      ([method, name]) => `    const ${name} = _tt.escaper(${method});`,
    );
    const switches = checked.map((name) => {
      const declaration = `default: let ${name} = _tt_from.${name};`;
      return `    switch (_tt_from = ${holderOf(name)}) { ${declaration} case undefined:`;
    });
    return [
      `${kind} ${FUNCTION_NAME}(_tt_names, _tt_more, _tt_imports, _tt_limit) {`,
      "  let _tt_at = 0;",
      "  try {",
      '    let _tt_out = "", _tt_from;',
      ...variables,
      ...escapers,
      ...switches,
      "    {",
      ...this.#lines,
      `    }${" }".repeat(switches.length)}`,
      "  } catch (_tt_error) {",
      "    throw _tt.failed(_tt_error, _tt_at, _tt_map, [_tt_names, _tt_more]);",
      "  }",
      "}",
    ].join("\n");
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

  get #scope(): Scope {
    return this.#scopes.at(-1) as Scope;
  }

  /** Writes the statement that appends what is pending. */
  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#line(`${this.#scope.out} += ${this.#pending.join(" + ")};`);
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
    if (!awaits || this.#mode !== "stream" || this.#scopes.length > 1) return;
    this.#flush();
    this.#line('if (_tt_out !== "") { yield _tt_out; _tt_out = ""; }');
  }

  #yieldWhenFull(): void {
    if (this.#mode !== "stream" || this.#scopes.length > 1) return;
    this.#flush();
    this.#line('if (_tt_out.length >= _tt_limit) { yield _tt_out; _tt_out = ""; }');
  }

  #unique(name: string): string {
    return `_tt_${name}${++this.#counter}`;
  }

  // Where it is

  /** The index of a line of the current file, with what brought the file in. */
  #place(line: number): number {
    const numbers = [this.#fileIndex(this.#file), line];
    for (const { file, line: from } of [...this.#via].reverse()) {
      numbers.push(this.#fileIndex(file), from);
    }
    const key = numbers.join();
    const known = this.#placeIndices.get(key);
    if (known !== undefined) return known;
    this.#placeIndices.set(key, this.#places.length);
    this.#uses.push(new Set());
    return this.#places.push(numbers) - 1;
  }

  #fileIndex({ name }: nodes.TemplateFile): number {
    const known = this.#files.indexOf(name);
    return known < 0 ? this.#files.push(name) - 1 : known;
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
    const { name: filename } = this.#file;
    for (const name of code.names) this.#names.add(name);
    const uses = this.#uses[this.#place(line)];
    for (const name of [...code.free].filter((one) => !this.#locals.get(one))) {
      this.#free.add(name);
      uses?.add(name);
    }
    for (const name of code.assigned) if (!this.#locals.get(name)) this.#assign(name);
    if (code.awaits) this.#awaits ??= { filename, lineno: line };
    this.#fragments.push({ check, source: code.source, filename, lineno: line });
  }

  /** A variable of the innermost function; those around it have one of that name too. */
  #assign(name: string): void {
    for (const { assigned } of this.#scopes) assigned.add(name);
  }

  #withLocals(names: readonly string[], body: () => void): void {
    for (const name of names) this.#locals.set(name, (this.#locals.get(name) ?? 0) + 1);
    body();
    for (const name of names) this.#locals.set(name, (this.#locals.get(name) ?? 0) - 1);
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
      this.#names.add(name);
      this.#assign(name);
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
    this.#via.push({ file: outer, line });
    this.#file = file;
    body();
    this.#file = outer;
    this.#via.pop();
  }

  /** A function of its own in Tornado: what it assigns, it keeps. */
  #apply({ method, body, line }: nodes.Apply): void {
    const out = this.#unique("out");
    const scope = { assigned: new Set<string>(), out };
    const loops = this.#loops;
    this.#flush();
    this.#line(`let ${out} = "";`);
    const outerLines = this.#lines;
    this.#lines = [];
    this.#scopes.push(scope);
    this.#loops = [];
    this.#nested("{", () => this.#body(body));
    this.#loops = loops;
    this.#scopes.pop();
    const inner = this.#lines;
    this.#lines = outerLines;
    this.#copied([...scope.assigned], inner);
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
    const local = "kind" in head ? head.local : [];
    this.#flush();
    if (label !== undefined) {
      this.#line(`${label}: {`);
      this.#indent++;
    }
    const opening = "kind" in head ? this.#forHead(head, line) : this.#whileHead(head, line);
    this.#loops.push({ label });
    this.#withLocals(local, () =>
      this.#nested(opening, () => {
        this.#body(body);
        this.#yieldWhenFull();
        // The next value may fail to come.
        this.#note(line);
      }),
    );
    this.#loops.pop();
    if (label === undefined || otherwise === undefined) return;
    this.#body(otherwise);
    this.#flush();
    this.#indent--;
    this.#line("}");
    this.#at = -1;
  }

  #whileHead(condition: Code, line: number): string {
    this.#yieldBeforeWait(condition);
    return `while (${this.#noted(condition, line, `(${condition.text})`)}) {`;
  }

  #forHead(head: Exclude<nodes.Loop["head"], Code>, line: number): string {
    const { kind, awaits, assigned, local, target, values } = head;
    for (const name of assigned) {
      this.#names.add(name);
      this.#assign(name);
    }
    this.#yieldBeforeWait({ ...values, awaits: awaits || values.awaits });
    if (awaits) this.#awaits ??= { filename: this.#file.name, lineno: line };
    const word = awaits ? "for await" : "for";
    if (head.counting) {
      this.#note(line);
      this.#withLocals(local, () => this.#use(values, line, `for (${values.text}\n) {}`));
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
    this.#withLocals(name === undefined ? [] : [name], () =>
      this.#nested(head, () => {
        if (name !== undefined) this.#line(`let ${name} = ${error};`);
        this.#body(body);
      }),
    );
  }

  #jump({ kind, line }: nodes.Jump): void {
    this.#flush();
    const loop = this.#loops.at(-1);
    if (loop === undefined) {
      throw new ParseError(`${kind} outside for, while block`, this.#file.name, line);
    }
    const label = kind === "break" && loop.label !== undefined ? ` ${loop.label}` : "";
    this.#line(`${kind}${label};`);
  }
}

function isBuiltin(name: string): boolean {
  return Object.hasOwn(builtins, name);
}

/** Code for the object that has the name. */
function holderOf(name: string): string {
  const test = (names: string) =>
    isInherited(name) ? `_tt.has(${names}, "${name}")` : `"${name}" in ${names}`;
  return `${test("_tt_names")} ? _tt_names : ${test("_tt_more")} ? _tt_more : undefined`;
}
