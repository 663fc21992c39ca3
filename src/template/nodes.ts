/**
 * What a template file consists of. Made by parser.ts, turned into JavaScript by code-writer.ts.
 */
import type { Code } from "./code.ts";
import type { ExceptHead, ImportedName, LoopHead } from "./statements.ts";

/** A file, read but not joined with the files that it extends and includes. */
export interface TemplateFile {
  readonly name: string;
  readonly body: readonly Node[];
  readonly autoescape: Code | undefined;
  readonly parent: FileReference | undefined;
  /** The TypeScript type of its names, from `{# @names … #}`. */
  readonly declaredNames: string | undefined;
}

/** Another file, as `extends` and `include` name it. */
export interface FileReference {
  readonly path: string;
  readonly line: number;
}

export type Node =
  | Text
  | Expression
  | Block
  | Include
  | Apply
  | Conditional
  | Loop
  | Attempt
  | Assignment
  | Import
  | Jump;

export interface Text {
  readonly kind: "text";
  readonly value: string;
}

/** `{{ code }}`, and as raw `{% raw code %}` and `{% module code %}`. */
export interface Expression {
  readonly kind: "expression";
  readonly code: Code;
  readonly raw: boolean;
  readonly line: number;
}

/** `{% block name %}`: replaced by the block of that name of the last file that extends this one. */
export interface Block {
  readonly kind: "block";
  readonly name: string;
  readonly body: readonly Node[];
  readonly line: number;
}

export interface Include extends FileReference {
  readonly kind: "include";
}

export interface Apply {
  readonly kind: "apply";
  readonly method: Code;
  readonly body: readonly Node[];
  readonly line: number;
}

export interface Conditional {
  readonly kind: "if";
  readonly branches: readonly Branch[];
  readonly otherwise: readonly Node[] | undefined;
}

export interface Branch {
  readonly condition: Code;
  readonly body: readonly Node[];
  readonly line: number;
}

/** `for` and `while`. `otherwise` runs unless the loop was left with `break`. */
export interface Loop {
  readonly kind: "loop";
  readonly head: LoopHead | Code;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[] | undefined;
  readonly line: number;
}

export interface Attempt {
  readonly kind: "try";
  readonly body: readonly Node[];
  readonly handlers: readonly Handler[];
  readonly otherwise: readonly Node[] | undefined;
  readonly last: readonly Node[] | undefined;
}

export interface Handler extends ExceptHead {
  readonly body: readonly Node[];
  readonly line: number;
}

export interface Assignment {
  readonly kind: "set";
  readonly code: Code;
  readonly line: number;
}

export interface Import {
  readonly kind: "import";
  readonly names: readonly ImportedName[];
  readonly line: number;
}

export interface Jump {
  readonly kind: "break" | "continue";
  readonly line: number;
}

/** Everything inside a node. */
export function bodiesOf(node: Node): (readonly Node[])[] {
  switch (node.kind) {
    case "block":
    case "apply":
      return [node.body];
    case "if":
      return [...node.branches.map(({ body }) => body), node.otherwise ?? []];
    case "loop":
      return [node.body, node.otherwise ?? []];
    case "try":
      return [
        node.body,
        ...node.handlers.map(({ body }) => body),
        node.otherwise ?? [],
        node.last ?? [],
      ];
    default:
      return [];
  }
}
