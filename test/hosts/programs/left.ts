/**
 * A server that is left alone once its connections have closed. Prints its port; from then on, each
 * second, how many have closed and how many of those memory still holds.
 */
import { host } from "#host";
import { createTransferMemory } from "../../support/transfer-memory.ts";

const closed: WeakRef<object>[] = [];
const tcp = host.openTcp(createTransferMemory());
const listener = await tcp.listen({ host: "127.0.0.1", backlog: 512 }, (socket) => {
  const handler = {
    data: () => {},
    end: () => socket.close(),
    drain: () => {},
    close: () => closed.push(new WeakRef(handler)),
  };
  return handler;
});
console.log(`port ${listener.address.port}`);

setInterval(() => {
  const left = closed.filter((handler) => handler.deref() !== undefined);
  console.log(`closed ${closed.length}, left ${left.length}.`);
}, 1000);
