/**
 * Ways to the target of a request as a string, with the whole head kept for what is asked later: a
 * string of the head and a part of it, or bytes of the head and a string of the target's span.
 */

import { HEAD_LENGTH, INPUT, TARGET_LENGTH, TARGET_START } from "../../core-wasm/layout.ts";
import { memory, table, wasm } from "../../src/core/load.ts";
import { corpora } from "./requests.ts";
import { compare, type Group } from "./rounds.ts";

const handlers = new Map<string, number>();
/** Heads that are still in use: what is garbage at once costs less than in a server. */
const kept: (string | Uint8Array)[] = new Array(64).fill("");
let turn = 0;

function keep<T extends string | Uint8Array>(head: T): T {
  kept[turn++ & 63] = head;
  return head;
}

function word(index: number): number {
  return table[index] as number;
}

const plain = new Uint8Array(memory.buffer);

function group(name: string): Group {
  return {
    name: `target of a ${name} request, looked up in a map`,
    candidates: {
      "head as string, substring": () => {
        const head = keep(memory.latin1Slice(INPUT, INPUT + word(HEAD_LENGTH)));
        const start = word(TARGET_START);
        return handlers.get(head.substring(start, start + word(TARGET_LENGTH)));
      },
      "head as string, span": () => {
        keep(memory.latin1Slice(INPUT, INPUT + word(HEAD_LENGTH)));
        const start = INPUT + word(TARGET_START);
        return handlers.get(memory.latin1Slice(start, start + word(TARGET_LENGTH)));
      },
      "head as bytes, span": () => {
        keep(plain.slice(INPUT, INPUT + word(HEAD_LENGTH)));
        const start = INPUT + word(TARGET_START);
        return handlers.get(memory.latin1Slice(start, start + word(TARGET_LENGTH)));
      },
    },
  };
}

function* groups(): Generator<Group> {
  for (const { name, requests } of corpora()) {
    const [request] = requests;
    if (request !== undefined && name !== "varied") yield prepared(name, request);
  }
}

function prepared(name: string, request: Buffer): Group {
  memory.set(request, INPUT);
  wasm.parseRequestHead(INPUT, request.length, 100, 8192);
  const start = word(TARGET_START);
  handlers.set(request.toString("latin1", start, start + word(TARGET_LENGTH)), 1);
  return group(name);
}

compare("strings", groups());
