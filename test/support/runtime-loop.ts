/**
 * A loop on the sockets of the runtime that runs the tests: their bundler resolves `#host` to Node's
 * host on every runtime.
 */

import type { Host } from "../../src/host.ts";
import { IOLoop } from "../../src/ioloop.ts";

const runtime = "Deno" in globalThis ? "deno" : process.versions.bun === undefined ? "node" : "bun";

const { host } = (await import(`../../host-${runtime}/host.ts`)) as { host: Host };

/** The loop, which is the current one from here on. */
export const runtimeLoop: IOLoop = new IOLoop(host);
runtimeLoop.makeCurrent();
