/**
 * The garbage collector, for the two that know better than the engine when it is worth its time
 * (docs/decisions/011-collections.md). Both do nothing where the runtime cannot be asked for it.
 */

/** V8's `gc`. */
type Collect = (options?: { readonly type: "minor" }) => void;

interface Globals {
  readonly gc?: Collect;
  readonly Bun?: { gc(synchronously: boolean): void };
}

/** The collectors of Deno and Bun collect everything whatever they are asked for. */
const collectsByAge = process.versions.deno === undefined && process.versions.bun === undefined;

/** Null if the runtime has none; undefined as long as nobody has asked. */
let gc: Collect | null | undefined;

/** Collects what is young, on Node. */
export function collectYoung(): void {
  if (collectsByAge) collector()?.({ type: "minor" });
}

/** Collects everything: it takes the longer the larger the heap is. */
export function collectAll(): void {
  collector()?.();
}

function collector(): Collect | null {
  if (gc === undefined) gc = findCollector() ?? null;
  return gc;
}

/** Bun has a function for it. V8 shows its own to realms that are made while a flag is set. */
function findCollector(): Collect | undefined {
  const { Bun: bun, gc: given } = globalThis as Globals;
  if (bun !== undefined) return () => bun.gc(true);
  if (given !== undefined) return given;
  const v8 = process.getBuiltinModule("node:v8");
  v8.setFlagsFromString("--expose-gc");
  try {
    return process.getBuiltinModule("node:vm").runInNewContext("globalThis.gc");
  } finally {
    v8.setFlagsFromString("--no-expose-gc");
  }
}
