/** Prints which way of driving sockets was chosen. */
import { host } from "../../../host-node/host.ts";

console.log(host.name);
