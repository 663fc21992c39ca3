/**
 * The contract's tests of descriptors that are not the host's own: a named pipe, whose two ends are
 * open here. Hosts without epoll say so.
 */
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DescriptorWatch, READABLE, WRITABLE } from "../../../src/host.ts";
import { pass, until } from "../../support/until.ts";
import type { Bench } from "./bench.ts";

export function testDescriptors(bench: Bench, name: string): void {
  describe("a descriptor of the caller's own", () => {
    let folder = "";
    let fd = -1;
    let watch: DescriptorWatch | undefined;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "squall-test-"));
      const path = join(folder, "pipe");
      execFileSync("mkfifo", [path]);
      fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    });

    afterEach(() => {
      watch?.close();
      closeSync(fd);
      rmSync(folder, { recursive: true });
    });

    const read = (): string => {
      const bytes = Buffer.alloc(100);
      return bytes.toString("latin1", 0, readSync(fd, bytes));
    };

    if (!name.endsWith("epoll")) {
      test("is refused, with what to use instead", () => {
        expect(() => bench.tcp.watch(fd, READABLE, () => undefined)).toThrow(
          `Cannot watch descriptor ${fd}: the host ${name} does not use epoll. Use the streams of`,
        );
      });
      return;
    }

    test("says when there is something to read, again and again", async () => {
      const texts: string[] = [];
      watch = bench.tcp.watch(fd, READABLE, (events) => {
        expect(events & READABLE).toBe(READABLE);
        texts.push(read());
      });
      for (const text of ["one", "two"]) {
        writeSync(fd, text);
        await until(() => texts.includes(text));
      }
      await pass(5);
      expect(texts).toEqual(["one", "two"]);
    });

    test("says it until it is read", async () => {
      let calls = 0;
      writeSync(fd, "text");
      watch = bench.tcp.watch(fd, READABLE, () => {
        calls++;
        if (calls === 5) read();
      });
      await until(() => calls === 5);
      await pass(5);
      expect(calls).toBe(5);
    });

    test("can be watched for something else, and no more", async () => {
      const seen: number[] = [];
      writeSync(fd, "text");
      const own = bench.tcp.watch(fd, WRITABLE, (events) => {
        seen.push(events);
        if (seen.length === 1) own.change(READABLE);
        else own.close();
      });
      await until(() => seen.length === 2);
      own.close();
      own.change(WRITABLE);
      await pass(5);
      expect(seen).toEqual([WRITABLE, READABLE]);
      expect(read()).toBe("text");
    });

    test("wakes nobody once it is not watched, though there is something to read", async () => {
      writeSync(fd, "text");
      // The system would take the second for the first, if it still knew that.
      for (let round = 0; round < 3; round++) {
        let calls = 0;
        const own = bench.tcp.watch(fd, READABLE, () => {
          calls++;
          own.close();
        });
        await until(() => calls === 1);
      }
      expect(read()).toBe("text");
    });

    test("may throw, and is called again", async () => {
      let calls = 0;
      const thrown: unknown[] = [];
      const caught = (error: unknown): void => {
        thrown.push(error);
      };
      const listeners = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.on("uncaughtException", caught);
      try {
        writeSync(fd, "text");
        watch = bench.tcp.watch(fd, READABLE, () => {
          calls++;
          if (calls === 1) throw new Error("thrown by a watcher");
          read();
        });
        await until(() => calls === 2 && thrown.length === 1);
        expect(String(thrown[0])).toBe("Error: thrown by a watcher");
      } finally {
        process.off("uncaughtException", caught);
        for (const listener of listeners) process.on("uncaughtException", listener);
      }
    });

    test.each([
      { what: "a file", code: "EPERM", number: () => openSync(join(folder, "file"), "w") },
      { what: "a number that is none", code: "EBADF", number: () => 987_654 },
    ])("$what is an error", ({ code, number }) => {
      const other = number();
      const watching = (): unknown => bench.tcp.watch(other, READABLE, () => undefined);
      expect(watching).toThrow(expect.objectContaining({ code }));
      if (code === "EPERM") closeSync(other);
    });
  });
}
