/**
 * The files that `StaticFileHandler` serves: what is known of each, its content hash, and the
 * contents of small ones. What is known is held for a moment before the file system is asked again,
 * so that a busy file costs nothing there.
 */

import type { Stats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { contentHashOf, Hash } from "../core.ts";
import { filePieces } from "../httputil.ts";
import { HTTPError } from "./errors.ts";
import { isWithin } from "./static-path.ts";

/** How long a file is taken to be as it was, in milliseconds. */
const TRUSTED_FOR = 1000;
/** Largest file whose content is kept. */
const LARGEST_KEPT = 1024 * 1024;
/** Most bytes of contents that are kept. */
const MOST_KEPT = 32 * 1024 * 1024;
/** Most files of which something is known. */
const MOST_FILES = 10_000;
/** What is hashed at once: a millisecond or less, and far fewer calls than with small windows. */
const HASH_WINDOW = 256 * 1024;

/** Codings of compressed siblings and their extensions, ours first. */
const SIBLINGS = [
  ["br", ".br"],
  ["zstd", ".zst"],
  ["gzip", ".gz"],
] as const;
const MISSING = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "EINVAL"]);

/** How contents are named. */
export interface StaticHash {
  readonly algorithm: "blake3" | "sha1" | "sha256" | "sha512";
  /** Hexadecimal digits, all of them if undefined. */
  readonly digits: number | undefined;
}

/** The core's content hash: 128 bits of BLAKE3. */
export const DEFAULT_HASH: StaticHash = { algorithm: "blake3", digits: 32 };

/** A regular file. Another object as soon as the file has changed. */
export class StaticFile {
  readonly path: string;
  readonly size: number;
  /** In whole seconds, as HTTP's dates are. */
  readonly modified: Date;
  /** What tells it from a later state of the same file. */
  readonly stamp: string;
  /** A weak entity tag of its size and time: for as long as its hash is not known. */
  readonly stateTag: string;
  /** Its compressed siblings by their codings, and when they were looked for. */
  siblings:
    | { readonly checked: number; readonly found: ReadonlyMap<string, StaticFile> }
    | undefined;
  /** Its content, if that is kept. */
  bytes: Uint8Array | undefined;
  readonly #versions = new Map<string, string>();
  readonly #pending = new Map<string, Promise<string>>();

  constructor(path: string, info: Stats) {
    this.path = path;
    this.size = info.size;
    this.modified = new Date(Math.floor(info.mtimeMs / 1000) * 1000);
    this.stamp = stampOf(info);
    this.stateTag = `W/"${info.size.toString(16)}-${Math.floor(info.mtimeMs).toString(16)}"`;
  }

  /** The name of its content, if it is known already. */
  knownVersion(hash: StaticHash): string | undefined {
    const key = keyOf(hash);
    const known = this.#versions.get(key);
    if (known !== undefined || this.bytes === undefined) return known;
    const version = hashOf(this.bytes, hash);
    this.#versions.set(key, version);
    return version;
  }

  /** The name of its content. Reads the file in windows, once for all who ask meanwhile. */
  version(hash: StaticHash): Promise<string> | string {
    const known = this.knownVersion(hash);
    if (known !== undefined) return known;
    const key = keyOf(hash);
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#hash(hash).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return pending;
  }

  async #hash(hash: StaticHash): Promise<string> {
    const running = new Hash(hash.algorithm);
    const handle = await open(this.path);
    try {
      const window = new Uint8Array(HASH_WINDOW);
      for (let at = 0; at < this.size; ) {
        const { bytesRead } = await handle.read(window, 0, HASH_WINDOW, at);
        if (bytesRead === 0) throw shorter(this.path);
        running.update(window.subarray(0, bytesRead));
        at += bytesRead;
      }
    } finally {
      await handle.close();
    }
    const version = running.hexDigest().slice(0, hash.digits);
    this.#versions.set(keyOf(hash), version);
    return version;
  }
}

function keyOf(hash: StaticHash): string {
  return `${hash.algorithm} ${hash.digits}`;
}

/** What tells one state of a file from another. */
export function stampOf(info: Stats): string {
  return `${info.size} ${info.mtimeMs} ${info.ino}`;
}

/** The name of a content that is in memory. */
export function hashOf(bytes: Uint8Array, hash: StaticHash): string {
  if (hash.algorithm === "blake3" && hash.digits === DEFAULT_HASH.digits)
    return contentHashOf(bytes);
  return new Hash(hash.algorithm).update(bytes).hexDigest().slice(0, hash.digits);
}

/** Opens a file. Throws HTTPError 404 if it is gone meanwhile. */
export async function openStaticFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    if (MISSING.has((error as { code?: string }).code ?? "")) throw new HTTPError(404);
    throw error;
  }
}

/** The bytes of a file from `start` to before `end`, a window at a time. */
export async function* readFile(
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  const handle = await openStaticFile(path);
  try {
    yield* filePieces(handle, start, end);
  } finally {
    await handle.close();
  }
}

