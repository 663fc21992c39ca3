/**
 * Log files that are renamed once they are large or old enough. Private to the module log.
 */
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";

/** Writes text to the end of a file, also if that cannot be renamed, which throws. */
export interface LogFile {
  write(text: string): void;
  close(): void;
}

/** When a file is renamed, and how many renamed ones are kept. */
export interface SizeRotation {
  readonly maxSize: number;
  readonly backups: number;
}

/** A file that moves to `path.1` before it grows past `maxSize`; `path.1` to `path.2`, and so on. */
export class SizeRotatedFile implements LogFile {
  readonly #path: string;
  readonly #rotation: SizeRotation;
  #descriptor: number;
  #size: number;

  constructor(path: string, rotation: SizeRotation) {
    this.#path = path;
    this.#rotation = rotation;
    this.#descriptor = fs.openSync(path, "a");
    this.#size = fs.fstatSync(this.#descriptor).size;
  }

  write(text: string): void {
    const { maxSize } = this.#rotation;
    const bytes = new TextEncoder().encode(text);
    try {
      if (maxSize > 0 && this.#size > 0 && this.#size + bytes.length > maxSize) this.#rotate();
    } finally {
      writeAll(this.#descriptor, bytes);
      this.#size += bytes.length;
    }
  }

  #rotate(): void {
    const { backups } = this.#rotation;
    if (backups <= 0) return;
    for (let number = backups - 1; number > 0; number--) {
      renameIfPresent(`${this.#path}.${number}`, `${this.#path}.${number + 1}`);
    }
    renameIfPresent(this.#path, `${this.#path}.1`);
    this.#descriptor = reopened(this.#descriptor, this.#path);
    this.#size = 0;
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

/** A second, minute, hour or day; midnight; or the midnight that ends a weekday, Monday being W0. */
export type RotateWhen = "S" | "M" | "H" | "D" | "midnight" | `W${0 | 1 | 2 | 3 | 4 | 5 | 6}`;

/** When a file is renamed, and how many renamed ones are kept (0 keeps all). */
export interface TimeRotation {
  readonly when: RotateWhen;
  /** So many of what `when` says. */
  readonly interval: number;
  readonly backups: number;
}

const SECONDS: Readonly<Record<string, number>> = { S: 1, M: 60, H: 3600, D: 86400 };

/** What the name of a renamed file shows of its time: `YYYY-MM-DD_hh-mm-ss`, cut to this length. */
const NAME_LENGTHS: Readonly<Record<string, number>> = { S: 19, M: 16, H: 13 };

/** Whether `when` is one of the words that `TimeRotatedFile` knows. */
export function isRotateWhen(when: string): when is RotateWhen {
  return /^(S|M|H|D|midnight|W[0-6])$/.test(when);
}

/** A file that moves to `path.2026-11-20` at the end of each period. */
export class TimeRotatedFile implements LogFile {
  readonly #path: string;
  readonly #rotation: TimeRotation;
  readonly #now: () => number;
  #descriptor: number;
  #periodStart: number;
  #periodEnd: number;

  constructor(path: string, rotation: TimeRotation, now: () => number = Date.now) {
    this.#path = path;
    this.#rotation = rotation;
    this.#now = now;
    this.#descriptor = fs.openSync(path, "a");
    // The period of a file that a process before this one left counts from its last line.
    const { size, mtimeMs } = fs.fstatSync(this.#descriptor);
    this.#periodStart = size > 0 ? Math.min(mtimeMs, now()) : now();
    this.#periodEnd = periodEnd(this.#periodStart, rotation);
  }

  write(text: string): void {
    try {
      if (this.#now() >= this.#periodEnd) this.#rotate();
    } finally {
      writeAll(this.#descriptor, new TextEncoder().encode(text));
    }
  }

  #rotate(): void {
    const length = NAME_LENGTHS[this.#rotation.when] ?? 10;
    renameIfPresent(this.#path, `${this.#path}.${timeName(this.#periodStart).slice(0, length)}`);
    this.#removeOld();
    this.#descriptor = reopened(this.#descriptor, this.#path);
    this.#periodStart = this.#now();
    this.#periodEnd = periodEnd(this.#periodStart, this.#rotation);
  }

  #removeOld(): void {
    const { backups } = this.#rotation;
    if (backups <= 0) return;
    const start = `${basename(this.#path)}.`;
    const renamed = fs
      .readdirSync(dirname(this.#path))
      .filter(
        (name) => name.startsWith(start) && /^\d{4}-\d\d-\d\d/.test(name.slice(start.length)),
      );
    for (const name of renamed.sort().slice(0, -backups)) {
      fs.rmSync(join(dirname(this.#path), name), { force: true });
    }
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

function periodEnd(start: number, { when, interval }: TimeRotation): number {
  const seconds = SECONDS[when];
  if (seconds !== undefined) return start + seconds * interval * 1000;
  const end = new Date(start);
  end.setHours(0, 0, 0, 0);
  end.setDate(end.getDate() + 1);
  if (when === "midnight") {
    end.setDate(end.getDate() + interval - 1);
    return end.getTime();
  }
  // The day before `end` must be the weekday asked for. getDay counts from Sunday.
  const weekday = (Number(when.slice(1)) + 1) % 7;
  while (new Date(end.getTime() - 1).getDay() !== weekday) end.setDate(end.getDate() + 1);
  return end.getTime();
}

function timeName(time: number): string {
  const date = new Date(time);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${day.map(pad).join("-")}_${clock.map(pad).join("-")}`;
}

/**
 * Opens a new file in place of one that has been renamed. That one is closed afterwards: if there are no
 * descriptors left, its own stays what it is, and does not become somebody's connection.
 */
function reopened(descriptor: number, path: string): number {
  const next = fs.openSync(path, "a");
  fs.closeSync(descriptor);
  return next;
}

function renameIfPresent(from: string, to: string): void {
  if (fs.existsSync(from)) fs.renameSync(from, to);
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += fs.writeSync(descriptor, bytes, done, bytes.length - done);
  }
}
