/**
 * Listening sockets of the epoll loop: how one is bound, and what stays of it. tcp.ts accepts on
 * them; child processes may inherit them.
 */
import type {
  Address,
  IdleListener,
  Listener,
  ListenOptions,
  SocketHandlerFactory,
} from "../src/host.ts";
import {
  type Addressing,
  describe,
  inodeOf,
  removeSocket,
  removeStaleSocket,
  systemError,
} from "./addresses.ts";
import type { NativeLoop } from "./native.ts";
import type { EpollTcp } from "./tcp.ts";

const DEFAULT_BACKLOG = 128;
const DEFAULT_MODE = 0o600;

interface Bound {
  readonly fd: number;
  /** The IP address or path. */
  readonly host: string;
}

/** A listening socket's descriptor, at the first address of a name, or at all of them. */
export async function bind(
  native: NativeLoop,
  addressing: Addressing,
  options: ListenOptions,
): Promise<Bound> {
  const { host, port = 0, path, backlog = DEFAULT_BACKLOG } = options;
  const openAt = (place: string, number: number, option: number): Bound => {
    const fd = native.open(place, number, backlog, option);
    if (fd < 0) throw systemError(-fd, `listen on ${describe(place, number)}`);
    return { fd, host: place };
  };
  if (path) {
    addressing.checkPath("listen on", path);
    await removeStaleSocket(path);
    return openAt(path, -1, options.mode ?? DEFAULT_MODE);
  }
  const shared = options.reusePort ? 1 : 0;
  if (host !== undefined) {
    const [address = host] = await addressing.resolve("listen on", host, port);
    return openAt(address, port, shared);
  }
  const [everywhere, second] = addressing.everywhere(port);
  try {
    return openAt(everywhere, port, shared);
  } catch (error) {
    if (second === undefined || !lacksIPv6(error)) throw error;
    return openAt(second, port, shared);
  }
}

function lacksIPv6(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL";
}

/** A socket that listens while nobody accepts, for child processes. */
export async function openIdleListener(
  native: NativeLoop,
  addressing: Addressing,
  options: ListenOptions,
  byNumber: boolean,
): Promise<IdleListener> {
  const { fd, host } = await bind(native, addressing, options);
  let open = true;
  const close = (): void => {
    if (open) native.closeDescriptor(fd);
    open = false;
  };
  const address = { host, port: native.portOf(fd), path: "" };
  const refuseClients = (): void => {
    if (open) native.refuse(fd);
  };
  const setInheritable = (on: boolean): void => {
    // A second descriptor of the same socket would keep it listening in the child.
    if (byNumber) native.setInheritable(fd, on ? 1 : 0);
  };
  return { address, fd, byNumber, setInheritable, refuseClients, close };
}

/** A listener of the loop, under the id that the addon knows it by. */
export class EpollListener implements Listener {
  readonly address: Address;
  readonly accept: SocketHandlerFactory;
  readonly id: number;
  readonly #tcp: EpollTcp;
  /** Its descriptor, or undefined if other processes accept on the same socket. */
  readonly #own: number | undefined;
  readonly #inode: string | undefined;
  #open = true;

  constructor(tcp: EpollTcp, id: number, own: number | undefined, accept: SocketHandlerFactory) {
    this.#tcp = tcp;
    this.id = id;
    this.#own = own;
    this.accept = accept;
    this.address = tcp.address(id, 0);
    this.#inode = this.address.path === "" ? undefined : inodeOf(this.address.path);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    // Who has connected is not to be reset: nobody joins the queue any more while it is emptied.
    if (this.#own !== undefined && this.address.path === "") this.#tcp.native.refuse(this.#own);
    this.#tcp.removeListener(this.id);
    removeSocket(this.address.path, this.#inode);
  }

  setTls(): void {
    throw new Error("Cannot set TLS: the listener was opened without it");
  }
}
