/**
 * Where templates come from: a folder, a table of strings, or what a subclass of BaseLoader knows.
 * Loads each template once.
 */
import { DEFAULT_AUTOESCAPE, Template } from "./template.ts";
import { isWhitespaceMode, type WhitespaceMode } from "./whitespace.ts";

/** What a loader gives to all of its templates. */
export interface LoaderOptions {
  /** The function that escapes expressions, by name; false for none; xhtml_escape if left out. */
  readonly autoescape?: string | false;
  /** Names that every template has, unless it is given others. */
  readonly namespace?: object;
  /** `single` for files that end in .html or .js, else `all`, if left out. */
  readonly whitespace?: WhitespaceMode;
  /** What `{% import %}` finds, by name. */
  readonly modules?: Readonly<Record<string, unknown>>;
}

/** Loads templates and keeps them (Tornado `template.BaseLoader`). */
export abstract class BaseLoader {
  readonly autoescape: string | false;
  readonly namespace: object;
  readonly whitespace: WhitespaceMode | undefined;
  readonly modules: Readonly<Record<string, unknown>>;
  readonly #templates = new Map<string, Template>();

  constructor(options: LoaderOptions = {}) {
    const { autoescape = DEFAULT_AUTOESCAPE, namespace = {}, whitespace, modules = {} } = options;
    if (whitespace !== undefined && !isWhitespaceMode(whitespace)) {
      const expected = "expected all, single or oneline";
      throw new Error(`Cannot make loader: ${expected} for whitespace, got "${whitespace}"`);
    }
    this.autoescape = autoescape;
    this.namespace = namespace;
    this.whitespace = whitespace;
    this.modules = modules;
  }

  /** Forgets the templates, so that they are read again. */
  reset(): void {
    this.#templates.clear();
  }

  /** The name that a template is kept under: `name` as seen from the template `parentPath`. */
  abstract resolvePath(name: string, parentPath?: string): string;

  /** Makes the template of a resolved name: `new Template(source, { name, loader: this })`. */
  abstract createTemplate(name: string): Template;

  /** The source of a resolved name, for error pages; undefined if it cannot be had. */
  sourceOf(_name: string): string | undefined {
    return undefined;
  }

  /**
   * A template, from a name that may be relative to the template that names it. One that nobody
   * names is compiled as well.
   */
  load(name: string, parentPath?: string): Template {
    const path = this.resolvePath(name, parentPath);
    const known = this.#templates.get(path);
    if (known !== undefined && parentPath !== undefined) return known;
    const template = known ?? this.createTemplate(path);
    this.#templates.set(path, template);
    if (parentPath === undefined) this.#compile(template);
    return template;
  }

  #compile(template: Template): void {
    try {
      template.compile();
    } catch (error) {
      // What is wrong may be in any file that it took; all are read again once that is mended.
      this.reset();
      throw error;
    }
  }
}

/** Whether names are seen from a template: not from a string, and not if either starts at a root. */
function isRelative(name: string, parentPath: string | undefined): parentPath is string {
  return parentPath !== undefined && !/^[</]/.test(parentPath) && !name.startsWith("/");
}

/** `name` as seen from the file `parent`. What leads out of the root starts with `..`. */
function join(parent: string, name: string): string {
  const segments: string[] = [];
  for (const segment of [...parent.split("/").slice(0, -1), ...name.split("/")]) {
    const last = segments.at(-1);
    if (segment === ".." && last !== undefined && last !== "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return segments.join("/");
}

/** What is used of the runtime's file system: only folders of templates need one. */
interface FileModules {
  readonly fs: { readFileSync(path: string): Uint8Array };
  readonly path: {
    readonly sep: string;
    resolve(...paths: string[]): string;
  };
}

/**
 * Not imported: the module has to load where there is no file system, for DictLoader and for
 * templates that were compiled ahead of time.
 */
function fileModules(): FileModules {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => unknown };
  };
  const fs = process?.getBuiltinModule?.("node:fs") as FileModules["fs"] | undefined;
  const path = process?.getBuiltinModule?.("node:path") as FileModules["path"] | undefined;
  if (fs === undefined || path === undefined) {
    throw new Error("Cannot read templates: there are no files here; use DictLoader");
  }
  return { fs, path };
}

/** Loads templates from a folder, and from nowhere else (Tornado `template.Loader`). */
export class Loader extends BaseLoader {
  /** The folder, as an absolute path. */
  readonly root: string;
  readonly #modules: FileModules;

  constructor(rootDirectory: string, options: LoaderOptions = {}) {
    super(options);
    this.#modules = fileModules();
    this.root = this.#modules.path.resolve(rootDirectory);
  }

  override resolvePath(name: string, parentPath?: string): string {
    if (!isRelative(name, parentPath)) return name;
    const path = join(parentPath, name);
    // As in Tornado: what leads out stays as it is. It is refused when it is to be read.
    return path === ".." || path.startsWith("../") ? name : path;
  }

  override createTemplate(name: string): Template {
    const path = this.#pathOf(name);
    let source: Uint8Array;
    try {
      source = this.#modules.fs.readFileSync(path);
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      const why = code === "ENOENT" ? `there is no such file in ${this.root}` : message;
      throw new Error(`Cannot load template "${name}": ${why}`, { cause: error });
    }
    return new Template(textOf(name, source), { name, loader: this });
  }

  override sourceOf(name: string): string | undefined {
    try {
      return textOf(name, this.#modules.fs.readFileSync(this.#pathOf(name)));
    } catch {
      return undefined;
    }
  }

  #pathOf(name: string): string {
    const { sep, resolve } = this.#modules.path;
    const path = resolve(this.root, name);
    const prefix = this.root.endsWith(sep) ? this.root : this.root + sep;
    if (path.startsWith(prefix) && !name.includes("\0")) return path;
    throw new Error(`Cannot load template "${name}": it is not in ${this.root}`);
  }
}

function textOf(name: string, source: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(source);
  } catch (error) {
    throw new Error(`Cannot load template "${name}": it is not UTF-8`, { cause: error });
  }
}

/** Loads templates from a table of their sources (Tornado `template.DictLoader`). */
export class DictLoader extends BaseLoader {
  readonly #sources: Readonly<Record<string, string>>;

  constructor(sources: Readonly<Record<string, string>>, options: LoaderOptions = {}) {
    super(options);
    this.#sources = sources;
  }

  override resolvePath(name: string, parentPath?: string): string {
    return isRelative(name, parentPath) ? join(parentPath, name) : name;
  }

  override sourceOf(name: string): string | undefined {
    return Object.hasOwn(this.#sources, name) ? this.#sources[name] : undefined;
  }

  override createTemplate(name: string): Template {
    const source = this.sourceOf(name);
    if (source !== undefined) return new Template(source, { name, loader: this });
    const names = Object.keys(this.#sources).map((one) => `"${one}"`);
    throw new Error(`Cannot load template "${name}": expected one of ${names.join(", ")}`);
  }
}
