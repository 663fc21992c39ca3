/** The gate's check of who may import whom, on a small product made for it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkLayers } from "../tools/check-layers.ts";

const root = process.cwd();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "squall-layers-"));
  process.chdir(folder);
});

afterEach(() => {
  process.chdir(root);
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  { name: "a line above", file: "src/web.ts", code: 'import { x } from "./httputil.ts";' },
  { name: "its own parts", file: "src/web.ts", code: 'import { x } from "./web/etag.ts";' },
  { name: "a part of the same module", file: "src/web/a.ts", code: 'export * from "./b.ts";' },
  { name: "a part its module", file: "src/web/a.ts", code: 'import type { x } from "../web.ts";' },
  { name: "bytes", file: "src/escape.ts", code: 'import { Buffer } from "node:buffer";' },
  { name: "the host", file: "src/ioloop.ts", code: 'import { host } from "#host";' },
  { name: "the seam", file: "host-bun/tcp.ts", code: 'import type { T } from "../src/host.ts";' },
  { name: "its runtime", file: "host-node/tcp.ts", code: 'import * as net from "node:net";' },
  { name: "what is built", file: "src/core/load.ts", code: 'import x from "../../build/core.js";' },
  { name: "an example", file: "src/web.ts", code: '/** import { Application } from "squall"; */' },
  { name: "the core itself", file: "core-wasm/http/a.ts", code: 'import { b } from "../bytes";' },
])("$name is fine", ({ file, code }) => {
  write(file, code);
  expect(checkLayers()).toEqual([]);
});

test.each([
  {
    name: "a line below",
    file: "src/httputil.ts",
    code: 'import { x } from "./web.ts";',
    fault: "imports src/web (line 14), but stands on line 10",
  },
  {
    name: "the same line",
    file: "src/routing.ts",
    code: 'import { x } from "./fetch.ts";',
    fault: "imports src/fetch (line 13), but stands on line 13",
  },
  {
    name: "a line below, by its type",
    file: "src/log.ts",
    code: 'import type { x } from "./web.ts";',
    fault: "imports src/web",
  },
  {
    name: "a line below, dynamically",
    file: "src/log.ts",
    code: 'await import("./web.ts");',
    fault: "imports src/web",
  },
  {
    name: "a module of the runtime, when it is needed",
    file: "src/escape.ts",
    code: 'process?.getBuiltinModule?.("node:fs");',
    fault: 'imports "node:fs", which src/escape may not use',
  },
  {
    name: "parts of another",
    file: "src/web.ts",
    code: 'export { x } from "./httputil/headers.ts";',
    fault: "imports src/httputil/headers.ts, which is private to src/httputil",
  },
  {
    name: "the runtime",
    file: "src/escape.ts",
    code: 'import "node:fs";',
    fault: 'imports "node:fs", which src/escape may not use',
  },
  {
    name: "a host",
    file: "src/web.ts",
    code: 'import { host } from "../host-node/host.ts";',
    fault: "imports host-node/host.ts: use #host",
  },
  {
    name: "#host",
    file: "src/web.ts",
    code: 'import { host } from "#host";',
    fault: 'imports "#host", which src/web may not use',
  },
  {
    name: "tests",
    file: "src/web.ts",
    code: 'import { x } from "../test/support/x.ts";',
    fault: "imports test/support/x.ts, which is not part of the product",
  },
  { name: "nothing known", file: "src/new.ts", code: "", fault: "is not in the table" },
])("$name is a fault", ({ file, code, fault }) => {
  write(file, code);
  expect(checkLayers()).toEqual([expect.stringContaining(`${file}: ${fault}`)]);
});

function write(file: string, code: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
}
