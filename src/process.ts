/**
 * Other processes: this program several times, one on each core, under a parent that starts them
 * again; and programs of all kinds (Tornado `process`).
 */

export { CalledProcessError } from "./process/errors.ts";
export { cpuCount, type ForkOptions, forkProcesses, taskId } from "./process/fork.ts";
export { Subprocess, type SubprocessOptions } from "./process/subprocess.ts";
export { inheritedListener, reportListening, reportReady } from "./process/task.ts";
