/** Accepts on the listening socket whose descriptor it is given, until it is killed. */
import { host } from "#host";
import { createTransferMemory } from "../../support/transfer-memory.ts";

const tcp = host.openTcp(createTransferMemory());
const silent = { data() {}, end() {}, drain() {}, close() {} };
await tcp.listen({ fd: Number(process.argv[2]) }, () => silent);
console.log("listening");
