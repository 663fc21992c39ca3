/**
 * Limits of multipart bodies: each with its default and the reason for it.
 */

import { checkLimit } from "../util.ts";

/** How bodies of the type multipart/form-data are read (Tornado `ParseMultipartConfig`). */
export interface ParseMultipartConfig {
  /** False refuses them all, with 415. */
  readonly enabled: boolean;
  /** Most parts; more is 400. Each costs far more memory than the few bytes it takes on the wire. */
  readonly maxParts: number;
  /** Most bytes of one part's headers; more is 400. Tornado's default, at most 64 KiB less 68 bytes. */
  readonly maxPartHeaderSize: number;
  /** Most bytes of all fields together; more is 413. They are held in memory. Django's default. */
  readonly maxFieldsSize: number;
  /** Most bytes of one file; more is 413. 0: as many as the body may have. */
  readonly maxFileSize: number;
  /**
   * Bytes of a body that are held in memory. A longer body is read while it arrives, and its files
   * are held in memory up to this, all together; what is beyond it is written to `directory`.
   */
  readonly maxMemory: number;
  /** Where files are put that are too long for memory; the system's temporary folder if undefined. */
  readonly directory: string | undefined;
}

export const DEFAULT_MULTIPART: ParseMultipartConfig = {
  enabled: true,
  maxParts: 100,
  maxPartHeaderSize: 10 * 1024,
  maxFieldsSize: 2.5 * 1024 * 1024,
  maxFileSize: 0,
  maxMemory: 1024 * 1024,
  directory: undefined,
};

/** The defaults with some replaced. Throws a RangeError for a value that cannot be held to. */
export function multipartConfig(config: Partial<ParseMultipartConfig>): ParseMultipartConfig {
  const limits = { ...DEFAULT_MULTIPART, ...config };
  for (const [name, value] of Object.entries(limits)) {
    const isLimit = typeof DEFAULT_MULTIPART[name as keyof ParseMultipartConfig] === "number";
    if (isLimit) checkLimit(name, value);
  }
  return limits;
}
