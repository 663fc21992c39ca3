import { join } from "node:path";
import { defineConfig } from "vitest/config";

const isDeno = "Deno" in globalThis;
const runtime = isDeno ? "deno" : process.versions.bun === undefined ? "node" : "bun";
const others = ["node", "deno", "bun"].filter((name) => name !== runtime);

export default defineConfig({
  // Vite would take the host for Node on every runtime.
  resolve: { alias: { "#host": join(import.meta.dirname, `host-${runtime}`, "host.ts") } },
  test: {
    include: ["test/**/*.test.ts"],
    // `package.node.test.ts` is for Node alone, and so are the tests of Node's hosts.
    exclude: others.flatMap((name) => [`**/*.${name}.test.ts`, `test/hosts/${name}*.test.ts`]),
    testTimeout: 20_000,
    pool: "forks",
  },
});
