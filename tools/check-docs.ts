/**
 * Holds that every name which the public modules export is documented where it is declared: a
 * docstring is what editors show and what the package's types carry. Called by tools/ok.ts; runs
 * alone as `npx node tools/check-docs.ts`.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { publicModules } from "./check-exports.ts";

const DECLARATION =
  /^export (?:abstract |async )*(?:class|const|function\*?|interface|let|type) (\w+)/;

/** `export { A, type B as C } from "./file.ts"`. */
const FROM = /^export (?:type )?\{([^}]*)\} from "(\.[^"]+)"/gm;

/** The names without a docstring, as `file: name`. */
export function checkDocs(): string[] {
  const found = publicModules().flatMap((name) => undocumented(`src/${name}.ts`));
  return [...new Set(found)].sort();
}

/** Of what a file exports, or of those names only, here or in the files that it exports from. */
function undocumented(file: string, names?: ReadonlySet<string>): string[] {
  const text = readFileSync(file, "utf8");
  const here = bareNames(text).filter((name) => names === undefined || names.has(name));
  const elsewhere = [...text.matchAll(FROM)].flatMap(([, list = "", source = ""]) => {
    const from = list.split(",").map((item) => nameIn(item, names));
    const wanted = from.filter((name) => name !== undefined);
    return wanted.length === 0 ? [] : undocumented(join(dirname(file), source), new Set(wanted));
  });
  return [...here.map((name) => `${file}: ${name} has no docstring`), ...elsewhere];
}

/** The name at home of `type Home as Abroad`; undefined if that is not asked for. */
function nameIn(item: string, asked: ReadonlySet<string> | undefined): string | undefined {
  const [home = "", abroad = home] = item
    .trim()
    .replace(/^type /, "")
    .split(" as ");
  if (home === "") return undefined;
  return asked === undefined || asked.has(abroad) ? home : undefined;
}

/** What is declared without a comment before it. One for the first of several signatures will do. */
function bareNames(text: string): string[] {
  const lines = text.split("\n");
  const seen = new Set<string>();
  const bare: string[] = [];
  for (const [at, line] of lines.entries()) {
    const name = DECLARATION.exec(line)?.[1];
    if (name === undefined || seen.has(name)) continue;
    seen.add(name);
    const before = lines.slice(0, at).findLast((above) => !above.startsWith("// biome-ignore"));
    if (!before?.endsWith("*/")) bare.push(name);
  }
  return bare;
}

if (import.meta.main) {
  const faults = checkDocs();
  for (const text of faults) console.error(text);
  if (faults.length > 0) process.exitCode = 1;
}
