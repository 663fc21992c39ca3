/**
 * Says whether this process can serve, to load balancers and orchestrators.
 */

import { appLog } from "../log.ts";
import { orLate, TimeoutError } from "../util.ts";
import { RequestHandler } from "./request-handler.ts";

/** Options of `HealthHandler`. */
export interface HealthOptions {
  /**
   * What the process cannot do without, by name, such as a database: a check fails if it throws,
   * gives false, or takes longer than `timeout`.
   */
  readonly checks?: Readonly<Record<string, () => unknown>>;
  /** Seconds that the checks have; 2 by default. */
  readonly timeout?: number;
  /**
   * Says only whether the process is alive, so it stays 200 while the server stops: for a liveness
   * probe, whose failure has the process killed.
   */
  readonly live?: boolean;
}

/**
 * Answers 200 and `{"status":"ok"}`; 503 with `draining` while the server stops gracefully, so that
 * load balancers send nothing more, and 503 with `failing` and the names of the checks that fail.
 */
export class HealthHandler extends RequestHandler {
  #options: HealthOptions = {};

  override initialize(options: HealthOptions = {}): void {
    this.#options = options;
  }

  async get(): Promise<void> {
    const { checks = {}, timeout = 2, live = false } = this.#options;
    this.setHeader("Cache-Control", "no-store");
    if (live) this.write({ status: "ok" });
    else if (this.request.connection.draining) this.#refuse({ status: "draining" });
    else {
      const names = Object.keys(checks);
      const failing = names.length === 0 ? [] : await failed(checks, timeout);
      if (failing.length > 0) this.#refuse({ status: "failing", failing });
      else this.write({ status: "ok" });
    }
  }

  #refuse(body: Record<string, unknown>): void {
    this.setStatus(503);
    this.write(body);
  }

  /** Asked every second by everybody: no entity tag. */
  override computeEtag(): undefined {
    return undefined;
  }

  /** Not logged: checks would be most of the access log. */
  protected override conclude(): void {
    this.onFinish();
  }
}

async function failed(
  checks: Readonly<Record<string, () => unknown>>,
  timeout: number,
): Promise<string[]> {
  const outcomes = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await passes(name, check, timeout)]),
  );
  return outcomes.filter(([, passed]) => passed === false).map(([name]) => name as string);
}

async function passes(name: string, check: () => unknown, timeout: number): Promise<boolean> {
  try {
    const late = (): never => {
      throw new TimeoutError(`no answer within ${timeout} s`);
    };
    return (await orLate(check(), timeout, late)) !== false;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    appLog.warning(`Health check "${name}" failed: ${reason}`);
    return false;
  }
}
