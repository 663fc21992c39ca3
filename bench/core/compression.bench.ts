/**
 * What compressing one short WebSocket message costs, and to how many bytes: referring to what was
 * said before on its connection, as agreed on by default, and by itself (`serverNoContextTakeover`).
 * Prints microseconds a message, the best and the median of some rounds.
 */

import { PerMessageDeflate } from "../../src/websocket/deflate.ts";

const ROUNDS = 15;
const COUNT = 1000;
const BITS = { serverMaxWindowBits: 15, clientMaxWindowBits: 15 };

/** Another one each time, of some 130 bytes: what a server that tells of prices says. */
function message(number: number): Uint8Array {
  const price = (number * 7919) % 10_000;
  const at = 1_700_000_000 + 13 * number;
  const said = { type: "tick", number, name: `instrument ${number % 37}`, price, at };
  return new TextEncoder().encode(JSON.stringify({ ...said, before: price - (number % 5) }));
}

for (const alone of [false, true]) {
  const agreement = { ...BITS, serverNoContextTakeover: alone, clientNoContextTakeover: alone };
  const deflate = new PerMessageDeflate(agreement, {}, true, 1 << 20);
  const times: number[] = [];
  let given = 0;
  let taken = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const messages = Array.from({ length: COUNT }, (_, index) => message(round * COUNT + index));
    const start = performance.now();
    for (const bytes of messages) {
      const compressed = deflate.deflate(bytes);
      taken += (compressed instanceof Uint8Array ? compressed : await compressed).length;
      given += bytes.length;
    }
    times.push(((performance.now() - start) * 1000) / COUNT);
  }
  times.sort((one, other) => one - other);
  const figures = `best ${times[0]?.toFixed(0)} µs, median ${times[ROUNDS >> 1]?.toFixed(0)} µs`;
  const sizes = `${(given / times.length / COUNT).toFixed(0)} to ${(taken / times.length / COUNT).toFixed(0)} bytes`;
  console.log(`${alone ? "by itself" : "referring to those before"}: ${figures}, ${sizes}`);
}
