/**
 * The lines of templates that a generated function can be at: code-writer.ts numbers them, and
 * failure.ts finds them again in the map.
 */
import type { CodeMap } from "./failure.ts";

/** A line of a file. */
export interface FileLine {
  readonly file: string;
  readonly line: number;
}

export class PlaceTable {
  readonly #files: string[] = [];
  readonly #places: number[][] = [];
  readonly #indices = new Map<string, number>();
  /** Names that are looked up, by place. */
  readonly #uses: Set<string>[] = [];

  /** The number of a line that these lines brought in, outermost first. */
  indexOf(place: FileLine, via: readonly FileLine[]): number {
    const numbers = [place, ...via.toReversed()].flatMap(({ file, line }) => [
      this.#fileIndex(file),
      line,
    ]);
    const key = numbers.join();
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    this.#indices.set(key, this.#places.length);
    this.#uses.push(new Set());
    return this.#places.push(numbers) - 1;
  }

  #fileIndex(name: string): number {
    const known = this.#files.indexOf(name);
    return known < 0 ? this.#files.push(name) - 1 : known;
  }

  /** Notes that a name is read there. */
  addUse(place: number, name: string): void {
    this.#uses[place]?.add(name);
  }

  /** The map of a function that may lack these names. */
  map(names: readonly string[]): CodeMap {
    const indices = (used: ReadonlySet<string>) =>
      names.flatMap((name, index) => (used.has(name) ? index : []));
    return {
      files: this.#files,
      places: this.#places,
      names,
      uses: this.#uses.map(indices),
    };
  }
}
