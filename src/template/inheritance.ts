/**
 * Joins a template with the files that it extends and includes: which file's text is rendered, and
 * which block stands for each name. Called by template.ts; code-writer.ts asks it for blocks.
 */
import { type Block, bodiesOf, type FileReference, type Node, type TemplateFile } from "./nodes.ts";
import { ParseError } from "./parse-error.ts";

/** Finds the file that another one names; `undefined` without a loader. */
export type FindFile = ((path: string, from: string) => TemplateFile) | undefined;

/** A block, and the file that it is written in: its escape function and its lines are that file's. */
export interface PlacedBlock {
  readonly block: Block;
  readonly file: TemplateFile;
}

/** A template with everything that belongs to it. */
export class Family {
  /** The file whose text is rendered: the one at the end of the chain of `extends`. */
  readonly root: TemplateFile;
  /** What `{# @names … #}` of any of the files say. */
  readonly declaredNames: readonly string[];
  readonly #declared = new Set<string>();
  readonly #blocks = new Map<string, PlacedBlock>();
  readonly #find: FindFile;

  constructor(file: TemplateFile, find: FindFile) {
    this.#find = find;
    const chain = [file];
    for (let last = file; last.parent !== undefined; ) {
      last = this.find("extends", last.parent, last);
      if (chain.some(({ name }) => name === last.name)) throw circle("extends", chain, last);
      chain.push(last);
    }
    this.root = chain.at(-1) ?? file;
    // Those of the root first, so that children replace them.
    for (const one of chain.reverse()) this.#collect(one.body, one, [one]);
    this.declaredNames = [...this.#declared];
  }

  block(name: string): PlacedBlock | undefined {
    return this.#blocks.get(name);
  }

  /** The file that a directive names. Throws ParseError if it cannot be had. */
  find(operator: string, { path, line }: FileReference, from: TemplateFile): TemplateFile {
    if (this.#find === undefined) {
      throw new ParseError(
        `{% ${operator} %} block found, but no template loader`,
        from.name,
        line,
      );
    }
    try {
      return this.#find(path, from.name);
    } catch (error) {
      if (error instanceof ParseError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      const options = { cause: error };
      throw new ParseError(`${operator} "${path}" failed: ${why}`, from.name, line, options);
    }
  }

  /** The file of an include directive, which must not be one that it stands in. */
  include(node: FileReference, from: TemplateFile, stack: readonly TemplateFile[]): TemplateFile {
    const included = this.find("include", node, from);
    if (stack.some(({ name }) => name === included.name)) throw circle("includes", stack, included);
    if (included.parent !== undefined) {
      const reason = `include "${node.path}" failed: it extends "${included.parent.path}"`;
      throw new ParseError(`${reason}, expected a file that does not`, from.name, node.line);
    }
    return included;
  }

  #collect(nodes: readonly Node[], file: TemplateFile, stack: readonly TemplateFile[]): void {
    if (file.declaredNames !== undefined) this.#declared.add(file.declaredNames);
    for (const node of nodes) {
      if (node.kind === "block") this.#blocks.set(node.name, { block: node, file });
      if (node.kind === "include") {
        const included = this.include(node, file, stack);
        this.#collect(included.body, included, [...stack, included]);
      }
      for (const body of bodiesOf(node)) this.#collect(body, file, stack);
    }
  }
}

function circle(verb: string, chain: readonly TemplateFile[], last: TemplateFile): ParseError {
  const from = chain.at(-1);
  const way = [...chain, last].map(({ name }) => name).join(" → ");
  const line = from?.parent?.line ?? 1;
  return new ParseError(`"${last.name}" ${verb} itself: ${way}`, from?.name ?? last.name, line);
}
