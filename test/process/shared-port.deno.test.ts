/** Without FFI, Deno's sockets have no descriptors: children share the port by SO_REUSEPORT. */
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { Program } from "../support/program.ts";
import { until } from "../support/until.ts";

vi.setConfig({ testTimeout: 50_000 });

const PREFORK = fileURLToPath(new URL("./prefork.ts", import.meta.url));
const KINDS = ["net", "run", "env", "read", "sys"];
const flags = ["run", "--no-prompt", ...KINDS.map((kind) => `--allow-${kind}`)];

function start(...more: string[]): Program {
  const args = [...flags, ...more, PREFORK, JSON.stringify({ count: 2 })];
  return new Program(process.execPath, args, {});
}

test("with --unstable-net, which the children get too", async () => {
  const program = start("--unstable-net");
  try {
    await until(() => program.output.match(/task \d/g)?.length === 2, 45);
    const ports = new Set(Array.from(program.output.matchAll(/port (\d+)/g), ([, port]) => port));
    expect(ports.size).toBe(1);
    const answer = await fetch(`http://127.0.0.1:${[...ports][0]}/`);
    expect(await answer.text()).toMatch(/^Hello from \d+$/);
    program.kill();
    expect(await program.ended).toBe(0);
  } finally {
    await program.end();
  }
});

test("without it, the flags that help are named", async () => {
  const program = start();
  expect(await program.ended).toBe(1);
  expect(program.errors).toContain("--unstable-net");
  expect(program.errors).toContain("--allow-ffi");
});
