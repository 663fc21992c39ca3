/**
 * The statements of a template's function as they are written: their text, the string that they
 * append to, and the lines of the template that they come from. The lower half of code-writer.ts,
 * which knows the nodes.
 */
import type { Code } from "./code.ts";
import type { CodeMap } from "./failure.ts";
import { functionText, type Mode } from "./function-text.ts";
import { NameTable, type PassedNames } from "./name-table.ts";
import type { TemplateFile } from "./nodes.ts";
import { type FileLine, PlaceTable } from "./place-table.ts";

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

/** How far the statements of the function are indented. */
const INDENT = 3;

/** Statements, and what is known of them. */
export abstract class CodeLines {
  readonly #mode: Mode;
  protected lines: string[] = [];
  protected indent: number = INDENT;
  #counter = 0;
  /** Pieces of the next statement that appends. */
  protected pending: string[] = [];
  /** One of them is an expression, which may fail. */
  #mayFail = false;
  /** The place that the function has noted when it gets here; -1 if that depends on its way. */
  protected at = -1;
  /** The file that is being written. */
  protected file: TemplateFile;
  /** The lines that brought it in, outermost first. */
  protected readonly via: FileLine[] = [];
  /** The string that is appended to: the function's, and in `apply` one of its own. */
  protected out = "_tt_out";
  protected readonly names: NameTable = new NameTable();
  protected awaits: FileLine | undefined;
  readonly #escapers = new Map<string, string>();
  readonly #places = new PlaceTable();
  readonly #fragments: Fragment[] = [];

  constructor(mode: Mode, root: TemplateFile) {
    this.#mode = mode;
    this.file = root;
  }

  /** The function around what has been written. */
  protected finished(): GeneratedCode {
    this.flush();
    const { certain, uncertain, passed } = this.names;
    const escapers = this.#escapers;
    const text = functionText({
      mode: this.#mode,
      certain,
      uncertain,
      escapers,
      lines: this.lines,
    });
    const map = this.#places.map(uncertain);
    return { text, map, fragments: this.#fragments, awaits: this.awaits, passed };
  }

  /** The variable that holds a function that escapes. */
  protected escaper(method: string): string {
    const name = this.#escapers.get(method) ?? `_tt_escape${this.#escapers.size}`;
    this.#escapers.set(method, name);
    return name;
  }

  // What is written

  protected line(text: string): void {
    this.lines.push("  ".repeat(this.indent) + text);
  }

  /** Writes `head {`, what `body` writes, and `}`. */
  protected nested(head: string, body: () => void, tail = "}"): void {
    this.flush();
    this.line(head);
    this.indent++;
    this.at = -1;
    body();
    this.flush();
    this.indent--;
    this.at = -1;
    this.line(tail);
  }

  /** Writes the statement that appends what is pending. */
  protected flush(): void {
    if (this.pending.length === 0) return;
    this.line(`${this.out} += ${this.pending.join(" + ")};`);
    this.pending = [];
    this.#mayFail = false;
  }

  /** An expression is appended; text is pushed to what is pending. */
  protected append(piece: string): void {
    this.pending.push(piece);
    this.#mayFail = true;
  }

  /** Sends what there is: to wait is the time for it. Not inside of `apply`. */
  protected yieldBeforeWait({ awaits }: Code): void {
    if (!awaits || this.#mode !== "stream" || this.out !== "_tt_out") return;
    this.flush();
    this.line('if (_tt_out !== "") { yield _tt_out; _tt_out = ""; }');
  }

  protected yieldWhenFull(): void {
    if (this.#mode !== "stream" || this.out !== "_tt_out") return;
    this.flush();
    this.line('if (_tt_out.length >= _tt_limit) { yield _tt_out; _tt_out = ""; }');
  }

  protected unique(name: string): string {
    return `_tt_${name}${++this.#counter}`;
  }

  // Where it is

  /** The number of a line of the current file, with what brought the file in. */
  protected place(line: number): number {
    return this.#places.indexOf({ file: this.file.name, line }, this.via);
  }

  /** Notes the place, if the function has noted another one before. */
  protected note(line: number): void {
    const at = this.place(line);
    if (at === this.at) return;
    if (this.#mayFail) this.flush();
    this.line(`_tt_at = ${at};`);
    this.at = at;
  }

  /** An expression that notes its place itself: in conditions, which run more than once. */
  protected noted(code: Code, line: number, text: string = code.text): string {
    this.use(code, line);
    return `(_tt_at = ${this.place(line)}, ${text})`;
  }

  /** Takes note of what an expression needs. `check` is a statement around its text. */
  protected use(code: Code, line: number, check = `(${code.text}\n);`): void {
    const place = { file: this.file.name, line };
    const index = this.place(line);
    for (const name of this.names.use(code, this.file)) this.#places.addUse(index, name);
    if (code.awaits) this.awaits ??= place;
    this.#fragments.push({ check, source: code.source, place });
  }

  /** Notes that names have values from here on, unless something may lead past this. */
  protected ascertain(names: Iterable<string>): void {
    if (this.indent === INDENT) this.names.ascertain(names);
  }
}
