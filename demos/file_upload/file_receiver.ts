/**
 * Takes files: as a form of a page, or as the body of a PUT. Tornado's demo. Run it with
 * `node file_receiver.ts`, `bun run file_receiver.ts` or `deno run -A file_receiver.ts`, open
 * http://localhost:8888/, or send files with `file_uploader.ts`.
 */

import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { appLog } from "squall/log";
import { define, parseCommandLine } from "squall/options";
import { Application, RequestHandler, streamRequestBody } from "squall/web";

const port = define("port", { default: 8888, help: "Port to listen on" });
const folder = define("folder", { default: "uploads", help: "Where files are put" });
parseCommandLine();
await mkdir(folder.value, { recursive: true });

const page = `<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>Upload</title>
<form method="post" enctype="multipart/form-data">
  <input type="file" name="files" multiple>
  <button>Upload</button>
</form>`;

/** Where a file is put: under a name of ours, as the client's may be `../../etc/passwd`. */
function newPath(): string {
  return join(folder.value, randomUUID());
}

/** Files of a form: short ones are in memory, long ones on disk already, and are moved. */
class Form extends RequestHandler {
  get(): string {
    return page;
  }

  async post(): Promise<void> {
    const received: { name: string; size: number }[] = [];
    for (const file of [...this.request.files.values()].flat()) {
      await file.moveTo(newPath());
      received.push({ name: file.filename, size: file.size });
    }
    this.write({ received });
  }
}

/** The body of a PUT, written while it arrives: no part of it waits in memory for another. */
class Put extends RequestHandler {
  readonly #path = newPath();
  #file: FileHandle | undefined;
  #size = 0;
  #isWhole = false;

  override async prepare(): Promise<void> {
    this.request.connection.setMaxBodySize(10 * 1024 ** 3);
    this.#file = await open(this.#path, "wx");
  }

  override async dataReceived(chunk: Uint8Array): Promise<void> {
    this.#size += chunk.length;
    await this.#file?.write(chunk);
  }

  put(name: string): void {
    this.#isWhole = true;
    this.write({ received: [{ name, size: this.#size }] });
  }

  override onFinish(): void {
    void this.#end();
  }

  /** What has come of a body that broke off is worth nothing. What was refused has no file. */
  async #end(): Promise<void> {
    try {
      await this.#file?.close();
      if (!this.#isWhole) await rm(this.#path, { force: true });
    } catch (error) {
      appLog.error(`Cannot end the file ${this.#path}`, { error });
    }
  }
}
streamRequestBody(Put);

const application = new Application([
  ["/", Form],
  ["/(.+)", Put],
]);
const server = await application.listen(port.value);
console.log(`Receiving on http://localhost:${server.addresses[0]?.port}/`);
