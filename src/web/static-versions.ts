/**
 * The versions that static URLs carry, `?v=…`, for pages that are being made: at once or not at
 * all. A file that is too long to hash at once is hashed in the background, and its URL has no
 * version until that is done.
 */

import { readFileSync, statSync } from "node:fs";
import { genLog } from "../log.ts";
import { hashOf, StaticFile, type StaticHash, stampOf } from "./static-files.ts";

/** Longest file that is read and hashed while a page waits: a millisecond or two. */
const LARGEST_AT_ONCE = 1024 * 1024;
/** Most versions that are remembered. */
const MOST = 10_000;

interface Version {
  readonly stamp: string;
  /** Undefined while it is worked out, and if that has failed. */
  readonly version: string | undefined;
}

export class StaticVersions {
  readonly #known = new Map<string, Version>();

  /**
   * The version of a file, or undefined without a file or while it is worked out. If `cached`, a
   * version once known holds until the program ends.
   */
  get(path: string, hash: StaticHash, cached: boolean): string | undefined {
    const key = `${hash.algorithm} ${hash.digits} ${path}`;
    const known = this.#known.get(key);
    if (known?.version !== undefined && cached) return known.version;
    try {
      return this.#look(key, path, hash, known);
    } catch (error) {
      genLog.error(`Cannot open static file ${path}`, { error });
      return undefined;
    }
  }

  clear(): void {
    this.#known.clear();
  }

  #look(
    key: string,
    path: string,
    hash: StaticHash,
    known: Version | undefined,
  ): string | undefined {
    const info = statSync(path);
    const stamp = stampOf(info);
    if (known?.stamp === stamp) return known.version;
    if (!info.isFile()) return undefined;
    if (this.#known.size >= MOST) this.#known.clear();
    if (info.size <= LARGEST_AT_ONCE) {
      const version = hashOf(readFileSync(path), hash);
      this.#known.set(key, { stamp, version });
      return version;
    }
    this.#known.set(key, { stamp, version: undefined });
    this.#workOut(key, new StaticFile(path, info), hash);
    return undefined;
  }

  async #workOut(key: string, file: StaticFile, hash: StaticHash): Promise<void> {
    try {
      this.#known.set(key, { stamp: file.stamp, version: await file.version(hash) });
    } catch (error) {
      this.#known.delete(key);
      genLog.error(`Cannot hash static file ${file.path}`, { error });
    }
  }
}
