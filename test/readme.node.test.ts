/** README.md's first program and its commands, run as they stand there, by each runtime. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const program = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
const commands = Array.from(
  readme.matchAll(/^(node|bun run|deno run --allow-net) app$/gm),
  ([line]) => line.split(" "),
);

const folder = mkdtempSync(join(tmpdir(), "squall-readme-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// The package as the build makes it; any free port.
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
writeFileSync(
  join(folder, "app"),
  program
    .replace("listen(8888)", 'listen(0, "127.0.0.1")')
    .replace(/"squall(\/web)?"/g, (_all, part = "/index") =>
      JSON.stringify(join(root, `dist/src${part}.js`)),
    ),
);

test("there is a program, and a command for each runtime", () => {
  expect(program).toContain("Hello, world");
  expect(commands).toHaveLength(3);
});

test.each(commands.map((command) => ({ line: command.join(" "), command })))(
  "$line",
  async ({ command: [runtime = "", ...args] }) => {
    const env = { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };
    const server = spawn(runtime, args, { cwd: folder, env });
    let output = "";
    server.stderr.on("data", (bytes) => {
      output += bytes;
    });
    try {
      const url = await new Promise<string>((resolve, reject) => {
        server.on("exit", (code) => reject(new Error(`It ended with ${code}: ${output}`)));
        server.stdout.on("data", (bytes) => {
          output += bytes;
          const [found] = /http:\/\/127\.0\.0\.1:\d+\//.exec(output) ?? [];
          if (found !== undefined) resolve(found);
        });
      });
      expect(await (await fetch(url)).text()).toBe("Hello, world");
    } finally {
      server.kill("SIGKILL");
    }
  },
);
