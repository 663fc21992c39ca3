/** Lists of records that a call makes without knowing how many there will be. */

import { allocate } from "./arena";

/** Records that a list has room for at first. */
const FIRST_ROOM: i32 = 64;

/** Where the list is; 0 before it has any room. Used for one list at a time. */
let list: usize = 0;
/** Records that it has room for. */
let room: i32 = 0;

/** Starts a list of no records. */
export function startList(): void {
  list = 0;
  room = 0;
}

/**
 * Where the next of the records of `size` bytes go that follow the first `count`; 0 if there is no
 * room for `more` of them. Room comes in doubling steps.
 */
export function extendList(count: i32, more: i32, size: i32): usize {
  const needed = count + more;
  if (needed > room) {
    const larger = max(needed, max(count << 1, FIRST_ROOM));
    const next = allocate(<usize>larger * size);
    if (next == 0) return 0;
    if (count > 0) memory.copy(next, list, <usize>count * size);
    list = next;
    room = larger;
  }
  return list + <usize>count * size;
}

/** Where the list starts. An empty one may be anywhere that is aligned. */
export function listStart(): usize {
  return list == 0 ? 16 : list;
}
