/**
 * Runs the fuzz target of test/support/fuzz.ts: `npx node tools/fuzz.ts --seconds 600 --seed 1`. Without a
 * seed the clock gives one; the error has the input, and the seed repeats the run.
 */

import { join } from "node:path";
import { build } from "./build.ts";

const given = process.argv.slice(2);
const option = (name: string) => Number(given[given.indexOf(`--${name}`) + 1]);
const seconds = given.includes("--seconds") ? option("seconds") : 60;
const seed = given.includes("--seed") ? option("seed") : Date.now() % 2 ** 32;

process.chdir(join(import.meta.dirname, ".."));
await build();
const { anyQuestion, checkQuestion, randomOf } = await import("../test/support/fuzz.ts");
const random = randomOf(seed);
const end = performance.now() + seconds * 1000;
let inputs = 0;
console.log(`seed ${seed}, ${seconds} s`);
while (performance.now() < end) {
  checkQuestion(anyQuestion(random));
  inputs++;
}
console.log(`${inputs} inputs, nothing found`);
