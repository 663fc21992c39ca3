/** Response heads: the rows of `test/wire/response.md`, on every build of the core. */

import { describe, expect, test } from "vitest";
import { METHODS } from "../../core-wasm/http/names.ts";
import { NEED_DATA } from "../../core-wasm/status.ts";
import {
  builds,
  type CoreBuild,
  errorPosition,
  placesOf,
  put,
  statusName,
} from "../support/core-builds.ts";
import { responseFacts } from "../support/heads.ts";
import { wireCases } from "../support/wire-cases.ts";

const MAX_HEADERS = 4;

function parse(build: CoreBuild, start: number, wire: Buffer, length: number, method: string) {
  put(build, start, wire, length);
  return build.wasm.parseResponseHead(start, length, MAX_HEADERS, METHODS.indexOf(method));
}

describe.each(builds)("$name", (build) => {
  test.each(wireCases("response.md"))("$name", ({ wire, expected }) => {
    const [verdict = "", ...facts] = expected;
    const method = facts.find((fact) => fact.startsWith("to="))?.slice("to=".length) ?? "GET";
    for (const end of [0, 1]) {
      let result = NEED_DATA;
      let length = -1;
      let start = 0;
      while (result === NEED_DATA && length < wire.length) {
        start = placesOf(build, ++length)[end] ?? 0;
        result = parse(build, start, wire, length, method);
      }
      if (verdict === "accepted") {
        expect(result).toBe(length);
        const actual = [...responseFacts(build, start), `to=${method}`];
        for (const fact of facts) {
          if (fact.startsWith("!")) expect(actual).not.toContain(fact.slice(1));
          else expect(actual).toContain(fact);
        }
      } else {
        const [name, position] = verdict.split("@");
        expect(statusName(result)).toBe(name);
        if (position !== undefined) expect(errorPosition(build)).toBe(Number(position));
      }
      // More bytes never change the answer.
      expect(parse(build, placesOf(build, wire.length)[end] ?? 0, wire, wire.length, method)).toBe(
        result,
      );
    }
  });
});
