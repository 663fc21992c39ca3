/** Opens a loop, a listener and both ends of connections in a worker thread, and leaves them. */
import { parentPort } from "node:worker_threads";
import { host } from "#host";
import { createTransferMemory } from "../../support/transfer-memory.ts";

const tcp = host.openTcp(createTransferMemory());
const silent = { data() {}, end() {}, drain() {}, close() {} };
const listener = await tcp.listen({ host: "127.0.0.1" }, () => silent);
for (let i = 0; i < 5; i++) await tcp.connect(listener.address, () => silent);
parentPort?.postMessage("open");
