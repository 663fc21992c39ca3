/**
 * What hosts cannot do, each with the reason that stands beside a skipped test: for the contract, and
 * for suites that run on whatever host the runtime takes. docs/hosts.md says it to users.
 */

export interface HostLimits {
  /** Why it cannot share a port. */
  readonly noReusePort?: string;
  /** Why its connections cannot say where they come from. */
  readonly noSource?: string;
  /** Why it has no descriptors to give away. */
  readonly noDescriptors?: string;
  /** Why it has none of Unix sockets. */
  readonly noUnixDescriptors?: string;
  /** Why it cannot watch descriptors of others. */
  readonly noWatch?: string;
  /** Why it cannot choose when a silent peer is asked whether it is still there. */
  readonly noKeepAliveDelay?: string;
  /** Why its `abort` is a plain close to the peer. */
  readonly noReset?: string;
  /** Why a listener that closes loses who has connected and is not accepted yet. */
  readonly lossyClose?: string;
}

const noWatch = "nothing but epoll watches somebody else's descriptor";
const lossyClose = "the runtime's listener cannot be asked";
/** What `--unstable-net` brings, if it was given. */
const { Deno: deno = {} } = globalThis as { Deno?: { listenDatagram?: unknown } };

const limits: Readonly<Record<string, HostLimits>> = {
  "node-epoll": {},
  "deno-epoll": {},
  "bun-epoll": {},
  "node-net": {
    noDescriptors: "node:net gives none",
    noUnixDescriptors: "node:net gives none",
    noWatch,
    lossyClose,
  },
  deno: {
    ...(deno.listenDatagram === undefined ? { noReusePort: "needs --unstable-net" } : {}),
    noSource: "Deno.connect binds no socket",
    noDescriptors: "Deno gives none",
    noUnixDescriptors: "Deno gives none",
    noWatch,
    noKeepAliveDelay: "Deno leaves it to the system",
    noReset: "Deno has no SO_LINGER",
    lossyClose,
  },
  bun: {
    noSource: "Bun.connect binds no socket",
    noUnixDescriptors: "Bun.listen accepts at once",
    noWatch,
    lossyClose,
  },
  fake: {
    noSource: "in memory",
    noDescriptors: "in memory",
    noUnixDescriptors: "in memory",
    noWatch,
    lossyClose,
  },
};

/** The limits of a host, by its name. */
export function limitsOf(name: string): HostLimits {
  const known = limits[name];
  if (known === undefined) throw new Error(`Cannot tell what the host "${name}" can do`);
  return known;
}
