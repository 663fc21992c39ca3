/**
 * The names of a template while its code is written: which are to be looked up, which it gives
 * values itself, and which it has to be passed. Kept by code-writer.ts.
 */
import { isBuiltin } from "./builtins.ts";
import type { Code } from "./code.ts";
import type { TemplateFile } from "./nodes.ts";

/** Names that a template is passed, for its TypeScript type. */
export interface PassedNames {
  readonly required: readonly string[];
  /** Those that the template may also give a value before it reads them. */
  readonly optional: readonly string[];
}

export class NameTable {
  /** Whatever may be a variable. */
  readonly #mentioned = new Set<string>();
  readonly #passed = new Set<string>();
  /** Variables of loops and exception clauses that the writer is in. */
  readonly #locals: string[] = [];
  /** Variables of the function that have a value in loops that the writer is in. */
  readonly #valued: string[] = [];
  /** Names that have a value by now, whichever way the function took. */
  readonly #certain = new Set<string>();
  /** What the template's function assigns, then what each `apply` around the writer does. */
  readonly #assigned: Set<string>[] = [new Set()];

  /** The names of an expression. Answers those that are read and not the template's own. */
  use(code: Code, { declaredNames }: TemplateFile): string[] {
    for (const name of code.names) this.#mentioned.add(name);
    const isOwn = (name: string) => this.#locals.includes(name) || this.#valued.includes(name);
    const free = [...code.free].filter((name) => !isOwn(name));
    for (const name of free) {
      if (declaredNames === undefined && !this.#certain.has(name)) this.#passed.add(name);
    }
    for (const name of code.assigned) if (!this.#locals.includes(name)) this.assign(name);
    return free;
  }

  /** A variable of the innermost function; those around it have one of that name too. */
  assign(name: string): void {
    this.#mentioned.add(name);
    for (const names of this.#assigned) names.add(name);
  }

  /** From here on these have values. */
  ascertain(names: Iterable<string>): void {
    for (const name of names) this.#certain.add(name);
  }

  /**
   * Variables that have a value while `body` is written: `local` ones of what is written, and `own`
   * ones of the function.
   */
  within(local: readonly string[], own: readonly string[], body: () => void): void {
    const before = [this.#locals.length, this.#valued.length] as const;
    this.#locals.push(...local);
    this.#valued.push(...own);
    body();
    [this.#locals.length, this.#valued.length] = before;
  }

  /** What is assigned while `body` is written. */
  assignedIn(body: () => void): string[] {
    const names = new Set<string>();
    this.#assigned.push(names);
    body();
    this.#assigned.pop();
    return [...names];
  }

  /** Variables that always exist: with a value that is passed, that is always there, or with none. */
  get certain(): string[] {
    const builtins = [...this.#mentioned].filter(isBuiltin);
    return [...new Set([...this.#allAssigned, ...builtins])];
  }

  /** Variables that exist if they are passed. */
  get uncertain(): string[] {
    const names = this.#allAssigned;
    return [...this.#mentioned].filter((name) => !names.has(name) && !isBuiltin(name));
  }

  get passed(): PassedNames {
    const names = [...this.#passed].filter((name) => !isBuiltin(name)).sort();
    return {
      required: names.filter((name) => !this.#allAssigned.has(name)),
      optional: names.filter((name) => this.#allAssigned.has(name)),
    };
  }

  get #allAssigned(): ReadonlySet<string> {
    return this.#assigned[0] ?? new Set();
  }
}
