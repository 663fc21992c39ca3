/** Calls back to the loop of the thread that started it, by the port that it gets. */
import { parentPort, threadId } from "node:worker_threads";
import { RemoteIOLoop } from "../../../src/ioloop.ts";

interface Callbacks {
  [name: string]: (...args: never[]) => unknown;
  progress(count: number, from: { threadId: number }): void;
  breaks(): void;
  done(): void;
}

parentPort?.once("message", (port: MessagePort) => {
  const main = new RemoteIOLoop<Callbacks>(port);
  for (let count = 0; count < 100; count++) main.addCallback("progress", count, { threadId });
  (main as RemoteIOLoop).addCallback("nothing");
  main.addCallback("breaks");
  main.addCallback("done");
});
