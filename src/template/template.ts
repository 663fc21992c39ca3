/**
 * A template from its source: read at once, compiled when it is first needed. loader.ts makes them.
 */
import { toUnicode } from "../escape.ts";
import { pythonHint } from "./code.ts";
import type { Fragment, GeneratedCode } from "./code-lines.ts";
import { generateCode } from "./code-writer.ts";
import { SOURCE_URL } from "./failure.ts";
import type { Mode } from "./function-text.ts";
import { Family } from "./inheritance.ts";
import type { BaseLoader } from "./loader.ts";
import type { TemplateFile } from "./nodes.ts";
import { excerptOf, ParseError } from "./parse-error.ts";
import { parse } from "./parser.ts";
import {
  ALONE,
  CompiledTemplate,
  type RenderFunction,
  type RenderFunctions,
  type Surroundings,
} from "./rendering.ts";
import { runtime } from "./runtime.ts";
import { defaultMode, type WhitespaceMode } from "./whitespace.ts";

/** How a template is read. What is left out is the loader's, if there is one. */
export interface TemplateOptions {
  /** What errors call it, and what `extends` and `include` start from; `<string>` if left out. */
  readonly name?: string;
  /** Finds what the template extends and includes. */
  readonly loader?: BaseLoader;
  /** The function that escapes expressions, by name; false for none; xhtml_escape if left out. */
  readonly autoescape?: string | false;
  /** `single` for files that end in .html or .js, else `all`, if left out. */
  readonly whitespace?: WhitespaceMode;
  /** Tornado's older word for `whitespace`: `single` if true, `all` if false. */
  readonly compressWhitespace?: boolean;
}

/** Escapes for HTML; a SafeString stays as it is. */
export const DEFAULT_AUTOESCAPE = "xhtml_escape";

/**
 * A template. Without a loader it is compiled at once, so that what is wrong with it is thrown here
 * as a ParseError; with one, when the loader loads it or when it is first rendered.
 */
export class Template<Names extends object = object> extends CompiledTemplate<Names> {
  /** What was read. For loaders and `compileTemplate`. */
  readonly file: TemplateFile;
  readonly #loader: BaseLoader | undefined;
  #family: Family | undefined;
  #compiled: RenderFunctions | undefined;
  #awaits: GeneratedCode["awaits"];

  constructor(source: string | Uint8Array, options: TemplateOptions = {}) {
    const { name = "<string>", loader } = options;
    super(name);
    this.#loader = loader;
    this.file = parse(toUnicode(source), name, {
      autoescape: options.autoescape ?? loader?.autoescape ?? DEFAULT_AUTOESCAPE,
      whitespace: whitespaceOf(options) ?? loader?.whitespace ?? defaultMode(name),
    });
    if (loader === undefined) this.compile();
  }

  /** Compiles now, and throws a ParseError if that fails. Does nothing the second time. */
  compile(): this {
    this.functions();
    return this;
  }

  /** The generated function. Its form may change with every version. */
  get code(): string {
    return this.generateCode(this.waitsAt() === undefined ? "sync" : "async").text;
  }

  /** The template as a function in JavaScript, not compiled. For `compileTemplate`. */
  generateCode(mode: Mode): GeneratedCode {
    return generateCode(this.family, mode);
  }

  /** The files that the template is made of. */
  get family(): Family {
    const loader = this.#loader;
    this.#family ??= new Family(
      this.file,
      loader === undefined ? undefined : (path, from) => loader.load(path, from).file,
    );
    return this.#family;
  }

  override functions(): RenderFunctions {
    this.#compiled ??= this.#compile();
    return this.#compiled;
  }

  override surroundings(): Surroundings {
    return this.#loader ?? ALONE;
  }

  override waitsAt(): string | undefined {
    this.functions();
    return this.#awaits && `${this.#awaits.file}:${this.#awaits.line}`;
  }

  #compile(): RenderFunctions {
    const sync = this.generateCode("sync");
    this.#awaits = sync.awaits;
    const render = sync.awaits === undefined ? this.#evaluate<string>(sync) : undefined;
    const renderAsync = render ?? this.#evaluate<Promise<string>>(this.generateCode("async"));
    let stream: RenderFunctions["renderStream"] | undefined;
    return {
      render,
      renderAsync,
      // Few templates are streamed.
      renderStream: (...values) => {
        stream ??= this.#evaluate(this.generateCode("stream"));
        return stream(...values);
      },
    };
  }

  #evaluate<Result>({ text, map, fragments }: GeneratedCode): RenderFunction<Result> {
    const url = SOURCE_URL + this.name.replace(/[\s"']/g, "_");
    try {
      const body = `"use strict"; return ${text}\n//# sourceURL=${url}`;
      return new Function("_tt", "_tt_map", body)(runtime, map);
    } catch (error) {
      throw this.#refused(error, fragments);
    }
  }

  /** The engine does not compile: looks for the directive that it is due to. */
  #refused(error: unknown, fragments: readonly Fragment[]): unknown {
    if (error instanceof EvalError) {
      const way = "compile it ahead of time with squall templates build";
      const reason = `Cannot compile "${this.name}": code from strings is forbidden here; ${way}`;
      return new Error(reason, { cause: error });
    }
    for (const fragment of fragments) {
      const fault = faultOf(fragment);
      if (fault === undefined) continue;
      const why =
        pythonHint(fragment.source) || `expected JavaScript, ${lowerFirst(fault.message)}`;
      const reason = `Cannot parse "${excerptOf(fragment.source)}": ${why}`;
      const { file, line } = fragment.place;
      return new ParseError(reason, file, line, { cause: fault });
    }
    return error;
  }
}

function whitespaceOf(options: TemplateOptions): WhitespaceMode | undefined {
  const { whitespace, compressWhitespace } = options;
  if (compressWhitespace === undefined) return whitespace;
  if (whitespace !== undefined) {
    throw new Error("Cannot read template: whitespace and compressWhitespace are both set");
  }
  return compressWhitespace ? "single" : "all";
}

function faultOf({ check }: Fragment): Error | undefined {
  try {
    new Function(`"use strict"; return async () => { ${check} };`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
