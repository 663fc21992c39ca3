/**
 * Where templates are looked for if no setting says so: in the folder of the file that asks for
 * one, as in Tornado. Called by `page-templates.ts`.
 */

import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Frames that are looked through: helpers between a handler's method and `render`. */
const DEEPEST = 30;
/** The file of a frame: `at name (file:///a/b.ts:1:2)` in V8, `name@/a/b.ts:1:2` in JavaScriptCore. */
const framePlace = /(file:\/\/\S+?|(?:\/|[A-Za-z]:[\\/])[^()]*?):\d+(?::\d+)?\)?$/;

/** Whether a file is the framework's own: its frames are nobody's fault, and no caller's. */
export function isOwnFile(file: string): boolean {
  const { url } = import.meta;
  // A bundle has no folder of its own.
  return url?.startsWith("file:") && file.startsWith(dirname(dirname(fileURLToPath(url))) + sep);
}

/** A path as a stack has it: as such, or as a `file:` URL. */
export function pathOf(place: string): string {
  try {
    return place.startsWith("file:") ? fileURLToPath(place) : place;
  } catch {
    // A URL of another machine: it stays what it is, and no file is found by it.
    return place;
  }
}

/** The folder of the nearest caller that is not the framework's; undefined if no frame tells. */
export function callingFolder(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = DEEPEST;
  const { stack = "" } = new Error("who calls");
  Error.stackTraceLimit = limit;
  for (const line of stack.split("\n")) {
    const place = framePlace.exec(line)?.[1];
    if (place === undefined) continue;
    const file = pathOf(place);
    if (!isOwnFile(file)) return dirname(file);
  }
  return undefined;
}
