/**
 * The event loop: the runtime's own one, under Tornado's names, together with the host that gives
 * it sockets. The only module that imports `#host`; everything above asks its loop for sockets, so
 * a test replaces them all by making a loop on another host (Tornado `ioloop`).
 */

export {
  type Executor,
  type Task,
  type TaskOptions,
  WorkerExecutor,
  type WorkerExecutorOptions,
} from "./ioloop/executor.ts";
export { type Callback, type HasDescriptor, IOLoop } from "./ioloop/loop.ts";
export { PeriodicCallback, type PeriodicCallbackOptions } from "./ioloop/periodic-callback.ts";
export { type RemoteCallbacks, RemoteIOLoop } from "./ioloop/remote.ts";
export type { Deadline, Timeout } from "./ioloop/timeout.ts";
