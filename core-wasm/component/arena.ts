/**
 * The component's memory for arguments and results, above the map of layout.ts: the runtime asks
 * for room before it calls, by `cabi_realloc` of the canonical ABI, and all of it is free again with
 * the first request after the call. Nothing here knows what the bytes mean.
 *
 * The memory grows for what one call needs, up to `maximumMemory` of asconfig.component.json: one
 * list as long as lists can be. What still has no room is given some that others have too, and the
 * call finds `hasOverflowed`: it answers an error, where a trap would end the instance.
 */

import { MEMORY_PAGES, PAGE, SLACK } from "../layout";

/** Where arguments start. */
export const ARENA: usize = MEMORY_PAGES * PAGE;
/** Blocks start at multiples of this, so any record may lie in them. */
const ALIGNMENT: usize = 16;

let top: usize = ARENA;
let last: usize = 0;
let overflowed: bool = false;
let ended: bool = false;

/** Room for an argument, or more room for the last one (canonical ABI, `realloc`). */
export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  if (align > ALIGNMENT) unreachable();
  if (ended) reset();
  if (old != 0 && old == last) {
    // The last block stays where it is.
    top = last;
    const block = allocate(size);
    return block == 0 ? shared(size) : block;
  }
  const block = allocate(size);
  if (block == 0) return shared(size);
  if (old != 0) memory.copy(block, old, min(oldSize, size));
  return block;
}

/** Room for a result, SLACK bytes after it included; 0 if there is none. */
export function allocate(size: usize): usize {
  if (ended) reset();
  const end = <u64>top + <u64>size + <u64>SLACK;
  if (end > capacity() && !grow(end)) return 0;
  last = top;
  top = (<usize>end + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  return last;
}

/** The call is over: its arguments and results may go with the next one. */
export function endCall(): void {
  ended = true;
}

/** Whether an argument had no room of its own. */
export function hasOverflowed(): bool {
  return overflowed;
}

/**
 * Where the argument of `n` bytes at `p` is; 0 unless it was given room since the last call. A
 * component's runtime passes nothing else; who calls the module inside may.
 */
export function argument(p: usize, n: i32): usize {
  if (n == 0) return ARENA;
  if (ended || overflowed || n < 0 || p < ARENA) return 0;
  return <u64>p + <u64>n + <u64>SLACK <= <u64>top ? p : 0;
}

function reset(): void {
  top = ARENA;
  last = 0;
  overflowed = false;
  ended = false;
}

function capacity(): u64 {
  return (<u64>memory.size()) << 16;
}

function grow(end: u64): bool {
  const pages = <i32>((end - capacity() + 0xffff) >> 16);
  return memory.grow(pages) >= 0;
}

/** Where the runtime may write what there is no room for. */
function shared(size: usize): usize {
  overflowed = true;
  last = 0;
  return ARENA;
}
