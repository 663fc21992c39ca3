/**
 * The package as npm gets it, installed into an empty folder and run by every runtime there is.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pack } from "../tools/pack.ts";
import { Program } from "./support/program.ts";

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules/.bin");
let folder: string;
let installed: string;

const APP = `
import { banner } from "squall";
import { Application, RequestHandler } from "squall/web";

class MainHandler extends RequestHandler {
  get(name) {
    this.write("Hello, " + name);
  }
}

const app = new Application([["/(\\\\w+)", MainHandler]]);
const server = await app.listen(0, "127.0.0.1");
console.log(banner(server));
`;

beforeAll(async () => {
  const tarball = await pack();
  folder = mkdtempSync(join(tmpdir(), "squall-package-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
  writeFileSync(join(folder, "app.js"), APP);
  const options = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  execFileSync("npm", ["install", ...options, tarball], { cwd: folder, stdio: "pipe" });
  installed = join(folder, "node_modules/squall");
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The oldest Node of the system that the package claims to run on. */
function systemNode(): string | undefined {
  const found = spawnSync("which", ["-a", "node"], { encoding: "utf8" }).stdout.split("\n");
  return found.find((path) => path !== "" && versionOf(path).startsWith("v20."));
}

function versionOf(node: string): string {
  return spawnSync(node, ["--version"], { encoding: "utf8" }).stdout;
}

const node20 = systemNode();
const runtimes = [
  { name: "Node 20", command: node20 ?? "", args: [], isMissing: node20 === undefined },
  { name: "Node", command: process.execPath, args: [] },
  { name: "Deno", command: join(bin, "deno"), args: ["run", "--no-prompt", "--allow-net"] },
  { name: "Bun", command: join(bin, "bun"), args: ["run"] },
];

for (const { name, command, args, isMissing = false } of runtimes) {
  test.skipIf(isMissing)(`${name} serves hello world from the installed package`, async () => {
    const server = spawn(command, [...args, "app.js"], { cwd: folder });
    let output = "";
    server.stderr.on("data", (bytes) => {
      output += bytes;
    });
    try {
      const url = await new Promise<string>((resolve, reject) => {
        server.on("exit", (code) => reject(new Error(`${name} ended with ${code}: ${output}`)));
        server.stdout.on("data", (bytes) => {
          output += bytes;
          const [line] = /http:\/\/127\.0\.0\.1:\d+\//.exec(output) ?? [];
          if (line !== undefined) resolve(line);
        });
      });
      const response = await fetch(`${url}world`);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe("Hello, world");
    } finally {
      server.kill("SIGKILL");
    }
  });
}

/** Started again when its version changes; works in a thread. */
const RELOADED = `
import { start } from "squall/autoreload";
import { IOLoop } from "squall/ioloop";
import { version } from "./version.js";
start({ checkTime: 20 });
const task = new URL("./work.js#double", import.meta.url);
console.log(version, await IOLoop.current().runInExecutor(undefined, task, 21));
setInterval(() => undefined, 1000);
`;

for (const { name, command, args, isMissing = false } of runtimes) {
  test.skipIf(isMissing)(`${name} works in threads and starts again from the package`, async () => {
    const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
    write("reloaded.js", RELOADED);
    write("work.js", "export const double = (number) => 2 * number;");
    write("version.js", 'export const version = "first";');
    const permissions = name === "Deno" ? ["--allow-read", "--allow-env", "--allow-run"] : [];
    const line = [...args, ...permissions, join(folder, "reloaded.js")];
    const program = new Program(command, line, {});
    try {
      await program.says(/first 42\n/);
      write("version.js", 'export const version = "another";');
      await program.says(/another 42\n/);
    } finally {
      await program.end();
    }
  });
}

/** Prints where an error of the package was thrown. */
const THROWN = `
import { Application } from "squall/web";
try {
  new Application([]).reverseUrl("nope");
} catch (error) {
  console.log(error.stack);
}
`;

