/** Programs that run beside this one. */
import { expect, test } from "vitest";
import { CalledProcessError, Subprocess } from "../../src/process.ts";
import { ExpectLog } from "../../src/testing.ts";
import { pass, until } from "../support/until.ts";

const { STREAM } = Subprocess;

async function textOf(stream: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  let text = "";
  for await (const bytes of stream ?? []) text += Buffer.from(bytes).toString();
  return text;
}

test("input and output are streams", async () => {
  const child = new Subprocess(["cat"], { stdin: STREAM, stdout: STREAM });
  child.stdin?.end("through the cat");
  expect(await textOf(child.stdout)).toBe("through the cat");
  expect(await child.waitForExit()).toBe(0);
  expect(child.returnCode).toBe(0);
  expect(child.stderr).toBeUndefined();
});

test("what a program has written can be read when it has ended", async () => {
  const command = ["sh", "-c", "head -c 30000 /dev/zero; echo no >&2"];
  const child = new Subprocess(command, { stdout: STREAM, stderr: STREAM });
  await child.waitForExit();
  // The runtimes have heard of all that the pipes bring.
  await pass(50);
  expect((await textOf(child.stdout)).length).toBe(30000);
  expect(await textOf(child.stderr)).toBe("no\n");
});

test("a program that nobody reads waits, and goes on when somebody does", async () => {
  const child = new Subprocess(["sh", "-c", "head -c 3000000 /dev/zero"], { stdout: STREAM });
  await until(() => (child.stdout?.readableLength ?? 0) > 0);
  await pass(50);
  expect(child.stdout?.readableLength).toBeLessThan(1_000_000);
  expect((await textOf(child.stdout)).length).toBe(3_000_000);
  expect(await child.waitForExit()).toBe(0);
});

test("who reads no more closes the pipe", async () => {
  const child = new Subprocess(["sh", "-c", "while echo y; do :; done; exit 4"], {
    stdout: STREAM,
  });
  child.stdout?.destroy();
  // By a signal, or by itself.
  expect([4, -13]).toContain(await child.waitForExit(false));
});

test("the output of a program that cannot be started is empty", async () => {
  const child = new Subprocess(["/no/such/program"], { stdout: STREAM });
  expect(await textOf(child.stdout)).toBe("");
  await expect(child.waitForExit()).rejects.toThrow("ENOENT");
});

test("an exit code other than 0 rejects, unless that is not wanted", async () => {
  const command = ["sh", "-c", "echo no >&2; exit 3"];
  const child = new Subprocess(command, { stderr: STREAM });
  const codes: number[] = [];
  child.setExitCallback((code) => codes.push(code));
  expect(await textOf(child.stderr)).toBe("no\n");
  const error = await child.waitForExit().catch((reason) => reason);
  expect(error).toBeInstanceOf(CalledProcessError);
  expect(error).toMatchObject({ returnCode: 3, command });
  expect(error.message).toBe('Command "sh -c echo no >&2; exit 3" returned 3');
  expect(await child.waitForExit(false)).toBe(3);
  await until(() => codes.length > 0);
  expect(codes).toEqual([3]);
});

test("what an exit callback throws, or rejects with, is logged, and ends nobody's program", async () => {
  const child = new Subprocess(["true"]);
  const log = new ExpectLog("squall.application", "Exception in callback");
  child.setExitCallback(() => {
    throw new Error("sync");
  });
  child.setExitCallback(() => Promise.reject(new Error("async")));
  await until(() => log.records.length === 2);
  log.close();
});

test("text, which no shell takes apart, is refused", () => {
  expect(() => new Subprocess("ls -l" as unknown as string[])).toThrow(TypeError);
});

test("a signal shows as its number, below zero", async () => {
  const child = new Subprocess(["sleep", "60"]);
  expect(child.returnCode).toBeUndefined();
  child.sendSignal("SIGTERM");
  await expect(child.waitForExit()).rejects.toThrow("was ended by signal 15");
  expect(child.returnCode).toBe(-15);
  // There is nobody to send it to any more.
  child.sendSignal("SIGTERM");
});

test("has a folder and an environment of its own", async () => {
  const options = { cwd: "/", env: { PATH: process.env.PATH, NAME: "Ada" }, stdout: STREAM };
  const child = new Subprocess(["sh", "-c", 'echo "$NAME in $(pwd)"'], options);
  expect(await textOf(child.stdout)).toBe("Ada in /\n");
});

test("a program that is not there rejects with ENOENT", async () => {
  const child = new Subprocess(["no-such-program-here"]);
  await expect(child.waitForExit()).rejects.toMatchObject({ code: "ENOENT" });
});
