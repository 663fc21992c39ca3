/**
 * Deno opens a pair of sockets for its signals about half a second after it starts. The contract
 * counts sockets before and after its tests, so on Deno it begins after that.
 */
import { beforeAll } from "vitest";
import { pass } from "./until.ts";

export function waitForDenoSignals(): void {
  beforeAll(() => pass(1000));
}