function shorter(path: string): Error {
  return new Error(`Cannot read ${path}: it has become shorter`);
}

/** What is there and can not be served: a folder, a device, or a link out of the root. */
export type NoFile = "folder" | "special" | "outside";

/** What was found at a path; undefined for nothing. */
export type StaticEntry = StaticFile | NoFile | undefined;

interface Found {
  readonly checked: number;
  readonly entry: StaticFile | NoFile;
}

/** Everything that is known of files. */
export class StaticFiles {
  /** By root and path; the oldest first. */
  readonly #found = new Map<string, Found>();
  /** What is being looked at, once for all who ask meanwhile. */
  readonly #looking = new Map<string, Promise<StaticEntry>>();
  #kept = 0;

  /**
   * What is at an absolute path. With a root, symbolic links may not lead out of it. A promise
   * unless that has been looked up a moment ago.
   */
  find(path: string, root: string | undefined): Promise<StaticEntry> | StaticFile | NoFile {
    const key = `${root ?? ""}\0${path}`;
    const found = this.#found.get(key);
    if (found !== undefined && performance.now() - found.checked < TRUSTED_FOR) return found.entry;
    let looking = this.#looking.get(key);
    if (looking === undefined) {
      looking = this.#look(key, path, root).finally(() => this.#looking.delete(key));
      this.#looking.set(key, looking);
    }
    return looking;
  }

  /**
   * The compressed siblings of a file: `app.js.br` of `app.js`. One that is older than the file
   * is none, because somebody has forgotten to make it anew.
   */
  siblings(
    file: StaticFile,
    path: string,
    root: string | undefined,
  ): Promise<ReadonlyMap<string, StaticFile>> | ReadonlyMap<string, StaticFile> {
    const known = file.siblings;
    if (known !== undefined && performance.now() - known.checked < TRUSTED_FOR) return known.found;
    return this.#lookForSiblings(file, path, root);
  }

  async #lookForSiblings(
    file: StaticFile,
    path: string,
    root: string | undefined,
  ): Promise<ReadonlyMap<string, StaticFile>> {
    const found = new Map<string, StaticFile>();
    for (const [coding, extension] of SIBLINGS) {
      const entry = await this.find(path + extension, root);
      const isSibling = entry instanceof StaticFile && entry.modified >= file.modified;
      if (isSibling) found.set(coding, entry);
    }
    file.siblings = { checked: performance.now(), found };
    return found;
  }

  /** Forgets everything. */
  clear(): void {
    this.#found.clear();
    this.#kept = 0;
  }

  async #look(key: string, path: string, root: string | undefined): Promise<StaticEntry> {
    const seen = await entryAt(path, root);
    const before = this.#found.get(key)?.entry;
    // Names that lead nowhere are not kept: clients can think of any number of them.
    if (seen === undefined) {
      this.#forget(key);
      return undefined;
    }
    const entry = isSame(seen, before) ? before : seen;
    if (entry !== before) this.#forget(key);
    this.#found.delete(key);
    this.#found.set(key, { checked: performance.now(), entry });
    while (this.#found.size > MOST_FILES) this.#forgetOldest();
    if (entry instanceof StaticFile) await this.#fill(key, entry);
    return entry;
  }

  /** Reads a small file whose content is not there yet. */
  async #fill(key: string, file: StaticFile): Promise<void> {
    if (file.bytes !== undefined || file.size > LARGEST_KEPT) return;
    const bytes = new Uint8Array(file.size);
    let at = 0;
    for await (const part of readFile(file.path, 0, file.size)) {
      bytes.set(part, at);
      at += part.length;
    }
    const isWanted = this.#found.get(key)?.entry === file && file.bytes === undefined;
    if (!isWanted) return;
    file.bytes = bytes;
    this.#kept += file.size;
    while (this.#kept > MOST_KEPT && this.#found.size > 1) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const [oldest] = this.#found.keys();
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(key: string): void {
    const entry = this.#found.get(key)?.entry;
    this.#found.delete(key);
    if (entry instanceof StaticFile && entry.bytes !== undefined) this.#kept -= entry.size;
  }
}

function isSame(
  seen: StaticFile | NoFile,
  before: StaticFile | NoFile | undefined,
): before is StaticFile {
  return seen instanceof StaticFile && before instanceof StaticFile && before.stamp === seen.stamp;
}

async function entryAt(path: string, root: string | undefined): Promise<StaticEntry> {
  try {
    const real = root === undefined ? path : await realpath(path);
    if (root !== undefined && !isWithin(await realpath(root), real)) return "outside";
    const info = await stat(real);
    if (info.isDirectory()) return "folder";
    return info.isFile() ? new StaticFile(real, info) : "special";
  } catch (error) {
    const { code = "" } = error as { code?: string };
    if (code === "EACCES" || code === "EPERM") return "special";
    if (MISSING.has(code)) return undefined;
    throw error;
  }
}
