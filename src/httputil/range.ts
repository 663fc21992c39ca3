/**
 * Byte ranges of a request and a response (RFC 9110 section 14).
 */

/** A range as asked for: `end` is exclusive; a negative `start` counts from the end. */
export interface RequestRange {
  readonly start: number | undefined;
  readonly end: number | undefined;
}

/**
 * Reads a `Range` header with one range of bytes. Undefined for anything else, several ranges
 * included: such a header may be ignored, and is (Tornado `_parse_request_range`).
 */
export function parseRequestRange(header: string): RequestRange | undefined {
  const parts = /^[ \t]*bytes[ \t]*=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(header);
  if (parts === null) return undefined;
  const [, first = "", last = ""] = parts;
  if (first === "" && last === "") return undefined;
  // "-0" asks for none of the bytes, which no file can satisfy.
  if (first === "") {
    return Number(last) === 0
      ? { start: undefined, end: 0 }
      : { start: -Number(last), end: undefined };
  }
  return { start: Number(first), end: last === "" ? undefined : Number(last) + 1 };
}

/** A `Content-Range` header's value for bytes from `start` to before `end` of `total`. */
export function getContentRange(
  start: number | undefined,
  end: number | undefined,
  total: number,
): string {
  return `bytes ${start ?? 0}-${(end ?? total) - 1}/${total}`;
}
