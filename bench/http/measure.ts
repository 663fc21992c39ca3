/**
 * Measures one candidate once: a fresh server, a warm-up, then the counted load with the server's
 * processor time read before and after it.
 */
import type { Candidate } from "./candidates.ts";
import { wrk } from "./generator.ts";
import { coreTicks, SERVER_CORE, ServerProcess } from "./server-process.ts";

export interface LoadOptions {
  readonly seconds: number;
  readonly warmUp: number;
  readonly connections: number;
  /** What is asked for, if it is not `/`. */
  readonly path?: string;
  readonly headers?: readonly string[];
}

/** One round of one candidate. Times per request in microseconds. */
export interface Round {
  readonly candidate: string;
  readonly requests: number;
  readonly errors: number;
  readonly user: number;
  readonly system: number;
  readonly total: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly bytesPerResponse: number;
  /** How much of the server's core other processes or other guests used meanwhile: 0 to 1. */
  readonly disturbance: number;
}

/** Loads a running server and returns what it cost. */
export async function loadOnce(
  server: ServerProcess,
  candidate: Pick<Candidate, "name" | "pipelined">,
  options: LoadOptions,
): Promise<Round> {
  const { connections, seconds, path = "/", headers = [] } = options;
  const coreBefore = coreTicks(SERVER_CORE);
  const before = server.processorTime();
  const begin = performance.now();
  const result = await wrk({
    url: new URL(path, server.url).href,
    seconds,
    connections,
    pipelined: candidate.pipelined,
    headers,
  });
  const elapsed = (performance.now() - begin) / 1000;
  const after = server.processorTime();
  const coreAfter = coreTicks(SERVER_CORE);

  const user = after.user - before.user;
  const system = after.system - before.system;
  const busy = (coreAfter.busy - coreBefore.busy) / 100;
  const stolen = (coreAfter.stolen - coreBefore.stolen) / 100;
  const perRequest = (time: number) => (time * 1e6) / result.requests;
  return {
    candidate: candidate.name,
    requests: result.requests,
    errors: result.errors,
    user: perRequest(user),
    system: perRequest(system),
    total: perRequest(user + system),
    perSecond: (result.requests * 1e6) / result.duration,
    p50: result.p50,
    p99: result.p99,
    bytesPerResponse: result.bytes / result.requests,
    disturbance: Math.max(0, busy - user - system + stolen) / elapsed,
  };
}

/**
 * A server is started anew for each round: how its runtime happened to compile and lay out the
 * code then varies between rounds instead of colouring all of them, and no idle peer shares the
 * core.
 */
export async function measure(candidate: Candidate, options: LoadOptions): Promise<Round> {
  const server = await ServerProcess.start(candidate.command);
  try {
    const { connections, warmUp } = options;
    await wrk({ url: server.url, seconds: warmUp, connections, pipelined: candidate.pipelined });
    return await loadOnce(server, candidate, options);
  } finally {
    await server.stop();
  }
}
