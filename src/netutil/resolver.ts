/** Names to addresses, by the system or by a table of one's own. */
import { lookup } from "node:dns/promises";
import { isValidIp } from "./ip-address.ts";

/** One address of a name. */
export interface ResolvedAddress {
  readonly family: 4 | 6;
  readonly host: string;
  readonly port: number;
}

/** Finds the addresses of names (Tornado `netutil.Resolver`). */
export interface Resolver {
  /** All addresses, the preferred one first. Rejects with `ENOTFOUND` if there are none. */
  resolve(host: string, port: number, family?: 4 | 6): Promise<ResolvedAddress[]>;
}

/** Asks the system, on a thread of the runtime's: nothing here blocks. */
export class DefaultResolver implements Resolver {
  async resolve(host: string, port: number, family?: 4 | 6): Promise<ResolvedAddress[]> {
    if (isValidIp(host.replace(/%.*$/, ""))) {
      const own = host.includes(":") ? 6 : 4;
      if (family !== undefined && family !== own) throw notFound(host, `IPv${family} address`);
      return [{ family: own, host, port }];
    }
    const found = await lookup(host, { all: true, family: family ?? 0, verbatim: true });
    if (found.length === 0) throw notFound(host, "address");
    return found.map((one) => ({ family: one.family === 6 ? 6 : 4, host: one.address, port }));
  }
}

function notFound(host: string, what: string): Error {
  return Object.assign(new Error(`Cannot resolve "${host}": it has no ${what}`), {
    code: "ENOTFOUND",
  });
}

/**
 * Where names lead instead: from `"host"`, or from `"host:port"`, which comes first, to
 * `"host"` or `["host", port]`.
 */
export type Mapping = Readonly<Record<string, string | readonly [host: string, port: number]>>;

/** Looks into a table first, and asks another resolver with what it found there. */
export class OverrideResolver implements Resolver {
  readonly #resolver: Resolver;
  readonly #mapping: Mapping;

  constructor(resolver: Resolver, mapping: Mapping) {
    this.#resolver = resolver;
    this.#mapping = mapping;
  }

  resolve(host: string, port: number, family?: 4 | 6): Promise<ResolvedAddress[]> {
    const own = (key: string) =>
      Object.hasOwn(this.#mapping, key) ? this.#mapping[key] : undefined;
    const found = own(`${host}:${port}`) ?? own(host) ?? host;
    const [to, toPort] = typeof found === "string" ? [found, port] : found;
    return this.#resolver.resolve(to, toPort, family);
  }
}
