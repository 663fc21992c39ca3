/**
 * The way into a loop from another thread: calls by name, over a MessagePort. Private to `ioloop`,
 * which exports it.
 */

import { appLog } from "../log.ts";

/** Functions by the names under which another thread calls them. */
// biome-ignore lint/suspicious/noExplicitAny: parameters are checked at the other end, by name
export type RemoteCallbacks = Readonly<Record<string, (...args: any[]) => unknown>>;

type Call = readonly [name: string, args: unknown[]];

/** Makes a port whose other end is read here. */
export function openPort(
  callbacks: RemoteCallbacks,
  run: (callback: (...args: unknown[]) => unknown, args: unknown[]) => void,
): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: { data: unknown }) => {
    if (!isCall(data)) {
      appLog.error("Cannot run what another thread has posted: only addCallback may use the port");
      return;
    }
    const [name, args] = data;
    const callback = Object.hasOwn(callbacks, name) ? callbacks[name] : undefined;
    if (callback === undefined) {
      const known = Object.keys(callbacks).join(", ");
      appLog.error(`Cannot run callback "${name}" of another thread: there are ${known}`);
    } else run(callback, args);
  };
  release(port1);
  return port2;
}

function isCall(data: unknown): data is Call {
  return Array.isArray(data) && typeof data[0] === "string" && Array.isArray(data[1]);
}

/**
 * A loop of another thread, by the port that its `portFor` gave: the only thing of it that may be
 * used from here. `RemoteIOLoop<typeof callbacks>` checks names and arguments.
 */
export class RemoteIOLoop<Callbacks extends RemoteCallbacks = RemoteCallbacks> {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
    release(port);
  }

  /**
   * Runs one of the callbacks on the other thread's loop, soon. Calls arrive in their order.
   * Arguments are copied as by `structuredClone`; throws a DataCloneError if they cannot be.
   */
  addCallback<Name extends keyof Callbacks & string>(
    name: Name,
    ...args: Parameters<Callbacks[Name]>
  ): void {
    const call: Call = [name, args];
    this.#port.postMessage(call);
  }

  /** Closes both ends. */
  close(): void {
    this.#port.close();
  }
}

/** Lets the process end although the port is open. Browsers have no `unref`, and need none. */
function release(port: MessagePort): void {
  (port as { unref?: () => void }).unref?.();
}
