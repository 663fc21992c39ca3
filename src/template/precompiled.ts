/**
 * Templates that were compiled ahead of time. The modules that precompile.ts writes call
 * `precompiled`; no code is made from strings here.
 */
import type { CodeMap } from "./failure.ts";
import {
  ALONE,
  CompiledTemplate,
  type RenderFunction,
  type RenderFunctions,
  type Surroundings,
} from "./rendering.ts";
import { type Runtime, runtime } from "./runtime.ts";

/** What the module of a template passes to `precompiled`. */
export interface PrecompiledSource {
  readonly name: string;
  readonly map: CodeMap;
  /** Where it waits first. */
  readonly waits?: string;
  readonly functions: (
    runtime: Runtime,
    map: CodeMap,
  ) => {
    readonly render?: RenderFunction<string>;
    readonly renderAsync?: RenderFunction<Promise<string>>;
    readonly renderStream: RenderFunction<AsyncGenerator<string, void, undefined>>;
  };
}

/** A template that was compiled ahead of time. */
export class PrecompiledTemplate<Names extends object = object> extends CompiledTemplate<Names> {
  readonly #functions: RenderFunctions;
  readonly #waits: string | undefined;
  readonly #surroundings: Surroundings;

  constructor(source: PrecompiledSource, surroundings: Surroundings = ALONE) {
    super(source.name);
    const { render, renderAsync = render, renderStream } = source.functions(runtime, source.map);
    if (renderAsync === undefined) throw new Error(`Cannot use "${source.name}": it has no render`);
    this.#functions = { render, renderAsync, renderStream };
    this.#waits = source.waits;
    this.#surroundings = surroundings;
    PrecompiledTemplate.#sources.set(this, source);
  }

  static readonly #sources = new WeakMap<object, PrecompiledSource>();

  /** The same template with names and modules of a loader. */
  within(surroundings: Surroundings): PrecompiledTemplate<Names> {
    const source = PrecompiledTemplate.#sources.get(this) as PrecompiledSource;
    return new PrecompiledTemplate<Names>(source, surroundings);
  }

  override functions(): RenderFunctions {
    return this.#functions;
  }

  override surroundings(): Surroundings {
    return this.#surroundings;
  }

  override waitsAt(): string | undefined {
    return this.#waits;
  }
}

/** For the modules that `squall templates build` writes. */
export function precompiled<Names extends object>(
  source: PrecompiledSource,
): PrecompiledTemplate<Names> {
  return new PrecompiledTemplate<Names>(source);
}

/** What a loader of templates is to those who render them: BaseLoader and PrecompiledLoader. */
export interface TemplateLoader {
  load(name: string): CompiledTemplate;
  reset(): void;
}

/** Loads what `squall templates build` has compiled. */
export class PrecompiledLoader implements TemplateLoader {
  readonly #templates: ReadonlyMap<string, CompiledTemplate>;

  constructor(
    templates: Readonly<Record<string, PrecompiledTemplate<never>>>,
    options: Partial<Surroundings> = {},
  ) {
    const surroundings = { ...ALONE, ...options };
    const entries = Object.entries(templates);
    this.#templates = new Map(
      entries.map(([name, template]) => [
        name,
        (template as unknown as PrecompiledTemplate).within(surroundings),
      ]),
    );
  }

  load(name: string): CompiledTemplate {
    const template = this.#templates.get(name);
    if (template !== undefined) return template;
    const names = Array.from(this.#templates.keys(), (one) => `"${one}"`);
    throw new Error(`Cannot load template "${name}": expected one of ${names.join(", ")}`);
  }

  /** Does nothing: what was compiled ahead of time stays. */
  reset(): void {}
}
