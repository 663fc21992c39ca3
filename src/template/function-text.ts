/**
 * What is around the statements of a generated function: its head, its variables, and what happens
 * to errors. Called by code-writer.ts.
 *
 * Names are looked up once and are variables from there on. A name that was not passed is a variable
 * that is declared and never reached: whoever reads it gets a ReferenceError, and no global variable
 * of that name is ever seen. A switch does that whose `default` holds the declaration, and which is
 * entered behind it.
 */
import { isBuiltin } from "./builtins.ts";
import { FUNCTION_NAME } from "./failure.ts";
import { isInherited } from "./names.ts";

/** `stream` is a generator, which yields what there is before it waits and when there is enough. */
export type Mode = "sync" | "async" | "stream";

export interface FunctionParts {
  readonly mode: Mode;
  /** Variables that always exist. */
  readonly certain: readonly string[];
  /** Variables that exist if they are passed. */
  readonly uncertain: readonly string[];
  /** Names of functions that escape, each with the variable that is to hold it. */
  readonly escapers: ReadonlyMap<string, string>;
  /** The statements. They append to `_tt_out`. */
  readonly lines: readonly string[];
}

const KEYWORDS: Readonly<Record<Mode, string>> = {
  sync: "function",
  async: "async function",
  stream: "async function*",
};

/** A function expression. Its free variables are `_tt`, the runtime, and `_tt_map`. */
export function functionText({ mode, certain, uncertain, escapers, lines }: FunctionParts): string {
  const variables = certain.map((name) => {
    const otherwise = isBuiltin(name) ? `_tt.builtins.${name}` : "undefined";
    const holder = `(_tt_from = ${holderOf(name)})`;
    return `    let ${name} = ${holder} === undefined ? ${otherwise} : _tt_from.${name};`;
  });
  const functions = Array.from(
    escapers,
    ([method, name]) => `    const ${name} = _tt.escaper(${method});`,
  );
  const switches = uncertain.map((name) => {
    const declaration = `default: let ${name} = _tt_from.${name};`;
    return `    switch (_tt_from = ${holderOf(name)}) { ${declaration} case undefined:`;
  });
  return [
    `${KEYWORDS[mode]} ${FUNCTION_NAME}(_tt_names, _tt_more, _tt_imports, _tt_limit) {`,
    "  let _tt_at = 0;",
    "  try {",
    '    let _tt_out = "", _tt_from;',
    ...variables,
    ...functions,
    ...switches,
    "    {",
    ...lines,
    mode === "stream" ? '      if (_tt_out !== "") yield _tt_out;' : "      return _tt_out;",
    `    }${" }".repeat(switches.length)}`,
    "  } catch (_tt_error) {",
    "    throw _tt.failed(_tt_error, _tt_at, _tt_map, [_tt_names, _tt_more]);",
    "  }",
    "}",
  ].join("\n");
}

/** Code for the object that has the name. */
function holderOf(name: string): string {
  const test = (names: string) =>
    isInherited(name) ? `_tt.has(${names}, "${name}")` : `"${name}" in ${names}`;
  return `${test("_tt_names")} ? _tt_names : ${test("_tt_more")} ? _tt_more : undefined`;
}
