/**
 * Loads the epoll addon (host-node/addon) and types what it exports. Below tcp.ts, which drives
 * it. The binary lies beside this file, in the source tree and in dist/ alike.
 */
import { join } from "node:path";
import process from "node:process";

/** Sockets are known by ids; results below zero are `-errno`. */
export interface NativeLoop {
  /**
   * Listens on an IP address and port, or with port -1 on a path; `option`: port shared, mode.
   * Returns a descriptor.
   */
  open(host: string, port: number, backlog: number, option: number): number;
  /** Accepts on a listening descriptor, which is the loop's from here on. */
  accept(fd: number): number;
  /** Takes a connection that waits at a listener; below zero if none does. */
  acceptNext(id: number): number;
  /** Has the kernel let nobody else connect to a listening descriptor, in whatever process. */
  refuse(fd: number): void;
  /** The port that a descriptor is bound to. */
  portOf(fd: number): number;
  /** Whether child processes get a descriptor by its number. */
  setInheritable(fd: number, on: number): void;
  /** Closes a descriptor that the loop does not have. */
  closeDescriptor(fd: number): void;
  /** Begins to connect to an IP address and port, from a source if given; port -1: to a path. */
  connect(host: string, port: number, sourceHost?: string, sourcePort?: number): number;
  /** Sends the output rows and returns how many result rows took their place. */
  flush(): number;
  /**
   * Sends bytes, behind `length` ones from `start` of the memory on, as one. Returns how many of all
   * the kernel took; if not all, there will be an event.
   */
  write(id: number, bytes: Uint8Array, start: number, length: number): number;
  /** Sends a part of an open file; returns as `write` does, `-ENODATA` where the file has ended. */
  sendFile(id: number, file: number, start: number, length: number): number;
  /** Watches for an epoll event (1 reading, 4 writing), or stops to. */
  watch(id: number, event: number, on: number): void;
  /** Watches a copy of a descriptor for reading; its events come as they are. */
  add(fd: number): number;
  shutdown(id: number): void;
  close(id: number, reset: number): void;
  setNoDelay(id: number, on: number): void;
  /** Whether a socket keeps Node's own loop running, as every new one does. */
  keepProcess(id: number, on: number): void;
  /** Host and port, or path and -1, of the local (0) or remote (1) end. */
  name(id: number, remote: number): [text: string, port: number] | undefined;
}

/** A loop whose turns JavaScript takes itself, on a runtime without libuv. */
export interface PolledLoop extends NativeLoop {
  /** Waits up to some milliseconds, reads what is ready, and returns how many event rows there are. */
  poll(milliseconds: number): number;
  /** Has `wake` called once, as soon as something is ready. */
  rest(): void;
}

/** The regions of the core's memory that the addon works in. */
export type LoopMemory = [
  memory: ArrayBuffer,
  inputStart: number,
  inputEnd: number,
  outputStart: number,
  eventsStart: number,
  eventsLength: number,
];

export interface Addon {
  /** A loop that Node's own loop drives: `deliver` gets each batch, and what a flush has left. */
  open(...memory: [...LoopMemory, deliver: (results: number) => void]): NativeLoop | number;
  openPolled(...memory: [...LoopMemory, wake: () => void]): PolledLoop | number;
}

/** The addon, or the reason why there is none. */
export function loadAddon(): Addon | string {
  if (process.platform !== "linux") return `no epoll on ${process.platform}`;
  const name = `linux-${process.arch}.node`;
  const module = { exports: {} };
  try {
    // Not `require`: Deno would want to be allowed to read the file as well.
    process.dlopen(module, join(import.meta.dirname, "addon", "prebuilds", name));
    return module.exports as Addon;
  } catch (error) {
    // Node's permission model refuses addons, unless --allow-addons is given.
    const reason = error instanceof Error ? error.message : String(error);
    return /cannot open shared object file/i.test(reason) ? `no binary ${name}` : reason;
  }
}
