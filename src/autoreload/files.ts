/**
 * Which files a program is made of, and which of them have changed. Private to `autoreload`.
 *
 * A runtime tells only some of the modules that it has loaded, and none of a program that could not
 * be compiled. So the imports are read from the text: from the entry file on, whatever is imported
 * by a relative path.
 */

import { type Dirent, existsSync, readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** `from "./a.ts"`, `import "./a.ts"`, `import("./a.ts")`, `require("./a")`, `new URL("./a.ts", …)`. */
const IMPORT =
  /\b(?:from|import|require|URL)\s*\(?\s*(?:"(\.{1,2}\/[^"\n]+)"|'(\.{1,2}\/[^'\n]+)')/g;
/** What may be left out, and what TypeScript writes for what is there. */
const ENDINGS = ["", ".ts", ".js", ".mjs", ".cjs", ".mts", ".cts", ".tsx", ".jsx", ".json"];
const SOURCE = /\.[cm]?[jt]sx?$/;

/** Files of a program, with what they import; those that were read before are read when changed. */
export class ProgramFiles {
  /** The program's main file. */
  readonly entry: string | undefined;
  readonly #added = new Set<string>();
  readonly #loaded: () => string[];
  /** What each file imports, as it says it. */
  readonly #imports = new Map<string, { readonly mark: string; readonly paths: string[] }>();
  /** What each file was like when the program was started. */
  #marks = new Map<string, string>();

  /** Takes the program's main file, if there is one, and what tells the modules it has loaded. */
  constructor(entry: string | undefined, loaded: () => string[] = () => []) {
    this.entry = entry === undefined ? undefined : existing(resolve(entry));
    this.#loaded = loaded;
  }

  /** Watches a file as well, or whatever is in a folder. It may come into being later. */
  add(path: string): void {
    this.#added.add(resolve(path));
  }

  /** What is watched besides what the main file imports. */
  get paths(): string[] {
    return [...this.#added, ...this.#loaded()];
  }

  /** Takes the files as they are for unchanged. */
  mark(): void {
    this.#marks = this.#look();
  }

  /** The files that have changed, come or gone since `mark`. */
  changed(): string[] {
    const now = this.#look();
    const changed: string[] = [];
    for (const [file, mark] of now) {
      const before = this.#marks.get(file);
      if (before === undefined) {
        // Imported since, but as it was: only a file that was looked for can have come.
        if (this.#isAdded(file)) changed.push(file);
        else this.#marks.set(file, mark);
      } else if (before !== mark) changed.push(file);
    }
    for (const file of this.#marks.keys()) if (!now.has(file)) changed.push(file);
    return changed;
  }

  #isAdded(file: string): boolean {
    for (const path of this.#added) {
      if (file === path || file.startsWith(path + sep)) return true;
    }
    return false;
  }

  #look(): Map<string, string> {
    const marks = new Map<string, string>();
    const queue = this.entry === undefined ? [] : [this.entry];
    queue.push(...this.#loaded(), ...[...this.#added].flatMap(filesOf));
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (marks.has(file)) continue;
      const mark = markOf(file);
      marks.set(file, mark);
      if (mark !== MISSING && SOURCE.test(file)) queue.push(...this.#importsOf(file, mark));
    }
    return marks;
  }

  #importsOf(file: string, mark: string): string[] {
    let known = this.#imports.get(file);
    if (known?.mark !== mark) {
      known = { mark, paths: readImports(file) };
      this.#imports.set(file, known);
    }
    // Looked for each time: one that was missing may have come under another ending.
    return known.paths.map(existing);
  }
}

const MISSING = "missing";

/** What is different once a file has been written. */
function markOf(file: string): string {
  const stats = statsOf(file);
  return stats === undefined ? MISSING : `${stats.mtimeMs} ${stats.size}`;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function readImports(file: string): string[] {
  try {
    const text = readFileSync(file, "utf8");
    return Array.from(text.matchAll(IMPORT), ([, double, single]) =>
      join(dirname(file), double ?? single ?? ""),
    );
  } catch {
    // Gone since it was looked at: that is a change itself.
    return [];
  }
}

/** The file that a path without its ending, or with that of compiled code, stands for. */
function existing(path: string): string {
  const bare = SOURCE.test(path) ? path.slice(0, -extname(path).length) : path;
  const paths = [path, ...ENDINGS.map((ending) => bare + ending)];
  paths.push(...ENDINGS.slice(1).map((ending) => join(path, `index${ending}`)));
  return paths.find((each) => statsOf(each)?.isFile() === true) ?? path;
}

/** A file itself, or all that are in a folder but for hidden ones and installed packages. */
function filesOf(path: string): string[] {
  if (statsOf(path)?.isDirectory() !== true) return [path];
  return entriesOf(path).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
    const inner = join(path, entry.name);
    return entry.isDirectory() ? filesOf(inner) : [inner];
  });
}

/** None for a folder that has gone since it was looked at, or that nobody here may read. */
function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

const installed = `${sep}node_modules${sep}`;

/** What this runtime knows to be loaded: everything on Bun, CommonJS and JSON elsewhere. */
export function loadedFiles(): string[] {
  const { cache } = createRequire(import.meta.url);
  return Object.keys(cache ?? {})
    .map((key) => (key.startsWith("file:") ? fileURLToPath(key) : key))
    .filter((file) => file.startsWith(sep) && !file.includes(installed) && existsSync(file));
}
