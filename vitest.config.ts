import { defineConfig } from "vitest/config";

const isDeno = "Deno" in globalThis;
const runtime = isDeno ? "deno" : process.versions.bun === undefined ? "node" : "bun";
const others = ["node", "deno", "bun"].filter((name) => name !== runtime);

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // `host.node.test.ts` is for Node alone, and so on.
    exclude: others.map((name) => `**/*.${name}.test.ts`),
    testTimeout: 20_000,
    pool: "forks",
  },
});
