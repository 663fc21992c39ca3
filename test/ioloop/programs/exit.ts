/** Ends by itself, although there are threads and ports; but not before the task is done. */
import { IOLoop } from "../../../src/ioloop.ts";

const loop = IOLoop.current();
loop.portFor({ nothing: () => undefined });
loop
  .runInExecutor(undefined, new URL("tasks.ts#add", import.meta.url), 1, 2)
  .then((sum) => console.log(`sum ${sum}`));
