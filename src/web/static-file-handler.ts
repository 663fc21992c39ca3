/**
 * Serves files below a folder: with entity tags, conditional requests, ranges and compressed
 * siblings. Parts of it are hooks, for content that comes from elsewhere (Tornado
 * `StaticFileHandler`).
 */

import { resolve } from "node:path";
import { urlEscape } from "../escape.ts";
import { getContentRange, parseRequestRange } from "../httputil.ts";
import { HTTPError } from "./errors.ts";
import { matchingEtag } from "./etag.ts";
import { mimeTypeOf } from "./mime-types.ts";
import { chooseCoding } from "./negotiation.ts";
import { RequestHandler } from "./request-handler.ts";
import type { Settings } from "./settings.ts";
import { ifRangeHolds, isModifiedSince, preconditionsHold } from "./static-conditions.ts";
import {
  DEFAULT_HASH,
  openStaticFile,
  readFile,
  type StaticEntry,
  StaticFile,
  StaticFiles,
  type StaticHash,
} from "./static-files.ts";
import {
  checkRawPath,
  checkStaticPath,
  hasEmptyPart,
  isHidden,
  isWithin,
  joinStaticPath,
  rootPath,
} from "./static-path.ts";
import { StaticVersions } from "./static-versions.ts";
import { requireSync } from "./unawaited.ts";

/** Options of a route to `StaticFileHandler`. */
export interface StaticFileOptions {
  /** The folder. */
  readonly path: string | URL;
  /** Served for a folder's own URL, such as `index.html`; without it that is 403. */
  readonly defaultFilename?: string;
  /** Symbolic links may lead out of the folder; false by default. */
  readonly followSymlinks?: boolean;
  /** Files whose names begin with a dot are served; false by default. */
  readonly dotFiles?: boolean;
  /** `app.js.br`, `.zst` and `.gz` are served in place of `app.js`; true by default. */
  readonly precompressed?: boolean;
}

const YEAR = 365 * 24 * 60 * 60;
/**
 * Files above this are served before their content hash is known, with a weak tag of their state:
 * hashing takes some ten milliseconds up to here, and a second for a gigabyte.
 */
const LARGEST_AWAITED = 16 * 1024 * 1024;

/**
 * From here on it is cheaper to open a file and to have the kernel send it than to send what is in
 * memory, which the kernel copies: measured on the epoll host.
 */
const KERNEL_LENGTH = 256 * 1024;

const files = new StaticFiles();
const versions = new StaticVersions();

/** Serves files. The route's pattern has one group: the path below the folder. */
export class StaticFileHandler extends RequestHandler {
  #options: StaticFileOptions = { path: "." };
  #file: StaticFile | undefined;
  #version: string | undefined;
  /** The folder, absolute. */
  root = "";
  /** The path below it, with slashes. */
  path = "";
  /** The file's own path. */
  absolutePath = "";

  // Hooks of the class.

  /** Hook: the absolute path of a file below a root; not checked yet. */
  static getAbsolutePath(root: string, path: string): string {
    return joinStaticPath(root, path);
  }

  /** Hook: the content from `start` to before `end`, whole or in parts. */
  static getContent(
    absolutePath: string,
    start: number,
    end: number,
  ): Uint8Array | AsyncIterable<Uint8Array> {
    return readFile(absolutePath, start, end);
  }

  /** Hook: the version in a static URL; undefined for none. */
  static getVersion(settings: Settings, path: string): string | undefined {
    const root = rootPath(settings.staticPath ?? ".");
    // biome-ignore lint/complexity/noThisInStatic: a subclass may have its own
    const absolutePath = this.getAbsolutePath(root, path);
    if (!isWithin(root, absolutePath)) return undefined;
    const isCached = settings.staticHashCache ?? settings.debug !== true;
    return versions.get(absolutePath, hashOf(settings), isCached);
  }

  /** Hook: the URL of a file below the setting `staticPath`, with its version. */
  static makeStaticUrl(settings: Settings, path: string, includeVersion = true): string {
    const url = (settings.staticUrlPrefix ?? "/static/") + urlEscape(path, false);
    // biome-ignore lint/complexity/noThisInStatic: a subclass may have its own
    const version = includeVersion ? this.getVersion(settings, path) : undefined;
    return version === undefined ? url : `${url}?v=${version}`;
  }

  /** Forgets every file and version that is known. */
  static reset(): void {
    files.clear();
    versions.clear();
  }

  // The request.

  override initialize(options: StaticFileOptions): void {
    this.#options = options;
    if (typeof options.path !== "string" && !((options.path as unknown) instanceof URL)) {
      throw new TypeError(`Cannot serve files: their folder, the path, is ${String(options.path)}`);
    }
    this.root = rootPath(options.path);
  }

