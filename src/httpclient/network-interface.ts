/**
 * Where the connections of a request come from: the addresses of one of this machine's interfaces.
 * Asked by `connector.ts` for each connection that has to have a certain one.
 */

import { networkInterfaces } from "node:os";
import { isValidIp } from "../netutil.ts";
import type { Sources } from "../tcpclient.ts";

/**
 * Sources by family, from an interface's name or one of its addresses. Throws with `ENODEV` for a
 * name that no interface has.
 */
export function sourcesOf(networkInterface: string): Sources {
  if (isValidIp(networkInterface)) {
    return { [networkInterface.includes(":") ? 6 : 4]: { host: networkInterface } };
  }
  const addresses = networkInterfaces()[networkInterface] ?? [];
  // An address of the link needs to be told which one.
  const usable = addresses.filter(({ address }) => !address.toLowerCase().startsWith("fe80:"));
  const first = (family: string): Sources[4] => {
    const found = usable.find((one) => one.family === family);
    return found === undefined ? undefined : { host: found.address };
  };
  const [ipv4, ipv6] = [first("IPv4"), first("IPv6")];
  if (ipv4 === undefined && ipv6 === undefined) throw noInterface(networkInterface);
  return { ...(ipv4 && { 4: ipv4 }), ...(ipv6 && { 6: ipv6 }) };
}

/** The only family that there are sources of, or that may be used; undefined if both may. */
export function familyOf(sources: Sources | undefined, allowIpv6: boolean): 4 | 6 | undefined {
  if (sources?.[4] === undefined && sources?.[6] !== undefined) return 6;
  return allowIpv6 && (sources === undefined || sources[6] !== undefined) ? undefined : 4;
}

function noInterface(name: string): Error {
  const names = Object.keys(networkInterfaces()).join(", ");
  const message = `Cannot connect from interface "${name}": there are ${names}`;
  return Object.assign(new Error(message), { code: "ENODEV" });
}
