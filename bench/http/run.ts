/**
 * Measures the processor time that a hello-world server spends on a request: Squall on each of its
 * hosts beside its peers, in alternating rounds. Writes bench/results/. See bench/README.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bars, type Candidate, select } from "./candidates.ts";
import { type LoadOptions, measure, type Round } from "./measure.ts";
import { profile } from "./profile.ts";
import { page, summarize, verdicts } from "./report.ts";
import { isSquallBuilt, linkSquall, requireProgram, results, versions } from "./runtimes.ts";
import { pinSelf } from "./server-process.ts";
import { percent } from "./statistics.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "5" },
    "warm-up": { type: "string", default: "2" },
    connections: { type: "string", default: "64" },
    /** A round on a core that others used more than this is measured again. */
    "max-disturbance": { type: "string", default: "0.1" },
    /** How often, at most, one round is measured again. */
    retries: { type: "string", default: "2" },
    name: { type: "string", default: new Date().toISOString().slice(0, 10) },
    /** Prints and writes nothing to bench/results. */
    dry: { type: "boolean", default: false },
    /** Shows where one candidate's time goes, instead of measuring. */
    profile: { type: "string" },
    perf: { type: "string" },
    strace: { type: "string" },
  },
});

const load: LoadOptions = {
  seconds: Number(flags.seconds),
  warmUp: Number(flags["warm-up"]),
  connections: Number(flags.connections),
};
const only = flags.only.split(",").filter((word) => word !== "");

/** Measures a round, again if others disturbed it, and returns the calmest try. */
async function calmRound(candidate: Candidate): Promise<Round> {
  let best = await measure(candidate, load);
  for (let retry = 0; retry < Number(flags.retries); retry++) {
    if (best.disturbance <= Number(flags["max-disturbance"])) return best;
    const again = await measure(candidate, load);
    if (again.disturbance < best.disturbance) best = again;
  }
  return best;
}

function roundText(round: Round): string {
  const { candidate, user, system, perSecond, p99, errors, disturbance } = round;
  const times = `user ${user.toFixed(2)}  system ${system.toFixed(2)} µs`;
  const rest = `${perSecond.toFixed(0)}/s  p99 ${p99} µs  disturbed ${percent(disturbance)}`;
  return `${candidate.padEnd(28)} ${times}  ${rest}${errors > 0 ? `  ERRORS ${errors}` : ""}`;
}

async function measureAll(selected: readonly Candidate[]): Promise<Round[]> {
  const rounds: Round[] = [];
  const failed = new Set<string>();
  for (let number = 1; number <= Number(flags.rounds); number++) {
    console.log(`round ${number} of ${flags.rounds}, load average ${loadavg()[0]?.toFixed(2)}`);
    for (const candidate of selected) {
      if (failed.has(candidate.name)) continue;
      try {
        const round = await calmRound(candidate);
        rounds.push(round);
        console.log(roundText(round));
      } catch (error) {
        failed.add(candidate.name);
        console.error(`${candidate.name}: left out: ${error}`);
      }
    }
  }
  return rounds;
}

function write(selected: readonly Candidate[], rounds: readonly Round[]): boolean {
  const measured = selected.filter(({ name }) => rounds.some((round) => round.candidate === name));
  const summaries = measured.map((candidate) => summarize(candidate, rounds));
  const rows = verdicts(bars, rounds);
  const environment = {
    date: new Date().toISOString(),
    processor: `${cpus()[0]?.model}, ${cpus().length} cores`,
    kernel: release(),
    ...versions(),
    load: `wrk -t1 -c${load.connections} -d${load.seconds}s, ${flags.rounds} rounds`,
  };
  const text = page({ summaries, verdicts: rows, environment });
  console.log(`\n${text}`);
  if (!flags.dry) {
    mkdirSync(results, { recursive: true });
    const data = { environment, verdicts: rows, summaries, rounds };
    writeFileSync(join(results, `http-${flags.name}.json`), `${JSON.stringify(data, null, 1)}\n`);
    // The page of all servers is not replaced by one of some.
    const name = only.length === 0 ? "http" : `http-${flags.name}`;
    writeFileSync(join(results, `${name}.md`), text);
  }
  return summaries.every(({ errors }) => errors === 0) && measured.length === selected.length;
}

async function main(): Promise<void> {
  for (const [program, debianPackage] of [
    ["wrk", "wrk"],
    ["taskset", "util-linux"],
  ] as const) {
    requireProgram(program, debianPackage);
  }
  linkSquall();
  if (!isSquallBuilt()) console.error("Squall is not built (npm run build): peers alone");
  pinSelf();
  for (const tool of ["profile", "perf", "strace"] as const) {
    const name = flags[tool];
    if (name === undefined) continue;
    for (const candidate of select(name.split(","))) await profile(tool, candidate, load);
    return;
  }
  const selected = select(only);
  const rounds = await measureAll(selected);
  if (!write(selected, rounds)) process.exitCode = 1;
}

await main();