  /** Answers with the file that the pattern's group names: its only one, or the one named `path`. */
  async get(given?: string | { readonly path?: string | undefined }): Promise<void> {
    const path = typeof given === "object" ? given.path : given;
    if (path === undefined && this.pathArgs.length === 0) {
      throw new TypeError("Cannot serve a file: the pattern has no group for its path");
    }
    this.path = this.parseUrlPath(path ?? "");
    const Class = this.constructor as typeof StaticFileHandler;
    const wanted = Class.getAbsolutePath(this.root, this.path);
    const absolutePath = await this.validateAbsolutePath(this.root, wanted);
    if (absolutePath === undefined) return;
    this.absolutePath = absolutePath;
    const size = this.getContentSize();
    await this.#findVersion(size);
    this.#setHeaders();
    if (!preconditionsHold(this.request, this.getHeader("Etag"), this.getModifiedTime())) {
      throw new HTTPError(412);
    }
    if (this.shouldReturn304()) {
      this.setStatus(304);
      return;
    }
    const range = this.#chooseRange(size);
    if (range !== undefined) await this.#send(range[0], range[1], size);
  }

  /** Hook: the path below the root, from the URL's. */
  parseUrlPath(urlPath: string): string {
    checkRawPath(this.request.path);
    checkStaticPath(urlPath);
    if (hasEmptyPart(urlPath)) throw new HTTPError(404);
    if (this.#options.dotFiles !== true && isHidden(urlPath)) throw new HTTPError(404);
    return urlPath;
  }

  /**
   * Hook: the absolute path to serve, or undefined if the request has been answered. Throws
   * HTTPError 403 for what is no file within the root, 404 for what is not there.
   */
  async validateAbsolutePath(root: string, absolutePath: string): Promise<string | undefined> {
    if (!isWithin(root, resolve(absolutePath))) throw new HTTPError(403, "Outside of the root");
    const found = await this.#find(absolutePath);
    const { defaultFilename } = this.#options;
    if (found === "folder" && defaultFilename !== undefined) {
      const { path, query } = this.request;
      if (!path.endsWith("/")) {
        if (/^[/\\]{2}/.test(path)) throw new HTTPError(403);
        this.redirect(query === "" ? `${path}/` : `${path}/?${query}`, { permanent: true });
        return undefined;
      }
      return this.#take(joinStaticPath(absolutePath, defaultFilename));
    }
    if (found instanceof StaticFile && this.path.endsWith("/")) {
      throw new HTTPError(404);
    }
    return this.#take(absolutePath);
  }

  /** Makes a path the one that is served. */
  async #take(absolutePath: string): Promise<string> {
    const found = await this.#find(absolutePath);
    if (found === undefined) throw new HTTPError(404);
    if (!(found instanceof StaticFile)) throw new HTTPError(403, `${absolutePath} is no file`);
    this.#file = found;
    if (this.#options.precompressed !== false) {
      const siblings = await files.siblings(found, absolutePath, this.#linkRoot);
      if (siblings.size > 0) this.#chooseSibling(siblings);
    }
    return absolutePath;
  }

  #find(path: string): Promise<StaticEntry> | StaticEntry {
    if (this.settings.debug === true) files.clear();
    return files.find(path, this.#linkRoot);
  }

  /** What symbolic links may not lead out of. */
  get #linkRoot(): string | undefined {
    return this.#options.followSymlinks === true ? undefined : this.root;
  }

