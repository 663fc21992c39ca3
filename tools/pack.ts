/**
 * Makes the npm package: dist/ with the documents beside it, as `build/squall-<version>.tgz`. Runs as
 * `npm run package`. What is in it is what `test/package.node.test.ts` installs and runs.
 */
import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";

const DOCUMENTS = ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "NOTICE", "docs"];

/** Builds and packs. Returns the tarball's path. */
export async function pack(): Promise<string> {
  const root = join(import.meta.dirname, "..");
  process.chdir(root);
  await build();
  for (const file of DOCUMENTS) cpSync(file, join("dist", file), { recursive: true });
  const output = execFileSync(
    "npm",
    ["pack", "--json", "--pack-destination", join(root, "build")],
    {
      cwd: "dist",
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const [packed] = JSON.parse(output) as { filename: string; size: number; entryCount: number }[];
  if (packed === undefined) throw new Error(`Cannot pack: npm said ${output}`);
  return join(root, "build", packed.filename);
}

if (import.meta.main) console.log(await pack());