for (const { name, command, args, isMissing = false } of runtimes) {
  test.skipIf(isMissing)(`${name} names lines that the package's files have`, () => {
    writeFileSync(join(folder, "thrown.js"), THROWN);
    const stack = execFileSync(command, [...args, "thrown.js"], { cwd: folder, encoding: "utf8" });
    const [, file = "", line = ""] = /(application\.js):(\d+)/.exec(stack) ?? [];
    const lines = readFileSync(join(installed, "src/web", file), "utf8").split("\n");
    expect(lines[Number(line) - 1]).toContain("throw new Error");
  });
}

test("the package has compiled files only", () => {
  const files = globSync("**/*", { cwd: installed });
  const sources = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"));
  expect(sources).toEqual([]);
  for (const file of files.filter((name) => /\.(js|d\.ts)$/.test(name))) {
    const imports = readFileSync(join(installed, file), "utf8").matchAll(/ from "(\.[^"]+)"/g);
    for (const [, path = ""] of imports) {
      expect(path, file).toMatch(/\.js$/);
      expect(existsSync(join(installed, file, "..", path)), `${file}: ${path}`).toBe(true);
    }
  }
  for (const file of [
    "README.md",
    "docs/guide/web.md",
    "LICENSE",
    "NOTICE",
    "build/core.js",
    "build/core-scalar.js",
  ]) {
    expect(files).toContain(file);
  }
});

test("its manifest has no scripts and no dependencies, and its targets exist", () => {
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  expect(manifest).not.toHaveProperty("scripts");
  expect(manifest).not.toHaveProperty("dependencies");
  expect(manifest).not.toHaveProperty("devDependencies");
  expect(manifest).not.toHaveProperty("private");
  expect(manifest).toMatchObject({ gypfile: false, engines: { node: ">=20.19" } });
  expect(Object.keys(manifest.imports["#host"])).toEqual(["deno", "bun", "node"]);
  const targets = [...Object.values(manifest.exports), manifest.imports["#host"]].flatMap(
    (entry) => (typeof entry === "string" ? [entry] : Object.values(entry as object)),
  );
  for (const target of targets) expect(existsSync(join(installed, target)), target).toBe(true);
});

const TYPED = APP.replace("get(name)", "get(name: string): void");

/** What a type checker says. */
function check(program: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(join(bin, program), args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return stdout + stderr;
}

test("a TypeScript program type-checks against its declarations", () => {
  writeFileSync(join(folder, "app.ts"), TYPED);
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const modules = Object.keys(manifest.exports).filter((name) => !/\.(json|wasm|wit)$/.test(name));
  const imports = modules.map((name) => `import "squall${name.slice(1)}";`).join("\n");
  writeFileSync(join(folder, "all.ts"), imports);
  // Not tsconfig.json, which Deno would read too.
  writeFileSync(
    join(folder, "tsc.json"),
    JSON.stringify({ compilerOptions, files: ["app.ts", "all.ts"] }),
  );
  expect(check("tsc", "-p", "tsc.json")).toBe("");
});

const USE = `
import { render } from "./templates-compiled/page.html.js";
import { loader } from "./templates-compiled/templates.js";
console.log(render({ title: "T" }), loader.load("page.html"));
// @ts-expect-error title is missing
render({});
`;

test("deno check accepts a program without types of Node, and knows the names of templates", () => {
  writeFileSync(join(folder, "app.ts"), TYPED);
  writeFileSync(join(folder, "use.ts"), USE);
  mkdirSync(join(folder, "templates"));
  writeFileSync(join(folder, "templates/page.html"), "{{ title }}");
  const cli = join(folder, "node_modules/.bin/squall");
  execFileSync(cli, ["templates", "build", "templates"], { cwd: folder, stdio: "pipe" });
  expect(check("deno", "check", "--quiet", "app.ts", "use.ts")).toBe("");
});
