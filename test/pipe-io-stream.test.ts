/** PipeIOStream over both ends of a named pipe, on the sockets of the runtime that runs the tests. */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IOLoop } from "../src/ioloop.ts";
import { PipeIOStream, StreamBufferFullError, StreamClosedError } from "../src/iostream.ts";
import { limitsOf } from "./hosts/limits.ts";
import { createFakeHost } from "./support/fake-host.ts";
import { runtimeLoop as loop } from "./support/runtime-loop.ts";
import { until } from "./support/until.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "squall-pipe-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Both ends: the one for reading does not block, the other one does. */
function openPipe(): [readEnd: number, writeEnd: number] {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return [readEnd, openSync(path, constants.O_WRONLY)];
}

const { noWatch } = limitsOf(loop.host.name);
const skipped = noWatch === undefined ? "" : ` (skipped: ${noWatch})`;

describe.skipIf(noWatch !== undefined)(`on ${loop.host.name}${skipped}`, () => {
  function streams(): [PipeIOStream, PipeIOStream] {
    const [readEnd, writeEnd] = openPipe();
    return [new PipeIOStream(readEnd, { loop }), new PipeIOStream(writeEnd, { loop })];
  }

  test("carries lines and ends", async () => {
    const [reader, writer] = streams();
    await writer.write("one\ntwo\nthr");
    expect(text(await reader.readUntil("\n"))).toBe("one\n");
    expect(text(await reader.readBytes(4))).toBe("two\n");
    await writer.write("ee");
    writer.close();
    expect(text(await reader.readUntilClose())).toBe("three");
    expect([reader.closed, reader.error]).toEqual([true, undefined]);
    await expect(reader.readBytes(1)).rejects.toBeInstanceOf(StreamClosedError);
    expect(() => closeSync(writer.fd)).toThrow(/EBADF|Bad file descriptor/);
  });

  test("more than a pipe holds, as fast as it is read", async () => {
    const [reader, writer] = streams();
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
    const written = writer.write(bytes);
    writer.close();
    expect(Buffer.from(await reader.readUntilClose()).equals(Buffer.from(bytes))).toBe(true);
    await written;
  });

  test("a writer learns that nobody reads any more", async () => {
    const [reader, writer] = streams();
    const writing = writer.write(new Uint8Array(1_000_000));
    reader.close();
    await expect(writing).rejects.toMatchObject({ cause: { code: "EPIPE" } });
    await until(() => writer.closed);
    expect(writer.error).toMatchObject({ code: "EPIPE" });
  });

  test("so does one that does not write", async () => {
    const [reader, writer] = streams();
    const closed = new Promise<void>((resolve) => writer.setCloseCallback(resolve));
    reader.close();
    await closed;
    expect(writer.error).toMatchObject({ code: "EPIPE" });
  });

  test("a reader that is not read holds the writer back", async () => {
    const [readEnd, writeEnd] = openPipe();
    const reader = new PipeIOStream(readEnd, { loop, maxBufferSize: 100_000 });
    const writer = new PipeIOStream(writeEnd, { loop, maxWriteBufferSize: 1_000_000 });
    const writing = writer.write(new Uint8Array(1_000_000));
    await expect(writer.write("more")).rejects.toBeInstanceOf(StreamBufferFullError);
    await reader.readBytes(1);
    expect(writer.writing).toBe(true);
    let left = 999_999;
    while (left > 0) left -= (await reader.readBytes(65_536, { partial: true })).length;
    await writing;
    reader.close();
    writer.close();
  });

  test("another program's output", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const reader = new PipeIOStream(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), {
      loop,
    });
    const child = spawn("sh", ["-c", `echo hello > ${path}`]);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    expect(text(await reader.readUntilClose())).toBe("hello\n");
    await exited;
  });

  test("refuses a file, which is always ready", () => {
    const path = join(folder, "file");
    writeFileSync(path, "hello");
    const fd = openSync(path, "r");
    expect(() => new PipeIOStream(fd, { loop })).toThrow(/EPERM/);
    closeSync(fd);
  });
});

test("is refused without epoll", () => {
  const fake = new IOLoop(createFakeHost());
  expect(() => new PipeIOStream(0, { loop: fake })).toThrow("the host fake does not use epoll");
});
