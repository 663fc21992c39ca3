/** Whether tests can use the loopback address of IPv6. */
import { networkInterfaces } from "node:os";

const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);

/** Why they cannot, or undefined if they can. */
export const noIPv6: string | undefined = all.some(({ address }) => address === "::1")
  ? undefined
  : "this machine has no ::1";
