/** Addresses as Deno gives them and as the seam has them. */

import type { Address } from "../src/host.ts";

/** An address of Deno's, an IPv4 one as such also if a socket for both families has it. */
export function plainAddress(address: DenoAddress): Address {
  if (address.transport === "unix") return { host: "", port: 0, path: address.path ?? "" };
  const host = address.hostname.replace(/^::ffff:(?=[\d.]+$)/, "");
  return { host, port: address.port, path: "" };
}
