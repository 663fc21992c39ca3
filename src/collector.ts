/**
 * V8's garbage collector, for the two that know better than V8 when it is worth its time
 * (docs/decisions/011-collections.md). Both do nothing where the runtime cannot be asked for it.
 */

/** V8's `gc`. */
type Collect = (options?: { readonly type: "minor" }) => void;

/** Null if the runtime has none; undefined as long as nobody has asked. */
let gc: Collect | null | undefined;

/** Collects what is young. Only on Node: Deno's collects everything whatever it is asked for. */
export function collectYoung(): void {
  if (process.versions.deno === undefined) collector()?.({ type: "minor" });
}

/** Collects everything: it takes the longer the larger the heap is. */
export function collectAll(): void {
  collector()?.();
}

function collector(): Collect | null {
  if (gc === undefined) gc = findCollector() ?? null;
  return gc;
}

/** V8 shows it to realms that are made while a flag is set. Bun has another engine. */
function findCollector(): Collect | undefined {
  if (process.versions.bun !== undefined) return undefined;
  const { gc: given } = globalThis as { gc?: Collect };
  if (given !== undefined) return given;
  const v8 = process.getBuiltinModule("node:v8");
  v8.setFlagsFromString("--expose-gc");
  try {
    return process.getBuiltinModule("node:vm").runInNewContext("globalThis.gc");
  } finally {
    v8.setFlagsFromString("--no-expose-gc");
  }
}
