/** A full disk: what is logged is lost, and nothing else. `/dev/full` is one, on Linux. */
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SizeRotatedFile, TimeRotatedFile } from "../../src/log/rotation.ts";
import { LineSink, plainFormat } from "../../src/log.ts";
import { RUN } from "../support/program.ts";

const FULL = "/dev/full";
const program = fileURLToPath(new URL("programs/full-disk.ts", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "squall-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

/** What the program prints, and its exit code, with standard error written to a file. */
function run(stderr: string, args: readonly string[]): Promise<{ output: string; code: unknown }> {
  const descriptor = openSync(stderr, "a");
  const child = spawn(process.execPath, [...RUN, program, ...args], {
    stdio: ["ignore", "pipe", descriptor],
  });
  closeSync(descriptor);
  let output = "";
  child.stdout?.on("data", (bytes) => {
    output += bytes;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ output, code }));
  });
}

describe.skipIf(!existsSync(FULL))("a process lives on (skipped without /dev/full)", () => {
  test.each([
    { where: "standard error", args: [] },
    { where: "standard error and a log file", args: [FULL] },
  ])("with $where on a full disk", async ({ args }) => {
    expect(await run(FULL, args)).toEqual({ output: "alive\n", code: 0 });
  });

  test("and says once that the log file cannot be written", async () => {
    const stderr = join(folder, "stderr");
    expect(await run(stderr, [FULL])).toEqual({ output: "alive\n", code: 0 });
    const text = readFileSync(stderr, "utf8");
    expect(text.match(/Cannot write log lines: .*(ENOSPC|No space)/gi)).toHaveLength(1);
    expect(text.match(/Cannot write a log record of other/g)).toHaveLength(1);
    expect(text.match(/Uncaught exception/g)).toHaveLength(3);
  });
});

test("a sink that fails is told of once, until it works again", () => {
  const told = vi.spyOn(console, "error").mockReturnValue();
  let isFull = true;
  const sink = new LineSink(plainFormat, () => {
    if (isFull) throw new Error("no room");
  });
  const record = { time: 0, logger: "a", message: "b", details: {}, source: "" };
  const logErrors = (): void => {
    for (let count = 0; count < 3; count++) sink.write({ ...record, level: "error" });
  };
  logErrors();
  expect(told).toHaveBeenCalledTimes(1);
  isFull = false;
  logErrors();
  isFull = true;
  logErrors();
  expect(told).toHaveBeenCalledTimes(2);
});

describe("a file that cannot be renamed is written to nevertheless", () => {
  test("by size", () => {
    const path = join(folder, "a.log");
    mkdirSync(`${path}.1`);
    writeFileSync(join(`${path}.1`, "in the way"), "");
    const file = new SizeRotatedFile(path, { maxSize: 8, backups: 1 });
    file.write("one\n");
    file.write("two\n");
    for (const line of ["three\n", "four\n"]) expect(() => file.write(line)).toThrow();
    file.close();
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\nthree\nfour\n");
  });

  test("by time", () => {
    const path = join(folder, "a.log");
    let now = new Date(2026, 10, 20, 22, 30).getTime();
    const blocking = `${path}.2026-11-20`;
    mkdirSync(blocking);
    writeFileSync(join(blocking, "in the way"), "");
    const rotation = { when: "midnight", interval: 1, backups: 0 } as const;
    const file = new TimeRotatedFile(path, rotation, () => now);
    file.write("one\n");
    now += 24 * 60 * 60 * 1000;
    expect(() => file.write("two\n")).toThrow();
    rmSync(blocking, { recursive: true });
    file.write("three\n");
    file.close();
    expect(readFileSync(blocking, "utf8")).toBe("one\ntwo\n");
    expect(readFileSync(path, "utf8")).toBe("three\n");
  });
});
