/**
 * Holds the table of docs/architecture.md "Who may import whom" against every file of the product:
 * a file may import only from a line above its own, and a folder's parts are private to its module.
 * Called by tools/ok.ts; runs alone as `npx node tools/check-layers.ts`.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** What a module may import besides the lines above it and its own parts. */
const COMMON = ["node:buffer"];

/** What the hosts for Bun and Deno share with the one for Node: its epoll addon, and what drives it. */
const ADDON = ["host-node/native", "host-node/polled", "host-node/addresses"];
const COLLECTOR = "host-node/quiet-collector";

type Line = {
  readonly modules: string;
  readonly also?: Readonly<Record<string, readonly string[]>>;
};

/** Line by line from the bottom up. `also` lists what single modules may use beyond the lines above. */
const lines: readonly Line[] = [
  {
    modules: "src/host src/util src/collector",
    also: { "src/util": ["node:events"], "src/collector": ["node:v8", "node:vm"] },
  },
  {
    modules: "src/tls src/happy-eyeballs host-node host-deno host-bun",
    also: {
      "src/tls": ["node:crypto", "node:net", "node:stream", "node:tls"],
      "host-node": ["node:*", "src/tls", "src/happy-eyeballs"],
      "host-deno": ["node:*", "src/tls", ...ADDON, COLLECTOR],
      "host-bun": ["node:*", "bun:*", "bun", "src/tls", ...ADDON],
    },
  },
  { modules: "core-wasm", also: { "core-wasm": ["build/core-tables"] } },
  {
    modules: "src/core",
    also: {
      "src/core": ["core-wasm/layout", "core-wasm/status", "core-wasm/http/names", "build/*"],
    },
  },
  { modules: "src/escape" },
  { modules: "src/log", also: { "src/log": ["node:fs", "node:path", "node:process"] } },
  {
    modules: "src/ioloop src/shutdown",
    also: {
      "src/ioloop": ["#host", "node:inspector", "node:os", "node:process", "node:worker_threads"],
      "src/shutdown": ["node:process"],
    },
  },
  {
    modules: "src/netutil src/locks src/process",
    also: {
      "src/netutil": ["node:dns/promises", "node:fs/promises"],
      "src/process": ["node:child_process", "node:os", "node:process", "node:stream"],
    },
  },
  {
    modules: "src/iostream src/queues src/autoreload",
    also: {
      "src/iostream": ["node:fs"],
      "src/autoreload": [
        "node:child_process",
        "node:fs",
        "node:module",
        "node:os",
        "node:path",
        "node:process",
        "node:url",
        "node:worker_threads",
      ],
    },
  },
  {
    modules: "src/tcpserver src/tcpclient src/httputil",
    also: {
      "src/httputil": [
        "node:crypto",
        "node:fs",
        "node:fs/promises",
        "node:os",
        "node:path",
        "node:process",
      ],
    },
  },
  {
    modules: "src/http1connection src/decompression",
    also: { "src/decompression": ["node:stream", "node:zlib"] },
  },
  {
    modules: "src/httpserver src/httpclient src/template src/locale",
    also: {
      "src/httpclient": [
        "node:crypto",
        "node:fs/promises",
        "node:os",
        "node:stream",
        "node:timers",
      ],
      "src/locale": ["node:fs", "node:path"],
      "src/template": ["node:fs", "node:path"],
    },
  },
  { modules: "src/routing src/fetch" },
  {
    modules: "src/web",
    also: { "src/web": ["node:fs", "node:fs/promises", "node:path", "node:url", "node:zlib"] },
  },
  {
    modules: "src/websocket src/pubsub src/wsgi src/auth src/options src/database src/s3server",
    also: {
      "src/options": ["node:fs", "node:module", "node:path", "node:process"],
      "src/websocket": ["node:zlib"],
    },
  },
  {
    modules: "src/testing src/cli",
    also: { "src/testing": ["node:process"], "src/cli": ["node:*"] },
  },
  { modules: "src/index" },
];

const lineOf = new Map<string, number>();
lines.forEach((line, number) => {
  for (const name of line.modules.split(" ")) lineOf.set(name, number);
});

/** `src/web/etag.ts` belongs to `src/web`, `host-node/tcp.ts` to `host-node`. */
function moduleOf(file: string): string {
  const parts = file.replace(/\.(ts|js)$/, "").split("/");
  return parts[0] === "src" ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
}

function importsOf(file: string): string[] {
  const code = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const found = code.matchAll(/\b(?:from|import|getBuiltinModule)\s*(?:\?\.)?\(?\s*"([^"\n$]+)"/g);
  return Array.from(found, (match) => match[1] ?? "");
}

function allows(patterns: readonly string[], name: string): boolean {
  return patterns.some((p) => (p.endsWith("*") ? name.startsWith(p.slice(0, -1)) : name === p));
}

/** Why `file` may not import `specifier`, or undefined if it may. */
function fault(file: string, specifier: string): string | undefined {
  const own = moduleOf(file);
  const line = lineOf.get(own);
  if (line === undefined) return `is not in the table of tools/check-layers.ts`;
  const target = specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier;
  const also = [...COMMON, ...(lines[line]?.also?.[own] ?? [])];
  if (allows(also, target.replace(/\.(ts|js)$/, ""))) return undefined;
  if (!specifier.startsWith(".")) return `imports "${specifier}", which ${own} may not use`;

  const other = moduleOf(target);
  if (other === own) return undefined;
  const otherLine = lineOf.get(other);
  if (otherLine === undefined) return `imports ${target}, which is not part of the product`;
  if (!other.startsWith("src/")) return `imports ${target}: use #host or src/core instead`;
  if (target.split("/").length > 2) return `imports ${target}, which is private to ${other}`;
  if (otherLine < line) return undefined;
  return `imports ${other} (line ${otherLine + 1}), but stands on line ${line + 1}`;
}

/** Every import that breaks the table, as `file: why`. */
export function checkLayers(): string[] {
  const files = globSync(["src/**/*.ts", "host-*/**/*.ts", "core-wasm/**/*.ts"]).sort();
  const faults = files.flatMap((file) => {
    const why = importsOf(file).map((specifier) => fault(file, specifier));
    if (!lineOf.has(moduleOf(file))) why.push("is not in the table of tools/check-layers.ts");
    return why.filter((text) => text !== undefined).map((text) => `${file}: ${text}`);
  });
  return [...new Set(faults)];
}

if (import.meta.main) {
  const faults = checkLayers();
  for (const text of faults) console.error(text);
  if (faults.length > 0) process.exitCode = 1;
}
