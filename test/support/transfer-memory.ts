/** The core's memory as a host sees it, without the core: for tests of hosts and of the fake one. */
import {
  EVENTS,
  EVENTS_LENGTH,
  INPUT,
  INPUT_LENGTH,
  MEMORY_PAGES,
  OUTPUT,
  OUTPUT_LENGTH,
  PAGE,
} from "../../core-wasm/layout.ts";
import type { TransferMemory } from "../../src/host.ts";

export function createTransferMemory(): TransferMemory {
  return {
    buffer: new ArrayBuffer(MEMORY_PAGES * PAGE),
    input: { start: INPUT, length: INPUT_LENGTH },
    output: { start: OUTPUT, length: OUTPUT_LENGTH },
    events: { start: EVENTS, length: EVENTS_LENGTH },
  };
}
