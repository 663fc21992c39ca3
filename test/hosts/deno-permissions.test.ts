/** What the hosts for Deno may reach, and what they say otherwise: each in a process of its own. */
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome, Task } from "./deno-child.ts";

const program = join(import.meta.dirname, "deno-child.ts");
let server: Server;
let port = 0;
let reached = 0;

beforeAll(async () => {
  server = createServer((socket) => {
    reached++;
    socket.on("error", () => {});
    socket.end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  port = (server.address() as { port: number }).port;
});
afterAll(() => {
  server.close();
});

/** By way of a shell: a Deno that is seen to start Deno gives it all permissions if it has none. */
async function run(
  flags: readonly string[],
  task: Task,
  variables: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const parts = ["run", "--no-check", "--no-prompt", ...flags, program, JSON.stringify(task)];
  const env = { ...process.env, SQUALL_TCP: "", ...variables, DENO: process.execPath };
  const shell = ["-c", 'exec "$DENO" "$@"', "sh", ...parts];
  const { stdout } = await promisify(execFile)("/bin/sh", shell, { env });
  return JSON.parse(stdout) as Outcome;
}

const somewhere = { host: "127.0.0.1", port: 0 };

describe("which host", () => {
  test.each([
    { flags: ["--allow-net"], name: "deno" },
    { flags: ["--allow-net", "--allow-ffi"], name: "deno-epoll" },
    { flags: ["--allow-net=127.0.0.1:0", "--allow-ffi"], name: "deno-epoll" },
  ])("$flags gives $name", async ({ flags, name }) => {
    const outcome = await run(flags, { host: "chosen", act: "listen", options: somewhere });
    expect(outcome).toEqual({ host: name, port: expect.any(Number) });
  });

  test.each([
    { flags: ["--allow-env"], name: "deno" },
    { flags: ["--allow-env=SQUALL_TCP"], name: "deno" },
    { flags: [], name: "deno-epoll" },
  ])("SQUALL_TCP=deno with $flags gives $name", async ({ flags, name }) => {
    const task = { host: "chosen", act: "listen", options: somewhere } as const;
    const all = ["--allow-net", "--allow-ffi", ...flags];
    expect((await run(all, task, { SQUALL_TCP: "deno" })).host).toBe(name);
  });
});

describe.each([
  { name: "deno", ffi: [] },
  { name: "deno-epoll", ffi: ["--allow-ffi"] },
])("$name", ({ name, ffi }) => {
  test("a port in use is named", async () => {
    const options = { host: "127.0.0.1", port };
    const outcome = await run(["--allow-net", ...ffi], { host: "chosen", act: "listen", options });
    expect(outcome).toMatchObject({ host: name, code: "EADDRINUSE" });
    expect(outcome.message).toMatch(new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: `));
  });

  test.each([
    { act: "listen", words: "listen on" },
    { act: "connect", words: "connect to" },
  ] as const)("without net, $act names the command line", async ({ act, words }) => {
    const task: Task = { host: "chosen", act, options: { host: "127.0.0.1", port: 9 } };
    const outcome = await run(ffi, task);
    expect(outcome).toMatchObject({ host: name, error: "NotCapable", code: "EACCES" });
    const line = `deno run --allow-net --allow-ffi ${program} ${JSON.stringify(task)}`;
    const one = "(or --allow-net=127.0.0.1:9, for that alone)";
    expect(outcome.message).toBe(
      `Cannot ${words} 127.0.0.1:9: permission is missing. Run: ${line} ${one}`,
    );
  });

  test("keeps what was allowed already in the command line", async () => {
    const outcome = await run([...ffi, "--allow-env"], {
      host: "chosen",
      act: "listen",
      options: { port: 0 },
    });
    expect(outcome.message).toContain("Run: deno run --allow-env --allow-net --allow-ffi ");
    expect(outcome.message).toContain("Cannot listen on 0.0.0.0:0: ");
  });

  test("reaches the address that is allowed", async () => {
    const before = reached;
    const flags = [...ffi, `--allow-net=127.0.0.1:${port}`];
    const options = { host: "127.0.0.1", port };
    expect(await run(flags, { host: "chosen", act: "connect", options })).toEqual({ host: name });
    expect(reached).toBe(before + 1);
  });

  test.each([
    { what: "another port", allow: "127.0.0.1:1", host: "127.0.0.1" },
    { what: "another address", allow: "127.0.0.2", host: "127.0.0.1" },
    { what: "a name for an allowed address", allow: "127.0.0.1", host: "localhost" },
    { what: "a name written as a number", allow: "127.0.0.2", host: "2130706433" },
  ])("does not reach $what", async ({ allow, host }) => {
    const before = reached;
    const flags = [...ffi, `--allow-net=${allow}`];
    const outcome = await run(flags, { host: "chosen", act: "connect", options: { host, port } });
    expect(outcome).toMatchObject({ host: name, error: "NotCapable" });
    expect(reached).toBe(before);
  });

  test("does not reach a denied address through a name that is allowed", async () => {
    const before = reached;
    const flags = [...ffi, "--allow-net", `--deny-net=127.0.0.1:${port}`];
    const options = { host: "localhost", port };
    const outcome = await run(flags, { host: "chosen", act: "connect", options });
    expect(outcome).toMatchObject({ host: name, error: "NotCapable" });
    expect(reached).toBe(before);
  });

  test.each([
    { act: "connect", host: "::ffff:127.0.0.1" },
    // As the resolver writes what a name stands for.
    { act: "connect", host: "0:0:0:0:0:ffff:7f00:1" },
    { act: "listen", host: "::ffff:7f00:1" },
  ] as const)("a denied address stays so as $host: $act", async ({ act, host }) => {
    const before = reached;
    const flags = [...ffi, "--allow-net", `--deny-net=127.0.0.1:${port}`];
    const outcome = await run(flags, { host: "chosen", act, options: { host, port } });
    expect(outcome).toMatchObject({ host: name, error: "NotCapable" });
    expect(reached).toBe(before);
  });

  test("a Unix socket needs read, write and net for its path", async () => {
    const path = "/nowhere/app.sock";
    const outcome = await run([...ffi, "--allow-net=127.0.0.1"], {
      host: "chosen",
      act: "listen",
      options: { path },
    });
    expect(outcome).toMatchObject({ host: name, error: "NotCapable" });
    const flags = `--allow-read=${path} --allow-write=${path} --allow-net=unix:${path}`;
    expect(outcome.message).toContain(`Cannot listen on ${path}: permission is missing. Run: `);
    expect(outcome.message).toContain(flags);
  });
});

test("deno: reusePort names the flag that it needs", async () => {
  const options = { ...somewhere, reusePort: true };
  const outcome = await run(["--allow-net"], { host: "chosen", act: "listen", options });
  expect(outcome).toMatchObject({ host: "deno", code: "ENOTSUP" });
  expect(outcome.message).toContain("deno run --unstable-net --allow-net ");
});
