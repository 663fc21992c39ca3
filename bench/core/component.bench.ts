/**
 * What a call of the component costs beside one of the plain module: as `jco transpile` gives it on
 * this runtime, and on Node also in wasmtime, by way of Rust and Python where these are at hand.
 */

import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import * as core from "../../build/component/core.js";
import { DIGEST, INPUT } from "../../core-wasm/layout.ts";
import { memory, wasm } from "../../src/core/load.ts";
import { createSignedValue, SigningKey } from "../../src/core.ts";
import { compare, type Group, type Sampled } from "./rounds.ts";

const root = join(import.meta.dirname, "../..");
const cache = join(homedir(), ".cache/squall");
const component = join(root, "build/core.component.wasm");
const isNode = process.versions.bun === undefined && !("Deno" in globalThis);

/** The times that a program of embed/ measures itself, by the length of the head. */
function measured(command: string, args: readonly string[], env = {}): Map<number, number> {
  const options = { encoding: "utf8", env: { ...process.env, ...env } } as const;
  const { stdout } = spawnSync(command, [...args, component, "--measure"], options);
  const lines = (stdout ?? "").trim().split("\n");
  return new Map(lines.map((line) => line.split(" ").map(Number) as [number, number]));
}

const rust = isNode ? measured(join(cache, "embed-rust/debug/squall-core-embed"), []) : new Map();
const script = join(root, "embed/python/answer.py");
const path = { PYTHONPATH: join(cache, "wasmtime-py-50.0.1") };
const python = isNode ? measured("python3", [script], path) : new Map();

function once(nanoseconds: number | undefined): Sampled | undefined {
  return nanoseconds === undefined ? undefined : { sample: () => nanoseconds };
}

const start = "GET / HTTP/1.1\r\nHost: a\r\n";
const padding = 684 - start.length - "X-Padding: \r\n\r\n".length;
const heads = [`${start}\r\n`, `${start}X-Padding: ${"x".repeat(padding)}\r\n\r\n`];

function headGroup(text: string): Group {
  const head = Buffer.from(text);
  return {
    name: `request head of ${head.length} B, from bytes outside`,
    candidates: {
      "plain module": () => {
        memory.set(head, INPUT);
        return wasm.parseRequestHead(INPUT, head.length, 100, 8192);
      },
      "component, jco": () => core.http.parseRequest(head, 100, 8192),
      "component, wasmtime in Rust": once(rust.get(head.length)),
      "component, wasmtime in Python": once(python.get(head.length)),
    },
  };
}

const value = Buffer.from("user-1234567890-abcdefgh");
const key = new SigningKey("a secret");
const signer = core.signing.Signer.create(Buffer.from("a secret"));
const content = Buffer.alloc(65_536, "content ");

compare("component", [
  ...heads.map(headGroup),
  {
    name: "sign a value of 24 B",
    candidates: {
      "plain module": () => createSignedValue(key, "user", value, { timestamp: 1_763_683_200 }),
      "component, jco": () => signer.sign("user", value, 1_763_683_200n, 0),
    },
  },
  {
    name: "name of a content of 64 KiB",
    bytes: content.length,
    candidates: {
      "plain module": () => {
        memory.set(content, INPUT);
        return wasm.contentHash(INPUT, content.length, DIGEST);
      },
      "component, jco": () => core.hashing.contentVersion(content),
    },
  },
]);
