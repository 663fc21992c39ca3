/** Turns the rounds of one run into its summary, its verdicts and the Markdown page. */
import type { Bar, Candidate } from "./candidates.ts";
import type { Round } from "./measure.ts";
import { markdownTable, percent, type Spread, spread, spreadText } from "./statistics.ts";

export interface Summary {
  readonly name: string;
  readonly title: string;
  readonly user: Spread;
  readonly system: Spread;
  readonly total: Spread;
  readonly perSecond: Spread;
  readonly p99: Spread;
  readonly bytesPerResponse: number;
  readonly errors: number;
  readonly disturbance: Spread;
}

export function summarize(candidate: Candidate, all: readonly Round[]): Summary {
  const rounds = all.filter((round) => round.candidate === candidate.name);
  const of = (pick: (round: Round) => number) => spread(rounds.map(pick));
  return {
    name: candidate.name,
    title: candidate.title,
    user: of((round) => round.user),
    system: of((round) => round.system),
    total: of((round) => round.total),
    perSecond: of((round) => round.perSecond),
    p99: of((round) => round.p99),
    bytesPerResponse: of((round) => round.bytesPerResponse).median,
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
    disturbance: of((round) => round.disturbance),
  };
}

export interface Ratio {
  /** Of the medians. */
  readonly ratio: number;
  /** Of the single rounds, each beside the peer's round next to it. */
  readonly rounds: Spread;
  readonly bar: number;
  readonly reached: boolean;
}

export interface Verdict {
  readonly ours: string;
  readonly peer: string;
  readonly user?: Ratio;
  readonly total: Ratio;
}

type Measure = "user" | "total";

function ratio(
  measure: Measure,
  bar: number,
  ours: readonly Round[],
  peers: readonly Round[],
): Ratio {
  const median = (rounds: readonly Round[]) => spread(rounds.map((round) => round[measure])).median;
  const value = median(peers) / median(ours);
  const pairs = ours.flatMap((round, index) => {
    const beside = peers[index];
    return beside === undefined ? [] : [beside[measure] / round[measure]];
  });
  return { ratio: value, rounds: spread(pairs), bar, reached: value >= bar };
}

function verdict(bar: Bar, ours: string, peer: string, all: readonly Round[]): Verdict | undefined {
  const ourRounds = all.filter((round) => round.candidate === ours);
  const peerRounds = all.filter((round) => round.candidate === peer);
  if (ourRounds.length === 0 || peerRounds.length === 0) return undefined;
  const total = ratio("total", bar.total, ourRounds, peerRounds);
  if (bar.user === undefined) return { ours, peer, total };
  return { ours, peer, user: ratio("user", bar.user, ourRounds, peerRounds), total };
}

/** Each bar twice, without and with ETag, as far as both sides were measured. */
export function verdicts(bars: readonly Bar[], rounds: readonly Round[]): Verdict[] {
  return bars.flatMap((bar) => {
    const rows = [
      verdict(bar, bar.ours, bar.peer, rounds),
      verdict(bar, `${bar.ours}-etag`, bar.peerWithETag ?? bar.peer, rounds),
    ];
    return rows.filter((row) => row !== undefined);
  });
}

function ratioCells(value: Ratio | undefined): string[] {
  if (value === undefined) return ["", "", ""];
  const { ratio, rounds, bar, reached } = value;
  const text = `${ratio.toFixed(2)} (${rounds.min.toFixed(2)}-${rounds.max.toFixed(2)})`;
  return [text, bar.toFixed(1), reached ? "yes" : "**no**"];
}

function verdictTable(rows: readonly Verdict[], titles: ReadonlyMap<string, string>): string {
  const head = ["ours", "peer", "user time, peer ÷ ours", "bar", "reached"];
  return markdownTable(
    [...head, "total time, peer ÷ ours", "bar", "reached"],
    rows.map(({ ours, peer, user, total }) => [
      titles.get(ours) ?? ours,
      titles.get(peer) ?? peer,
      ...ratioCells(user),
      ...ratioCells(total),
    ]),
  );
}

function summaryTable(summaries: readonly Summary[]): string {
  const head = ["server", "user µs", "system µs", "total µs", "requests/s", "p99 µs"];
  return markdownTable(
    [...head, "bytes", "errors", "disturbance"],
    summaries.map((summary) => [
      summary.title,
      spreadText(summary.user, 2),
      spreadText(summary.system, 2),
      spreadText(summary.total, 2),
      summary.perSecond.median.toFixed(0),
      // wrk gives no latency of pipelined requests.
      summary.p99.max === 0 ? "" : spreadText(summary.p99, 0),
      summary.bytesPerResponse.toFixed(0),
      String(summary.errors),
      percent(summary.disturbance.median),
    ]),
  );
}

export interface PageOptions {
  readonly summaries: readonly Summary[];
  readonly verdicts: readonly Verdict[];
  readonly environment: Readonly<Record<string, string | number>>;
}

/** The page `bench/results/http.md`. */
export function page({ summaries, verdicts, environment }: PageOptions): string {
  const titles = new Map(summaries.map(({ name, title }) => [name, title]));
  const facts = Object.entries(environment).map(([key, value]) => `- ${key}: ${value}`);
  return [
    "# Hello, world: processor time per request",
    "Written by `bench/http/run.ts`; what the figures mean is in `bench/README.md`. Figures are " +
      "medians of the rounds, with the least and the most in parentheses.",
    facts.join("\n"),
    "## Ratios",
    verdicts.length === 0
      ? "No pair of ours and a peer was measured."
      : verdictTable(verdicts, titles),
    "## Servers",
    summaryTable(summaries),
    "",
  ].join("\n\n");
}
