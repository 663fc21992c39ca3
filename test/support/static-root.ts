/**
 * A folder to serve in tests of static files, of its own for each test file: made at once, removed
 * after the last test. Every file in it was changed at the same known time.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import {
  Application,
  type Settings,
  StaticFileHandler,
  type StaticFileOptions,
} from "../../src/web.ts";
import { type Answer, ask } from "./ask.ts";

/** A hundred digits: what a range holds can be told from it. */
export const DIGITS: string = "0123456789".repeat(10);
/** A script long enough to be worth compressing. */
export const SCRIPT: string = "let a = 1;".repeat(200);
/** More than is sent at once. */
export const LARGE: Uint8Array = Uint8Array.from(
  { length: 3_000_000 },
  (_, index) => (index * 7919) & 255,
);
/** When every file was changed; headers have no room for the milliseconds. */
const MODIFIED: Date = new Date("2026-01-02T03:04:05.678Z");
export const MODIFIED_DATE = "Fri, 02 Jan 2026 03:04:05 GMT";

export interface StaticRoot {
  /** The folder that `root` lies in, for what must not be served. */
  readonly top: string;
  readonly root: string;
  /** Writes a file below `root`. */
  put(path: string, content: string | Uint8Array): void;
  /** An application that serves `root` below /static/. */
  app(settings?: Settings): Application;
  /** An application that serves `root` by a route of its own, /files/ unless `pattern` is another. */
  serveWith(options: Omit<StaticFileOptions, "path">, pattern?: string): Application;
  /** Asks `app()` for a path. */
  get(path: string, headers?: Record<string, string>, verb?: string): Promise<Answer>;
}

/** Makes the folder, and has each test begin with nothing remembered of it. */
export function staticRoot(): StaticRoot {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "static-files-")));
  const root = join(top, "static");
  beforeAll(() => setLogLevel("none"));
  beforeEach(() => StaticFileHandler.reset());
  afterAll(() => {
    rmSync(top, { recursive: true, force: true });
    setLogLevel("warning");
  });
  const app = (settings: Settings = {}) => new Application([], { staticPath: root, ...settings });
  return {
    top,
    root,
    put(path, content) {
      const file = join(root, path);
      mkdirSync(join(file, ".."), { recursive: true });
      writeFileSync(file, content);
      utimesSync(file, MODIFIED, MODIFIED);
    },
    app,
    serveWith: (options, pattern = "/files/(.*)") =>
      new Application([[pattern, StaticFileHandler, { path: root, ...options }]]),
    get: (path, headers = {}, verb = "GET") => ask(app(), `${verb} ${path}`, { headers }),
  };
}
