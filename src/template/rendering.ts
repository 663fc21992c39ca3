/**
 * A template that can be rendered, wherever its functions come from: compiled here (template.ts) or
 * ahead of time (precompiled.ts).
 */
import { isThenable } from "../util.ts";

/** A generated function. The last parameter counts only for a stream. */
export type RenderFunction<Result> = (
  names: object,
  more: object,
  imports: object,
  limit: number,
) => Result;

/** The functions of a template. One that waits has no `render`. */
export interface RenderFunctions {
  readonly render: RenderFunction<string> | undefined;
  readonly renderAsync: RenderFunction<string | Promise<string>>;
  readonly renderStream: RenderFunction<AsyncGenerator<string, void, undefined>>;
}

/** What a loader adds to the names that a template is given. */
export interface Surroundings {
  /** Names that every template has, unless it is given others. */
  readonly namespace: object;
  /** What `{% import %}` finds, by name. */
  readonly modules: object;
}

/** How `renderStream` cuts. */
export interface StreamOptions {
  /** Characters after which a piece is sent; 16,384 if left out. */
  readonly chunkSize?: number;
}

export const ALONE: Surroundings = { namespace: {}, modules: {} };
const CHUNK_SIZE = 16_384;

/** A template that is ready to be rendered. `Names` are what its expressions refer to. */
export abstract class CompiledTemplate<Names extends object = object> {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Its functions. They may be compiled now. */
  abstract functions(): RenderFunctions;
  abstract surroundings(): Surroundings;
  /** Where it waits first, as `home.html:3`; undefined if it never does. */
  abstract waitsAt(): string | undefined;

  /**
   * Renders. Throws if the template waits: `generateAsync` is for those. Names that are not among
   * `names` are looked for in `more`, which is the loader's namespace unless given.
   */
  generate(names: Names = {} as Names, more?: object): string {
    const { render } = this.functions();
    const { namespace, modules } = this.surroundings();
    if (render !== undefined) return render(names, more ?? namespace, modules, 0);
    const place = `it waits at ${this.waitsAt()}`;
    throw new Error(`Cannot generate "${this.name}" at once: ${place}; use generateAsync`);
  }

  /** Renders a template that may wait for promises. */
  async generateAsync(names: Names = {} as Names, more?: object): Promise<string> {
    const { namespace, modules } = this.surroundings();
    const result = this.functions().renderAsync(names, more ?? namespace, modules, 0);
    return isThenable(result) ? await result : result;
  }

  /**
   * Renders piece by piece: what there is when the template waits, and whenever there is enough. An
   * error ends the stream where it happened.
   */
  renderStream(
    names: Names = {} as Names,
    options: StreamOptions = {},
    more?: object,
  ): AsyncGenerator<string, void, undefined> {
    const { namespace, modules } = this.surroundings();
    const { chunkSize = CHUNK_SIZE } = options;
    return this.functions().renderStream(names, more ?? namespace, modules, chunkSize);
  }
}
