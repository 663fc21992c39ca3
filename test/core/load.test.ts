/** How the core is loaded, and what `src/core.ts` says about its statuses. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { INPUT, MEMORY_PAGES, PAGE } from "../../core-wasm/layout.ts";
import * as statuses from "../../core-wasm/status.ts";
import * as core from "../../src/core/http.ts";
import * as loaded from "../../src/core/load.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

type Core = typeof core & typeof loaded;

/** The core as a runtime would load it that has this in place of WebAssembly. */
async function loadWith(WebAssembly: unknown): Promise<Core> {
  vi.resetModules();
  vi.stubGlobal("WebAssembly", WebAssembly);
  return {
    ...(await import("../../src/core/http.ts")),
    ...(await import("../../src/core/load.ts")),
  };
}

function parse(of: Core, wire: string): number {
  const length = of.memory.write(wire, INPUT, "latin1");
  return of.parseRequestHead(INPUT, length, 100, 8192);
}

class Refused {
  constructor() {
    throw new RangeError("could not allocate memory");
  }
}

describe("the core", () => {
  test("is the SIMD build where there is WebAssembly", () => {
    expect(loaded.build).toBe("simd");
    expect(loaded.memory.length).toBe(MEMORY_PAGES * PAGE);
    expect(loaded.transferMemory.buffer).toBe(loaded.memory.buffer);
    expect(parse({ ...core, ...loaded }, "GET / HTTP/1.0\r\n\r\n")).toBe(18);
  });

  test.each([
    { name: "WebAssembly", WebAssembly: undefined },
    { name: "SIMD", WebAssembly: { Module: Refused, Instance: Refused } },
    { name: "memory", WebAssembly: { Module: Object, Instance: Refused } },
  ])("is the scalar build where there is no $name", async ({ WebAssembly }) => {
    const scalar = await loadWith(WebAssembly);
    expect(scalar.build).toBe("scalar");
    expect(scalar.memory.length).toBe(MEMORY_PAGES * PAGE);
    expect(scalar.transferMemory.buffer).toBe(scalar.memory.buffer);
    expect(parse(scalar, "GET / HTTP/1.0\r\n\r\n")).toBe(18);
    expect(parse(scalar, "GET / HTTP/1.1\r\n\r\n")).toBe(statuses.BAD_HOST);
  });

  test("reads text as Latin-1", () => {
    loaded.memory.set([0x41, 0x80, 0x9f, 0xff], INPUT);
    expect(core.text(INPUT, INPUT + 4)).toBe("A\x80\x9f\xff");
  });

  test("has words and an HTTP status for every status of a message", () => {
    // Those below it are of signed values, frames and templates.
    const ofMessages = (status: number) => status >= statuses.UNKNOWN_EXPECTATION;
    for (const status of Object.values(statuses).filter(ofMessages)) {
      expect(core.reasonFor(status)).not.toMatch(/unknown status/);
      expect([400, 414, 417, 431, 501, 505]).toContain(core.statusCodeFor(status));
    }
    expect(core.statusCodeFor(statuses.TARGET_TOO_LONG)).toBe(414);
    expect(core.statusCodeFor(statuses.TOO_MANY_HEADERS)).toBe(431);
    expect(core.statusCodeFor(statuses.BAD_VERSION)).toBe(505);
    expect(core.reasonFor(-1000)).toBe("unknown status -1000");
  });

  test("numbers names the same way in both directions", () => {
    for (const [name, id] of core.HEADER_IDS) {
      expect(core.HEADER_NAMES[id]?.toLowerCase()).toBe(name);
    }
    expect(core.HEADER_IDS.size).toBe(core.HEADER_NAMES.length - 1);
    expect(core.METHODS[1]).toBe("GET");
  });
});