  /** Takes a compressed sibling that the client can read. */
  #chooseSibling(siblings: ReadonlyMap<string, StaticFile>): void {
    this.setHeader("Vary", "Accept-Encoding");
    const accepted = this.request.headers.get("Accept-Encoding");
    const coding = chooseCoding(accepted, [...siblings.keys()]);
    if (coding === undefined) return;
    this.setHeader("Content-Encoding", coding);
    this.#file = siblings.get(coding);
  }

  /** A long file is not hashed while a client waits, unless that decides about sending it at all. */
  async #findVersion(size: number): Promise<void> {
    const version = this.getContentVersion();
    if (typeof version === "string") this.#version = version;
    else if (size <= LARGEST_AWAITED || this.#namesContent()) this.#version = await version;
    else version?.catch(() => undefined);
  }

  /** Whether the request has a tag that can only be judged by the content. */
  #namesContent(): boolean {
    const { headers } = this.request;
    const conditions = [headers.get("If-Match"), headers.get("If-Range")];
    if (!this.#hasState()) conditions.push(headers.get("If-None-Match"));
    return conditions.some((value) => value?.replace(/W\/"[^"]*"/g, "").includes('"') === true);
  }

  /** Whether the client has the file in its state of now, by the tag that it had before its hash. */
  #hasState(): boolean {
    const asked = this.request.headers.get("If-None-Match");
    const tag = this.#file?.stateTag;
    return asked !== undefined && tag !== undefined && matchingEtag(asked, tag) !== undefined;
  }

  #setHeaders(): void {
    this.setHeader("Accept-Ranges", "bytes");
    this.setEtagHeader();
    const modified = this.getModifiedTime();
    if (modified !== undefined) this.setHeader("Last-Modified", modified);
    this.setHeader("Content-Type", this.getContentType());
    const age = this.getCacheTime(this.path, modified, this.getContentType());
    if (age > 0) {
      this.setHeader("Expires", new Date(Date.now() + age * 1000));
      this.setHeader("Cache-Control", `public, max-age=${age}, immutable`);
    } else {
      this.setHeader("Cache-Control", "public, no-cache");
    }
    requireSync(this.setExtraHeaders(this.path), "setExtraHeaders");
  }

  /** What to send: start and end. Undefined if the range cannot be satisfied, with 416 set. */
  #chooseRange(size: number): readonly [start: number, end: number] | undefined {
    const header = this.request.headers.get("Range");
    const range = header === undefined ? undefined : parseRequestRange(header);
    const { request } = this;
    const isAsked =
      range !== undefined && ifRangeHolds(request, this.getHeader("Etag"), this.getModifiedTime());
    if (!isAsked) return [0, size];
    const start = Math.max(
      (range.start ?? 0) < 0 ? size + (range.start ?? 0) : (range.start ?? 0),
      0,
    );
    const end = Math.min(range.end ?? size, size);
    if (start >= size || start >= (range.end ?? size)) {
      this.setStatus(416);
      this.clearHeader("Content-Encoding");
      this.setHeader("Content-Type", "text/plain");
      this.setHeader("Content-Range", `bytes */${size}`);
      return undefined;
    }
    if (end - start < size) {
      this.setStatus(206);
      this.setHeader("Content-Range", getContentRange(start, end, size));
    }
    return [start, end];
  }

  async #send(start: number, end: number, size: number): Promise<void> {
    this.setHeader("Content-Length", end - start);
    const kept = this.#file?.bytes;
    if (kept !== undefined && !this.#isKernels(end - start)) {
      await this.finish(end - start === size ? kept : kept.subarray(start, end));
      return;
    }
    if (this.request.method === "HEAD") {
      await this.flush();
      return;
    }
    const Class = this.constructor as typeof StaticFileHandler;
    const isOwn = Class.getContent === StaticFileHandler.getContent;
    if (isOwn && this.#file !== undefined && this.application.transforms === undefined) {
      await this.#sendFile(this.#file.path, start, end);
      return;
    }
    const content = Class.getContent(this.#file?.path ?? this.absolutePath, start, end);
    if (content instanceof Uint8Array) {
      this.write(content);
      return;
    }
    for await (const part of content) {
      this.write(part);
      await this.flush();
    }
  }

  /** Whether so many bytes of a file are better sent by the kernel than from memory. */
  #isKernels(length: number): boolean {
    const { application, request } = this;
    if (length < KERNEL_LENGTH || application.transforms !== undefined) return false;
    return request.connection.sendsFiles && request.method !== "HEAD";
  }

  /** Leaves the file to the connection: no byte of it comes by here if the kernel can send it. */
  async #sendFile(path: string, start: number, end: number): Promise<void> {
    const file = await openStaticFile(path);
    try {
      await this.flush();
      await this.request.connection.sendFile(file, start, end);
    } finally {
      await file.close();
    }
  }

  // Hooks of the request.

  /** Hook: the size of the content in bytes. */
  getContentSize(): number {
    return this.#file?.size ?? 0;
  }

  /** Hook: when the content was changed, in whole seconds; undefined if nobody knows. */
  getModifiedTime(): Date | undefined {
    return this.#file?.modified;
  }

  /** Hook: what names the content; a promise if that takes time. The entity tag is made of it. */
  getContentVersion(): Promise<string> | string | undefined {
    return this.#file?.version(hashOf(this.settings));
  }

  /**
   * Hook: the entity tag, by default of the content's version; while that is not known, a weak one
   * of the file's size and time.
   */
  override computeEtag(): string | undefined {
    return this.#version === undefined ? this.#file?.stateTag : `"${this.#version}"`;
  }

  /** Hook: the value of Content-Type. */
  getContentType(): string {
    return mimeTypeOf(this.absolutePath);
  }

  /** Hook: for how many seconds the response may be used unasked; 0 to ask each time. */
  getCacheTime(_path: string, _modified: Date | undefined, _mimeType: string): number {
    return /(?:^|&)v=/.test(this.request.query) ? YEAR : 0;
  }

  /** Hook: sets further headers. */
  setExtraHeaders(_path: string): void {}

  /** Hook: whether the client has what would be sent. */
  shouldReturn304(): boolean {
    if (this.request.headers.has("If-None-Match")) {
      if (this.checkEtagHeader()) return true;
      if (!this.#hasState()) return false;
      this.setHeader("Etag", this.#file?.stateTag as string);
      return true;
    }
    const since = this.request.headers.get("If-Modified-Since");
    return since !== undefined && !isModifiedSince(since, this.getModifiedTime());
  }
}

function hashOf(settings: Settings): StaticHash {
  const { staticHash, staticHashLength } = settings;
  if (staticHash === undefined && staticHashLength === undefined) return DEFAULT_HASH;
  return { algorithm: staticHash ?? "blake3", digits: staticHashLength };
}
