/**
 * The sockets that the parent of `forkProcesses` opens for one child, which inherits them. The parent
 * holds them as long as somebody is to accept on them; `supervisor.ts` decides how long that is.
 */

import type { IdleListener, ListenOptions } from "../host.ts";
import { IOLoop } from "../ioloop.ts";
import { keyOf } from "./task.ts";

/** A socket of ours, or, where the runtime gives no descriptors, a port that the children share. */
interface OpenedListener {
  readonly key: string;
  readonly port: number;
  readonly idle: IdleListener | undefined;
}

/** What one child listens on. */
export class ChildListeners {
  readonly #places: readonly ListenOptions[];
  /** By place, from the first opening on: where 0 was asked for, all children have one port. */
  readonly #ports: (number | undefined)[];
  #opened: OpenedListener[] = [];
  #opening: Promise<void> | undefined;

  /** With the ports that another child has found, or without if it is the first. */
  constructor(places: readonly ListenOptions[], first?: ChildListeners) {
    this.#places = places;
    this.#ports = first === undefined ? [] : [...first.#ports];
  }

  /** What is open now. */
  get opened(): readonly OpenedListener[] {
    return this.#opened;
  }

  /** Whether the sockets can be closed for a while: other children hold the same ports. */
  get canReopen(): boolean {
    return this.#opened.every(({ idle }) => idle !== undefined && idle.address.path === "");
  }

  /** Opens what is not open. Rejects with the system's error, and has nothing open then. */
  open(): Promise<void> {
    this.#opening ??= this.#openEach().catch((error) => {
      this.close();
      throw error;
    });
    return this.#opening;
  }

  close(): void {
    for (const { idle } of this.#opened) idle?.close();
    this.#opened = [];
    this.#opening = undefined;
  }

  async #openEach(): Promise<void> {
    for (const [at, place] of this.#places.entries()) {
      const port = this.#ports[at] ?? place.port ?? 0;
      const options = { ...place, port, reusePort: true };
      const idle = await openIdle(options);
      const taken = idle?.address.port ?? (await freePort(options));
      this.#ports[at] = taken;
      this.#opened.push({ key: keyOf(place.host, place.port ?? 0), port: taken, idle });
    }
  }
}

/** What each of `count` children inherits. */
export async function openListeners(
  places: readonly ListenOptions[],
  count: number,
): Promise<ChildListeners[]> {
  const children: ChildListeners[] = [];
  for (let id = 0; id < count; id++) {
    const child = new ChildListeners(places, children[0]);
    await child.open();
    children.push(child);
  }
  return children;
}

/** Undefined where the runtime gives no descriptors. */
async function openIdle(options: ListenOptions): Promise<IdleListener | undefined> {
  try {
    return await IOLoop.current().tcp.openListener(options);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOTSUP") return undefined;
    throw error;
  }
}

/** A port for children that open it themselves; also tells, before any is started, if it is taken. */
async function freePort(options: ListenOptions): Promise<number> {
  const listener = await IOLoop.current().tcp.listen(options, () => {
    throw new Error("Cannot serve yet: the children are not started");
  });
  listener.close();
  return listener.address.port;
}
