/**
 * What both of Node's socket layers (tcp.ts, tcp-net.ts) do about addresses: names to IP
 * addresses, stale Unix sockets, and errors of the system.
 */
import { lookup } from "node:dns/promises";
import { lstatSync, unlinkSync } from "node:fs";
import { connect, isIP } from "node:net";
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";
import type { Address, SourceAddress } from "../src/host.ts";

/** For a socket that was closed before anybody asked for its address. */
export const NO_ADDRESS: Address = { host: "", port: 0, path: "" };

/** The address as one reads it, for messages. */
export function describe(host: string, port: number): string {
  if (port < 0) return `"${host}"`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where a connection comes from, for messages. */
export function describeSource(source: SourceAddress | undefined): string {
  if (source === undefined) return "";
  return ` from ${describe(source.host ?? "any address", source.port ?? 0)}`;
}

/** An error as Node's own, with the code of the system. */
export function systemError(errno: number, act: string): Error {
  const [code, reason] = getSystemErrorMap().get(-errno) ?? [codeOf(errno), "system error"];
  return Object.assign(new Error(`Cannot ${act}: ${code}, ${reason}`), { code, errno: -errno });
}

/** Deno's map has only errors of libuv's. */
function codeOf(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno);
  return found?.[0] ?? "EUNKNOWN";
}

function unresolved(host: string): Error {
  const error = new Error(`Cannot resolve "${host}": no address known (ENOTFOUND)`);
  return Object.assign(error, { code: "ENOTFOUND" });
}

/** All IP addresses of a host, in the order of the resolver. */
async function resolveHost(host: string): Promise<string[]> {
  const [name = ""] = host.split("%");
  if (isIP(name) !== 0) return [host];
  const found = await lookup(host, { all: true });
  // Bun finds none for an empty name, without an error.
  if (found.length === 0) throw unresolved(host);
  return found.map((entry) => entry.address);
}

/** What a socket layer asks before it uses a name, an address or a path. */
export interface Addressing {
  /** The IP addresses of a host. Rejects if there is none, or if it must not be used. */
  resolve(act: "listen on" | "connect to", host: string, port: number): Promise<string[]>;
  /** The address that stands for all, and what to take where there is no IPv6. */
  everywhere(port: number): readonly [first: string, second?: string];
  /** Throws if the path must not be used for a Unix socket. */
  checkPath(act: "listen on" | "connect to", path: string): void;
}

/** For a runtime that forbids nothing. */
export const anyAddress: Addressing = {
  resolve: (_, host) => resolveHost(host),
  everywhere: () => ["::", "0.0.0.0"],
  checkPath() {},
};

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
