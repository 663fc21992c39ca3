import { expect, test } from "vitest";
import { IDLE_LENGTH, IdleBuffers } from "../../host-deno/idle-buffers.ts";

const take = (buffers: IdleBuffers, count: number): Uint8Array[] =>
  Array.from({ length: count }, () => buffers.take());

test("buffers that are out share no byte", () => {
  const out = take(new IdleBuffers(), 200);
  for (const [index, buffer] of out.entries()) buffer.fill(index);
  for (const [index, buffer] of out.entries()) {
    expect(buffer.length).toBe(IDLE_LENGTH);
    expect(buffer.every((byte) => byte === index)).toBe(true);
  }
});

test("as many connections again take the buffers of those that have closed", () => {
  const buffers = new IdleBuffers();
  const first = take(buffers, 100);
  for (const buffer of first) buffers.give(buffer);
  const second = new Set(take(buffers, 100));
  expect(second.size).toBe(100);
  for (const buffer of first) expect(second.has(buffer)).toBe(true);
});

test("a buffer that has grown is not passed on", () => {
  const buffers = new IdleBuffers();
  buffers.give(new Uint8Array(4 * IDLE_LENGTH));
  expect(buffers.take().length).toBe(IDLE_LENGTH);
});
