/**
 * What both of Node's socket layers (tcp.ts, tcp-net.ts) do about addresses: names to IP
 * addresses, stale Unix sockets, and errors of the system.
 */
import { lookup } from "node:dns/promises";
import { lstatSync, unlinkSync } from "node:fs";
import { connect, isIP } from "node:net";
import { getSystemErrorMap } from "node:util";
import type { Address } from "../src/host.ts";

/** For a socket that was closed before anybody asked for its address. */
export const NO_ADDRESS: Address = { host: "", port: 0, path: "" };

/** The address as one reads it, for messages. */
export function describe(host: string, port: number): string {
  if (port < 0) return `"${host}"`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An error as Node's own, with the code of the system. */
export function systemError(errno: number, act: string): Error {
  const [code, reason] = getSystemErrorMap().get(-errno) ?? ["EUNKNOWN", "unknown error"];
  return Object.assign(new Error(`Cannot ${act}: ${code}, ${reason}`), { code, errno: -errno });
}

/** All IP addresses of a host, in the order of the resolver. */
export async function resolveHost(host: string): Promise<string[]> {
  const [name = ""] = host.split("%");
  if (isIP(name) !== 0) return [host];
  const found = await lookup(host, { all: true });
  return found.map((entry) => entry.address);
}

/** Removes a Unix socket that nobody listens on, which a process that was killed has left. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (inodeOf(path) === undefined) return;
  if (await refuses(path)) unlinkSync(path);
}

function refuses(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(false);
    });
    probe.once("error", (error) => resolve("code" in error && error.code === "ECONNREFUSED"));
  });
}

/** Tells one socket file from another of the same name; undefined if there is none. */
export function inodeOf(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSocket() ? `${found.dev}:${found.ino}` : undefined;
}

/** Removes the file of a listener, unless another listener has taken its place. */
export function removeSocket(path: string, inode: string | undefined): void {
  if (inode !== undefined && inodeOf(path) === inode) unlinkSync(path);
}

/** An IPv4 peer of a socket for both families has its IPv4 address, as the addon gives it. */
export function plainAddress(host: string, port: number): Address {
  return { host: host.replace(/^::ffff:(?=[\d.]+$)/, ""), port, path: "" };
}
