/**
 * Fixed pools for the state of resources: a byte for each slot says whether it is taken. A resource
 * is represented by the number of its slot, so a number that is none can be told.
 */

/** What `takeSlot` answers when all are taken. */
export const FULL: i32 = -1;

/** Takes a slot of those that the `count` bytes at `pool` stand for. */
export function takeSlot(pool: usize, count: i32): i32 {
  for (let slot = 0; slot < count; slot++) {
    if (load<u8>(pool + slot) != 0) continue;
    store<u8>(pool + slot, 1);
    return slot;
  }
  return FULL;
}

/** Whether the slot is taken. */
export function isTaken(pool: usize, count: i32, slot: i32): bool {
  return <u32>slot < <u32>count && load<u8>(pool + slot) != 0;
}

export function freeSlot(pool: usize, count: i32, slot: i32): void {
  if (isTaken(pool, count, slot)) store<u8>(pool + slot, 0);
}
