/** Runs the programs of the guide's pages of the web layer, and compares what they print. */
import { afterAll, beforeAll } from "vitest";
import { setLogLevel } from "../src/log.ts";
import { testGuide } from "./support/guide.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const pages = [
  "../../README",
  "../from-tornado",
  "web",
  "ui-modules",
  "debugging",
  "locale",
  "options",
  "log",
  "escape",
];
for (const page of pages) testGuide(page);
