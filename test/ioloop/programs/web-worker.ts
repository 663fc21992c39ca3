/** A Web Worker that calls on the loop of the one who has started it. */
import { RemoteIOLoop } from "../../../src/ioloop.ts";

const scope = globalThis as {
  onmessage?: (event: { readonly data: { readonly port: MessagePort } }) => void;
};

scope.onmessage = ({ data }) => {
  const remote = new RemoteIOLoop(data.port);
  for (let count = 0; count < 100; count++) remote.addCallback("progress", count);
  remote.addCallback("done");
};
