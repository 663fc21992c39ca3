/**
 * The line that a program prints when it serves: what runs, on what, and where to look.
 */

import { build } from "../core.ts";
import type { Address } from "../host.ts";
import type { HTTPServer } from "../httpserver.ts";
import { VERSION } from "../util.ts";

/**
 * One line about a server: version, runtime, host, wasm build, and the URL to open, as in
 * `Squall 0.1.0 on node 26.10.0 (node-epoll, wasm simd): http://localhost:8888/`.
 */
export function banner(server: HTTPServer): string {
  const { runtime, name } = server.loop.host;
  const scheme = server.speaksTls ? "https" : "http";
  const places = server.addresses.map((address) => urlOf(scheme, address)).join(" ");
  return `Squall ${VERSION} on ${runtime} (${name}, wasm ${build}): ${places}`;
}

function urlOf(scheme: string, { host, port, path }: Address): string {
  if (path !== "") return `unix:${path}`;
  const anywhere = host === "::" || host === "0.0.0.0";
  const name = anywhere ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `${scheme}://${name}:${port}/`;
}
