/**
 * Renders with one engine, in a process of its own: `worker.js ENGINE KIND SECONDS`. Prints
 * microseconds per page as JSON, once warm.
 */
import { createHash } from "node:crypto";
import process from "node:process";
import { engines } from "./engines.js";
import { names } from "./page.js";

const [engine, kind, seconds] = process.argv.slice(2);
const render = await engines[engine]();
const data = names(kind);

let bytes = 0;

/** Renders for some milliseconds of the process's own time: others may be using the processor. */
function run(milliseconds) {
  const before = process.cpuUsage();
  const started = performance.now();
  let pages = 0;
  let user = 0;
  do {
    // To bytes, as a server has to: engines hand out strings that are not put together yet.
    bytes = Buffer.from(render(data)).length;
    pages++;
    user = process.cpuUsage(before).user;
  } while (user < milliseconds * 1000);
  return { user: user / pages, wall: ((performance.now() - started) * 1000) / pages };
}

run(Number(seconds) * 500);
const { user, wall } = run(Number(seconds) * 1000);

// Engines write the five characters in different ways; the page has to be the same otherwise.
const html = render(data)
  .replaceAll(/&#39;|&#x27;|&apos;/g, "'")
  .replaceAll(/&#34;|&quot;/g, '"');
const digest = createHash("sha256").update(html).digest("hex");
console.log(JSON.stringify({ wall, user, bytes, digest }));
