/**
 * What blocks this thread, by the runtime's profiler, which looks at it again and again. Private to
 * `ioloop`, for `blocking.ts`.
 */

import type { Profiler, Runtime, Session } from "node:inspector";
import process from "node:process";
import type { Stacks } from "./blocking.ts";

/** Samples from one turn of the loop to the next, of which the stack is made. */
const SAMPLES = 4;
/** As many as Node itself shows of an error. */
const FRAMES = 10;
/**
 * Samples after which a profile is begun anew: these are some hundred KiB, and a beginning costs
 * milliseconds, as every function is listed.
 */
const MAX_SAMPLES = 10_000;

export class SampledStacks implements Stacks {
  /** Milliseconds between two samples. */
  readonly #interval: number;
  /** Undefined where the runtime or its permissions allow none: then there are no stacks. */
  #session: Session | undefined;
  #begun = 0;

  /** Takes the milliseconds between two calls. */
  constructor(period: number) {
    this.#interval = period / SAMPLES;
    this.#session = connect();
    this.#session?.post("Profiler.enable");
    const interval = Math.ceil(this.#interval * 1000);
    this.#session?.post("Profiler.setSamplingInterval", { interval });
    this.#begin();
  }

  turned(): void {
    if (performance.now() - this.#begun < MAX_SAMPLES * this.#interval) return;
    this.#session?.post("Profiler.stop");
    this.#begin();
  }

  /** Tells the stack that took the most of this time. */
  take(seconds: number, told: (stack: string | undefined) => void): void {
    if (this.#session === undefined) {
      told(undefined);
      return;
    }
    this.#session.post("Profiler.stop", (error, result) => {
      told(error === null ? stackOf(result.profile, seconds) : undefined);
    });
    this.#begin();
  }

  stop(): void {
    this.#session?.disconnect();
    this.#session = undefined;
  }

  #begin(): void {
    this.#session?.post("Profiler.start");
    this.#begun = performance.now();
  }
}

function connect(): Session | undefined {
  try {
    // Loaded here, as few programs need it, and a Node can be built without.
    const inspector = process.getBuiltinModule("node:inspector");
    const session = new inspector.Session();
    session.connect();
    return session;
  } catch {
    return undefined;
  }
}

interface Frame {
  readonly node: Profiler.ProfileNode;
  readonly caller: Frame | undefined;
  readonly called: Frame[];
  /** Samples of the time in question that found it, or what it has called. */
  samples: number;
}

/** The way from the root on which each time that follows which took the most samples. */
function stackOf(profile: Profiler.Profile, seconds: number): string | undefined {
  const frames = framesOf(profile);
  countSamples(profile, frames, profile.endTime - seconds * 1e6);
  const [root] = profile.nodes;
  const lines: string[] = [];
  let frame = root && heaviest(frames.get(root.id));
  while (frame !== undefined) {
    const next = heaviest(frame);
    lines.unshift(lineOf(frame.node, next === undefined));
    frame = next;
  }
  return lines.length === 0 ? undefined : lines.slice(0, FRAMES).join("\n");
}

function framesOf({ nodes }: Profiler.Profile): Map<number, Frame> {
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  const frames = new Map<number, Frame>();
  const open: Frame[] = nodes.slice(0, 1).map((node) => frameOf(node, undefined));
  for (let frame = open.pop(); frame !== undefined; frame = open.pop()) {
    frames.set(frame.node.id, frame);
    for (const id of frame.node.children ?? []) {
      const node = nodeOf.get(id);
      if (node === undefined) continue;
      const called = frameOf(node, frame);
      frame.called.push(called);
      open.push(called);
    }
  }
  return frames;
}

function frameOf(node: Profiler.ProfileNode, caller: Frame | undefined): Frame {
  return { node, caller, called: [], samples: 0 };
}

/** Times of a profile are microseconds. */
function countSamples(
  { startTime, samples = [], timeDeltas = [] }: Profiler.Profile,
  frames: ReadonlyMap<number, Frame>,
  since: number,
): void {
  let time = startTime;
  samples.forEach((id, at) => {
    time += timeDeltas[at] ?? 0;
    if (time < since) return;
    for (let frame = frames.get(id); frame !== undefined; frame = frame.caller) frame.samples++;
  });
}

/** What a frame has called for most of its time; undefined if it ran itself for longer. */
function heaviest(frame: Frame | undefined): Frame | undefined {
  if (frame === undefined) return undefined;
  let found: Frame | undefined;
  let own = frame.caller === undefined ? 0 : frame.samples;
  for (const each of frame.called) {
    own -= each.samples;
    if (isCode(each.node) && each.samples > (found?.samples ?? 0)) found = each;
  }
  return found !== undefined && found.samples >= own ? found : undefined;
}

/** Not what profilers write for a loop that waits, for their own work and for memory's. */
function isCode({ callFrame }: Profiler.ProfileNode): boolean {
  return !/^\((idle|program|garbage collector)\)$/.test(callFrame.functionName);
}

/**
 * As in the `stack` of an error, but with the place where the function begins. Of the innermost one
 * it is known in which line it was.
 */
function lineOf(node: Profiler.ProfileNode, isInnermost: boolean): string {
  const { functionName } = node.callFrame;
  const [most] = isInnermost ? [...(node.positionTicks ?? [])].sort(byTicks) : [];
  const place = placeOf(node.callFrame, most?.line);
  return functionName === "" ? `at ${place}` : `at ${functionName} (${place})`;
}

/** Profilers count lines from 0, and have none for a module as a whole. */
function placeOf({ url, lineNumber, columnNumber }: Runtime.CallFrame, line?: number): string {
  if (url === "") return "native";
  if (line !== undefined) return `${url}:${line}`;
  return lineNumber < 0 ? url : `${url}:${lineNumber + 1}:${columnNumber + 1}`;
}

function byTicks(a: { readonly ticks: number }, b: { readonly ticks: number }): number {
  return b.ticks - a.ticks;
}
