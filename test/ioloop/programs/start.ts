/** Nothing but `start` keeps this program alive. */
import { IOLoop } from "../../../src/ioloop.ts";

const loop = IOLoop.current();
const timer = setTimeout(() => loop.stop(), 50);
timer.unref();
await loop.start();
console.log("stopped");
