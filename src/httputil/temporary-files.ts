/**
 * Files for what is too long for memory. `form-receiver.ts` makes and removes them; what a process
 * leaves when it exits is removed then. Only a kill without a word leaves files behind.
 */

import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** One temporary file that is being written. */
export interface TemporaryFile {
  readonly path: string;
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Makes and removes temporary files. */
export interface TemporaryFiles {
  /** A file that is made when something is first written to it. */
  create(): TemporaryFile;
  remove(path: string): Promise<void>;
}

const present = new Set<string>();

/** Temporary files in a folder, the system's own if undefined. */
export function temporaryFiles(directory: string | undefined): TemporaryFiles {
  return { create: () => new NewFile(directory ?? tmpdir()), remove };
}

class NewFile implements TemporaryFile {
  readonly path: string;
  #handle: FileHandle | undefined;

  constructor(directory: string) {
    // Nobody else can guess the name.
    this.path = join(directory, `squall-upload-${randomUUID()}`);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#handle === undefined) {
      if (present.size === 0) process.once("exit", removeAll);
      present.add(this.path);
      // It must not be there yet, and nobody else may read it.
      this.#handle = await open(this.path, "wx", 0o600);
    }
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at);
      at += bytesWritten;
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true });
  present.delete(path);
  if (present.size === 0) process.removeListener("exit", removeAll);
}

/** At the process's end, when nothing can be awaited any more. */
function removeAll(): void {
  for (const path of present) rmSync(path, { force: true });
}
