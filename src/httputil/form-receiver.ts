/**
 * Receives a long multipart body: fields and short files stay in memory, the rest goes to temporary
 * files while it arrives. Called by `web` with each piece of the body; it says when it wants the
 * next. Whoever made it discards it, whatever happened.
 */

import { BodyBuffer } from "./body-buffer.ts";
import { HTTPInputError } from "./errors.ts";
import { HTTPFile, type StoredContent } from "./http-file.ts";
import { type ParsedForm, pushTo } from "./multipart.ts";
import { multipartConfig, type ParseMultipartConfig } from "./multipart-config.ts";
import { MultipartReader, type PartHead, type PartSink } from "./multipart-reader.ts";
import { type TemporaryFile, type TemporaryFiles, temporaryFiles } from "./temporary-files.ts";

/** What is written at once: few calls, and little memory. */
const WRITE_SIZE = 512 * 1024;
/**
 * Buffers that the disk may have while another one is filled. With one on its way and one behind it
 * the disk never waits; a client that waits for it makes copies of what it has sent already.
 */
const MOST_WAITING = 2;
/** The disk, or this user's part of it, is full. */
const FULL = new Set(["ENOSPC", "EDQUOT"]);

/** Makes a form of a body that arrives in pieces. */
export class FormReceiver implements PartSink {
  /** What has been received; complete after `finish`. */
  readonly form: ParsedForm = { arguments: new Map(), files: new Map() };
  readonly #reader: MultipartReader;
  readonly #files: TemporaryFiles;
  readonly #where: string;
  /** Bytes of files that may still be held in memory. */
  #room: number;
  #head: PartHead | undefined;
  /** What has come of the current part, if that is in memory. */
  #kept = new BodyBuffer();
  /** The current file, if it is on disk. */
  #file: TemporaryFile | undefined;
  /** Bytes of it. */
  #size = 0;
  /** What has come of it and has not been given to the disk. */
  #buffer: Uint8Array | undefined;
  #filled = 0;
  /** Buffers that the disk has given back. */
  readonly #spare: Uint8Array[] = [];
  readonly #created: TemporaryFile[] = [];
  /** What the disk has still to do, one after the other. */
  #writing: Promise<void> | undefined;
  #waiting = 0;
  #failed = false;
  #discarded = false;

  /** Throws as `MultipartReader` does. `files` stands in for the disk in tests. */
  constructor(
    boundary: string,
    config: Partial<ParseMultipartConfig> = {},
    files: TemporaryFiles = temporaryFiles(config.directory),
  ) {
    const { maxMemory, directory = "the system's temporary folder" } = multipartConfig(config);
    this.#reader = new MultipartReader(boundary, this, config);
    this.#files = files;
    this.#where = directory;
    this.#room = maxMemory;
  }

  /**
   * Takes the next piece of the body. A promise settles when the next one may come: it rejects if
   * the disk fails, with HTTPInputError 507 if it is full. Throws HTTPInputError for a bad body.
   */
  write(bytes: Uint8Array): Promise<void> | undefined {
    this.#reader.write(bytes);
    const isAhead = this.#waiting >= MOST_WAITING;
    return isAhead || this.#failed || this.#reader.done ? this.#writing : undefined;
  }

  /** The body has ended, and `write` has settled. Throws HTTPInputError if it is not complete. */
  finish(): ParsedForm {
    this.#reader.finish();
    return this.form;
  }

  /** Removes every temporary file that has not been moved away. Never rejects. */
  async discard(): Promise<void> {
    if (this.#discarded) return;
    this.#discarded = true;
    await this.#writing?.catch(() => undefined);
    await Promise.allSettled(this.#created.map((file) => this.#drop(file)));
  }

  async #drop(file: TemporaryFile): Promise<void> {
    await file.close().catch(() => undefined);
    await this.#files.remove(file.path);
  }

  // What the reader says.

  begin(head: PartHead): void {
    this.#head = head;
  }

  data(bytes: Uint8Array): void {
    const isLong = this.#kept.length + bytes.length > this.#room;
    if (this.#file === undefined && isLong && this.#head?.filename !== undefined) this.#open();
    if (this.#file === undefined) this.#kept.append(bytes);
    else this.#append(bytes);
  }

  end(): void {
    const { name, filename, contentType } = this.#head as PartHead;
    if (filename === undefined) {
      pushTo(this.form.arguments, name, this.#kept.take());
      return;
    }
    let content: Uint8Array | StoredContent;
    if (this.#file === undefined) {
      this.#room -= this.#kept.length;
      content = this.#kept.take();
    } else {
      content = { path: this.#file.path, size: this.#size };
      this.#close(this.#file);
    }
    pushTo(this.form.files, name, new HTTPFile(filename, contentType, content));
  }

  // The disk.

  /** The current file is too long for memory. */
  #open(): void {
    this.#file = this.#files.create();
    this.#created.push(this.#file);
    this.#size = 0;
    this.#append(this.#kept.take());
  }

  #close(file: TemporaryFile): void {
    this.#store();
    this.#file = undefined;
    this.#enqueue(() => file.close());
  }

  /** Adds to a file on disk, by way of a buffer: pieces of a body can be small. */
  #append(bytes: Uint8Array): void {
    this.#size += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      this.#buffer ??= this.#spare.pop() ?? new Uint8Array(WRITE_SIZE);
      const piece = bytes.subarray(at, at + WRITE_SIZE - this.#filled);
      this.#buffer.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === WRITE_SIZE) this.#store();
    }
  }

  #store(): void {
    const file = this.#file as TemporaryFile;
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const bytes = buffer.subarray(0, this.#filled);
    this.#buffer = undefined;
    this.#filled = 0;
    this.#waiting++;
    this.#enqueue(async () => {
      await file.write(bytes);
      this.#waiting--;
      this.#spare.push(buffer);
    });
  }

  #enqueue(act: () => Promise<void>): void {
    const before = this.#writing;
    const done = (async () => {
      await before;
      try {
        await act();
      } catch (cause) {
        throw this.#failure(cause);
      }
    })();
    this.#writing = done;
    const forget = (): void => {
      if (this.#writing === done) this.#writing = undefined;
    };
    // Who awaits a later `write` hears of an error; if nobody does any more, it concerns nobody.
    done.then(forget, () => {
      this.#failed = true;
    });
  }

  #failure(cause: unknown): unknown {
    if (cause instanceof HTTPInputError) return cause;
    const { code = "", message } = cause as { code?: string; message: string };
    const text = `Cannot store an upload in ${this.#where}: ${message}`;
    return FULL.has(code) ? new HTTPInputError(text, 507, { cause }) : new Error(text, { cause });
  }
}
