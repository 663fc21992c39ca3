/** Where Bun's sockets are, as `src/host.ts` gives it; and where they shall be, as Bun wants it. */
import type { Address, ListenOptions } from "../src/host.ts";
import type { BunListener, BunPlace, BunSocket } from "./runtime.ts";

/** Bun takes no backlog: it always asks the kernel for 512. */
export function placeOf(options: ListenOptions, anyHost: string): BunPlace {
  if (options.path) return { unix: options.path };
  if (options.fd !== undefined) return { fd: options.fd };
  return {
    hostname: options.host ?? anyHost,
    port: options.port ?? 0,
    reusePort: options.reusePort ?? false,
  };
}

/** An error of Bun's, which names at most the host, with the place and what it has to say. */
export function atPlace(error: unknown, act: string, place: BunPlace): unknown {
  if (!(error instanceof Error)) return error;
  const why = (error as NodeJS.ErrnoException).code ?? error.message;
  error.message = `Cannot ${act} ${nameOf(place)}: ${why}`;
  return error;
}

function nameOf(place: BunPlace): string {
  if ("unix" in place) return JSON.stringify(place.unix);
  if ("fd" in place) return `descriptor ${place.fd}`;
  const { hostname, port } = place;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

export function unixAddress(path: string): Address {
  return { host: "", port: 0, path };
}

function addressOf(host: string | undefined, port: number | undefined): Address {
  return { host: unmapped(host ?? ""), port: port ?? 0, path: "" };
}

/** On a socket for all addresses, those of IPv4 are shown mapped to IPv6 (RFC 4291 2.5.5.2). */
function unmapped(host: string): string {
  return host.startsWith("::ffff:") && host.includes(".") ? host.slice("::ffff:".length) : host;
}

export function remoteAddressOf(raw: BunSocket<unknown>): Address {
  return addressOf(raw.remoteAddress, raw.remotePort);
}

export function localAddressOf(raw: BunSocket<unknown>): Address {
  return addressOf(raw.localAddress, raw.localPort);
}

export function boundAddressOf(listener: BunListener, port: number = listener.port): Address {
  // `listener.hostname` is the name that was asked for, not the address it stands for.
  const bound: { address?: string } = {};
  listener.getsockname(bound);
  return addressOf(bound.address, port);
}
