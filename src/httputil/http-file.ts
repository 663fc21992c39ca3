/**
 * An uploaded file, in memory or in a temporary file: `multipart.ts` and `form-receiver.ts` make
 * them, `request.files` holds them. A temporary file is removed when its request is over.
 */

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { copyFile, open, readFile, rename, rm, writeFile } from "node:fs/promises";

/** What a stream of a file reads at once. */
const WINDOW = 64 * 1024;

/** An uploaded file. Its name is what the client says: never use it as a path unchecked. */
export class HTTPFile {
  readonly filename: string;
  /** What the client says, `application/unknown` if it says nothing. */
  readonly contentType: string;
  /** In bytes. */
  readonly size: number;
  #bytes: Uint8Array | undefined;
  #path: string | undefined;

  /** Takes the content, or where it lies and its size. */
  constructor(filename: string, contentType: string, content: Uint8Array | StoredContent) {
    this.filename = filename;
    this.contentType = contentType;
    if (content instanceof Uint8Array) {
      this.#bytes = content;
      this.size = content.length;
    } else {
      this.#path = content.path;
      this.size = content.size;
    }
  }

  /** Where the content lies, if it was too long for memory; after `moveTo`, the new place. */
  get path(): string | undefined {
    return this.#path;
  }

  /**
   * The content (Tornado `body`). That of a temporary file is read while everything else waits, and
   * each time anew: use `bytes` or `stream` where files may be long.
   */
  get body(): Uint8Array {
    return this.#bytes ?? new Uint8Array(readFileSync(this.#path as string));
  }

  /** The content. Rejects with the system's error once the request is over. */
  async bytes(): Promise<Uint8Array> {
    return this.#bytes ?? new Uint8Array(await readFile(this.#path as string));
  }

  /** The content as UTF-8. */
  async text(): Promise<string> {
    const bytes = await this.bytes();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  }

  /** The content in parts, for `for await`. */
  async *stream(): AsyncGenerator<Uint8Array> {
    if (this.#bytes !== undefined) {
      yield this.#bytes;
      return;
    }
    const handle = await open(this.#path as string);
    try {
      for (;;) {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(WINDOW), 0, WINDOW);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }

  /**
   * Moves the content to a path, where it stays; a file that is there is replaced. On the same file
   * system as the temporary folder that takes no time. Rejects with the system's error.
   */
  async moveTo(path: string): Promise<void> {
    const from = this.#path;
    if (from === undefined) {
      await writeFile(path, this.#bytes as Uint8Array);
      return;
    }
    try {
      await rename(from, path);
    } catch (error) {
      if ((error as { code?: string }).code !== "EXDEV") throw error;
      await copyFile(from, path);
      await rm(from);
    }
    this.#path = path;
  }
}

/** Where a content lies. */
export interface StoredContent {
  readonly path: string;
  readonly size: number;
}
