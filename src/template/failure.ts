/**
 * Errors that templates throw while they render: says which line of which file it was. Called by
 * generated code with what it caught and where it was.
 */

import { MODULES } from "./code.ts";
import { has } from "./names.ts";

/** A line of a template, and the lines that brought it in, innermost first. */
export interface TemplatePlace {
  readonly filename: string;
  readonly lineno: number;
  readonly via: readonly { readonly filename: string; readonly lineno: number }[];
}

/** What generated code knows of itself. Places are `[file, line]`, then those it came through. */
export interface CodeMap {
  readonly files: readonly string[];
  /** Numbers in pairs: index of the file, line. */
  readonly places: readonly (readonly number[])[];
  /** Names that the code looks up and that might be missing. */
  readonly names: readonly string[];
  /** Which of them are used, by place. */
  readonly uses: readonly (readonly number[])[];
}

/** What a template was given: its names, and those of its loader. */
type Names = readonly object[];

/** The name of generated functions, by which they are found in stacks. */
export const FUNCTION_NAME = "_tt_render";
/** What code from strings is called in stacks. */
export const SOURCE_URL = "squall-template:";

const traces = new WeakMap<object, TemplatePlace[]>();

/** The lines of templates that an error went through, innermost first; none if there was none. */
export function templateTrace(error: unknown): readonly TemplatePlace[] {
  return (typeof error === "object" && error !== null && traces.get(error)) || [];
}

/** Adds the place to an error's trace and stack, and returns what is to be thrown. */
export function failed(error: unknown, at: number, map: CodeMap, names: Names): unknown {
  if (!(error instanceof Error)) return error;
  const place = placeOf(map, at);
  traces.set(error, [...(traces.get(error) ?? []), place]);
  try {
    nameMissing(error, at, map, names);
    error.stack = translate(error.stack ?? String(error), place);
  } catch {
    // A frozen error keeps its stack; its place is in the trace.
  }
  return error;
}

function placeOf({ files, places }: CodeMap, at: number): TemplatePlace {
  const [first = { filename: "", lineno: 0 }, ...via] = (places[at] ?? []).reduce(
    (list: { filename: string; lineno: number }[], number, index, numbers) => {
      if (index % 2 === 0)
        list.push({ filename: files[number] ?? "", lineno: numbers[index + 1] ?? 0 });
      return list;
    },
    [],
  );
  return { ...first, via };
}

/** `home.html:3 (via base.html:7)`. */
function placeText({ filename, lineno, via }: TemplatePlace): string {
  const through = via.map((one) => `${one.filename}:${one.lineno}`).join(", ");
  return `${filename}:${lineno}${through === "" ? "" : ` (via ${through})`}`;
}

/** Puts the template's line where the generated function's is. */
function translate(stack: string, place: TemplatePlace): string {
  const frame = `    at ${placeText(place)}`;
  const lines = stack.split("\n");
  const own = lines.findIndex((line) => line.includes(FUNCTION_NAME));
  if (own < 0) return [...lines.slice(0, 1), frame, ...lines.slice(1)].join("\n");
  // Functions inside the template's expressions have lines of the generated code.
  const inner = lines.slice(0, own).filter((line) => !line.includes(SOURCE_URL));
  return [...inner, frame, ...lines.slice(own + 1)].join("\n");
}

/**
 * A name that was not passed is a variable that the code declares and never reaches, so the engine
 * speaks of initialization.
 */
function nameMissing(error: Error, at: number, map: CodeMap, names: Names): void {
  const found = /^Cannot access '([\s\S]*)' before initialization(\.?)$/.exec(error.message);
  if (!(error instanceof ReferenceError) || found === null) return;
  const used = (map.uses[at] ?? []).map((index) => map.names[index] ?? "");
  const missing = used.filter((name) => !names.some((one) => has(one, name)));
  // JavaScriptCore, which ends with a full stop, cuts the name out of the source at a wrong place.
  const isExact = found[2] === "";
  const own = isExact ? missing.filter((name) => name === found[1]) : missing;
  if (own.length === 0 || (!isExact && !isOwnFrame(error))) return;
  const before = error.message;
  error.message = missingText(own, placeText(placeOf(map, at)), names);
  error.stack = (error.stack ?? "").replace(before, () => error.message);
}

/** Whether a generated function is what threw. */
function isOwnFrame({ stack = "", message }: Error): boolean {
  const frames = stack.slice(stack.indexOf(message) + message.length).trimStart();
  const [first = ""] = frames.split("\n", 1);
  return first.includes(FUNCTION_NAME) || first.includes(SOURCE_URL);
}

function missingText(missing: readonly string[], place: string, names: Names): string {
  if (missing.includes(MODULES)) {
    return `{% module %} at ${place} needs UI modules, which RequestHandler.render brings`;
  }
  const given = names.flatMap(namesIn);
  const similar = given.find((one) => missing.some((name) => isSimilar(one, name)));
  const hint = similar === undefined ? "" : `: did you mean "${similar}"?`;
  return `${missing.map((name) => `"${name}"`).join(" or ")} is not defined at ${place}${hint}`;
}

/** Those of its prototypes too. */
function namesIn(object: object): string[] {
  const names: string[] = [];
  for (const name in object) names.push(name);
  return names;
}

/** The same but for case and underscores, or for one letter too many, too few or wrong. */
function isSimilar(one: string, other: string): boolean {
  const [left, right] = [one, other].map((name) => name.replaceAll("_", "").toLowerCase());
  if (left === undefined || right === undefined) return false;
  if (left === right) return true;
  if (Math.abs(left.length - right.length) > 1 || Math.max(left.length, right.length) < 4)
    return false;
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  const rest = (text: string, skip: number) => text.slice(at + skip);
  const isSwapped = left[at] === right[at + 1] && left[at + 1] === right[at];
  return (
    rest(left, 1) === rest(right, 1) ||
    rest(left, 1) === rest(right, 0) ||
    rest(left, 0) === rest(right, 1) ||
    (isSwapped && rest(left, 2) === rest(right, 2))
  );
}
