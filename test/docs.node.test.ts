/** Documents say where things are; this holds them to it. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const documents = globSync(["*.md", "docs/**/*.md"], { cwd: root });
/** Made by the build, or by a benchmark. */
const MADE = /^(build|dist|bench\/results)(\/|$)/;

test.each(documents)("%s points at what is there", (file) => {
  const text = readFileSync(join(root, file), "utf8");
  const links = Array.from(text.matchAll(/\]\((?!https?:)([^)#]+)/g), ([, path = ""]) =>
    join(dirname(file), path),
  );
  const paths = Array.from(
    text.matchAll(/`((?:src|core-wasm|host-\w+|test|tools|docs|bench|demos)\/[\w./-]*)`/g),
    ([, path = ""]) => path,
  );
  // The table of layers also names modules to come.
  const modules = /^src\/[\w-]+$/;
  const missing = [...links, ...paths].filter(
    (path) => !MADE.test(path) && !modules.test(path) && !existsSync(join(root, path)),
  );
  expect(missing).toEqual([]);
});
