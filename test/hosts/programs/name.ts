/** Prints which way of driving sockets was chosen. */
import { host } from "#host";

console.log(host.name);
