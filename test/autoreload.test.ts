/** Programs that are changed while they run. Each is a process of this runtime, in a folder of its own. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Program as AnyProgram, type Program, RUN, startProgram } from "./support/program.ts";
import { until } from "./support/until.ts";

const SOURCE = new URL("../src/", import.meta.url);
const quoted = (name: string): string => JSON.stringify(new URL(name, SOURCE).href);

/** Deno takes the meaning of `#host` from a manifest above the program: this repository's. */
const BUILD = fileURLToPath(new URL("../build/", import.meta.url));

let folder: string;
let program: Program | undefined;
let clock: number;

beforeEach(() => {
  folder = mkdtempSync(join(BUILD, "autoreload-"));
  clock = 1;
});

afterEach(async () => {
  await program?.end();
  program = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Writes a file, with a time of change of its own, however fast the test is. */
function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  clock++;
  utimesSync(path, clock, clock);
  return path;
}

function start(name: string, env: Record<string, string> = {}): Program {
  program = startProgram(pathToFileURL(join(folder, name)), { env, args: ["first", "second"] });
  return program;
}

/** Serves, says its version and port, and ends with the code that is asked for. */
const SERVER = `
import { addReloadHook, start, watch } from ${quoted("autoreload.ts")};
import { version } from "./version.ts";
import { createServer } from "node:http";
import process from "node:process";
watch(new URL("data.txt", import.meta.url).pathname);
addReloadHook(async () => { await null; console.log("hook"); });
addReloadHook(() => { throw new Error("the hook broke"); });
start({ checkTime: 10 });
createServer((request) => process.exit(Number(request.url?.slice(1))))
  .listen(Number(process.env.PORT ?? 0), "127.0.0.1", function () {
    console.log(version, this.address().port, process.argv.slice(2).join());
  });
`;

/** Takes its time to stop. */
const SERVER_THAT_STOPS = `${SERVER}
process.on("SIGTERM", () => {
  console.log("stopped");
  setTimeout(() => process.exit(5), 200);
});
`;

/** Not on Node before 22.15. */
const HEARS_SIGNALS = process.versions.deno !== undefined || process.execve !== undefined;

const ask = (port: string, code: number): Promise<unknown> =>
  fetch(`http://127.0.0.1:${port}/${code}`).catch(() => undefined);

describe("start", () => {
  beforeEach(() => {
    write("app.ts", SERVER);
    write("version.ts", 'export const version = "v1";\n');
  });

  test("starts the program again with a change, on the same port, also after an error", async () => {
    const { port } = await freePort();
    const running = startWithPort(port);
    await running.says(/v1 \d+ first,second\n/);
    write("version.ts", 'export const version = "v2";\n');
    await running.says(/hook\nv2 \d+ first,second\n/);
    expect(running.errors).toContain("the hook broke");
    write("version.ts", "export const version = ;\n");
    await until(() => running.errors.includes("waiting for a change"));
    write("version.ts", 'export const version = "v3";\n');
    await running.says(new RegExp(`v3 ${port} `));
    write("data.txt", "a file that came");
    await running.says(/v3[^v]*hook\nv3/);
    await ask(port, 0);
    expect(await running.ended).toBe(0);
  });

  test("ends as the program does", async () => {
    const running = start("app.ts");
    const [, port = ""] = await running.says(/v1 (\d+)/);
    await ask(port, 7);
    expect(await running.ended).toBe(7);
  });

  test("a signal goes on to the program, whose end the supervisor waits for", async () => {
    write("app.ts", SERVER_THAT_STOPS);
    const running = start("app.ts");
    await running.says(/v1 \d+/);
    running.kill("SIGTERM");
    // Where the supervisor hears no signals it is gone before.
    expect(await running.ended).toBe(HEARS_SIGNALS ? 5 : "SIGTERM");
    expect(running.output).toContain("stopped\n");
  });

  test("the program is told to end, once, when its supervisor is killed", async () => {
    write("app.ts", SERVER_THAT_STOPS);
    const running = start("app.ts");
    await running.says(/v1 \d+/);
    running.kill("SIGKILL");
    // Both hold the output open: the end of it is the end of both.
    expect(await running.ended).toBe("SIGKILL");
    expect(running.output.match(/stopped/g)).toHaveLength(1);
  });

  function startWithPort(port: string): Program {
    return start("app.ts", { PORT: port });
  }
});

test("Application.listen starts it with debug", async () => {
  write(
    "app.ts",
    `import { Application } from ${quoted("web.ts")};
import { name } from "./name.ts";
const app = new Application([], { debug: true });
const server = await app.listen(0, "127.0.0.1");
console.log(name, server.addresses.length);
`,
  );
  write("name.ts", 'export const name = "one";\n');
  const running = start("app.ts");
  await running.says(/one 1\n/);
  write("name.ts", 'export const name = "two";\n');
  await running.says(/^one 1\ntwo 1\n$/);
});

describe("squall autoreload", () => {
  function cli(...args: string[]): Program {
    const file = fileURLToPath(new URL("cli.ts", SOURCE));
    program = new AnyProgram(process.execPath, [...RUN, file, "autoreload", ...args], {});
    return program;
  }

  test("runs a program again that knows nothing of it, until it is told to end", async () => {
    write("value.ts", "export const value = 1;\n");
    const app = write(
      "app.ts",
      `import { value } from "./value.ts";
console.log("value", value, process.argv[2]);
setInterval(() => {}, 1000);
`,
    );
    const running = cli("--watch", join(folder, "data"), "--", app, "--flag");
    await running.says(/value 1 --flag\n/);
    write("value.ts", "export const value = 2 +;\n");
    await until(() => running.errors.includes("waiting for a change"));
    write("value.ts", "export const value = 2;\n");
    await running.says(/value 2 --flag\n/);
    write("data", "new");
    await running.says(/value 2[\s\S]*value 2/);
    running.kill("SIGTERM");
    await running.ended;
    expect(running.errors).toContain(`${join(folder, "data")} changed; starting again`);
  });

  test("ends with success if asked to", async () => {
    const app = write("app.ts", "process.exit(1);\n");
    const running = cli("--until-success", "--", app);
    await until(() => running.errors.includes("ended with code 1; waiting for a change"));
    write("app.ts", 'console.log("fine");\n');
    expect(await running.ended).toBe(0);
    expect(running.output).toBe("fine\n");
  });
});

async function freePort(): Promise<{ port: string }> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return { port: String(port) };
}
