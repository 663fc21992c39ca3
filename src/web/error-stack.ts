/**
 * The places that an exception went through, with the lines of source around each. Called by
 * `error-report.ts`, in debug mode only: it reads the files that a stack names.
 */

import { readFileSync } from "node:fs";
import { ParseError, type TemplatePlace, templateTrace } from "../template.ts";
import { isOwnFile, pathOf } from "./calling-folder.ts";

/** A line of source. */
export interface SourceLine {
  readonly number: number;
  readonly text: string;
}

/** One place of a stack. */
export interface Frame {
  /** The function, as the engine calls it; "" at the top of a file or in a template. */
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Lines of source around it; none if they cannot be had. */
  readonly source: readonly SourceLine[];
  /** Whose code it is: the application's, a package's, the framework's, or the runtime's. */
  readonly owner: "application" | "template" | "package" | "framework" | "runtime";
  /** The templates that brought this one in, as `base.html:7`. */
  readonly via: readonly string[];
}

/** Reads a template's source by the name that errors have for it. */
export type TemplateSource = (name: string) => string | undefined;

/** Lines before and after the one that is meant. */
const AROUND = 6;
/** Longer lines are not written by people. */
const LONGEST_LINE = 400;
/** Most frames that are looked at: the innermost ones. */
const MOST_FRAMES = 40;

/** Only what is source: a stack could name any file. */
const sourceFile = /\.[cm]?[jt]sx?$/;
const jsFrame =
  /^(?:(.*?) \(|(.*?)@|)((?:file:\/\/|node:|ext:|[A-Za-z]:[\\/]|\/).*?):(\d+)(?::\d+)?\)?$/;

/**
 * The frames of an exception, innermost first. Lines of its message are no frames, even if they
 * look like some: it may hold what a client has sent.
 */
export function framesOf(error: Error, templateSource: TemplateSource): Frame[] {
  const templates = [...templateTrace(error)];
  const lines = stackLines(error).slice(0, MOST_FRAMES);
  const frames = lines.flatMap((line): Frame[] => {
    const text = line.trim().replace(/^at (?:async )?/, "");
    const place = templates.find((one) => isAt(text, one));
    if (place !== undefined) return [templateFrame(place, templateSource)];
    const frame = jsFrame.exec(text);
    return frame === null ? [] : [codeFrame(frame)];
  });
  if (!(error instanceof ParseError)) return frames;
  const { filename, lineno } = error;
  return [templateFrame({ filename, lineno, via: [] }, templateSource), ...frames];
}

/** The lines of a stack below its message; none if one cannot tell where that ends. */
function stackLines({ stack = "", message }: Error): string[] {
  const at = stack.indexOf(message);
  // JavaScriptCore's own stacks have no message; a V8 stack without its message cannot be told apart.
  if (at < 0) return /^[^\n]*@/.test(stack) ? stack.split("\n") : [];
  return stack.slice(at + message.length).split("\n");
}

function isAt(text: string, { filename, lineno }: TemplatePlace): boolean {
  const start = `${filename}:${lineno}`;
  return text === start || text.startsWith(`${start} (via `);
}

function templateFrame(place: TemplatePlace, templateSource: TemplateSource): Frame {
  const { filename, lineno, via } = place;
  return {
    name: "",
    file: filename,
    line: lineno,
    source: excerpt(templateSource(filename), lineno),
    owner: "template",
    via: via.map((one) => `${one.filename}:${one.lineno}`),
  };
}

function codeFrame([, v8Name, jscName, place = "", digits]: RegExpExecArray): Frame {
  const file = pathOf(place);
  const line = Number(digits);
  const owner = ownerOf(file);
  const isRead = owner !== "runtime" && sourceFile.test(file);
  return {
    name: v8Name ?? jscName ?? "",
    file,
    line,
    source: isRead ? excerpt(readSource(file), line) : [],
    owner,
    via: [],
  };
}

function ownerOf(file: string): Frame["owner"] {
  if (/^(?:node|ext|bun|internal):/.test(file)) return "runtime";
  if (isOwnFile(file)) return "framework";
  return /[\\/]node_modules[\\/]/.test(file) ? "package" : "application";
}

function readSource(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Bundled, gone, or not permitted: the place alone is shown.
    return undefined;
  }
}

function excerpt(source: string | undefined, line: number): SourceLine[] {
  if (source === undefined) return [];
  const first = Math.max(1, line - AROUND);
  return source
    .trimEnd()
    .split("\n")
    .slice(first - 1, line + AROUND)
    .map((text, index) => ({
      number: first + index,
      text: text.replace(/\r$/, "").slice(0, LONGEST_LINE),
    }));
}
