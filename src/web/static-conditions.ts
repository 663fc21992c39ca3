/**
 * The conditions under which a request wants a file (RFC 9110 section 13). If-None-Match is
 * `checkEtagHeader`'s.
 */

import type { HTTPServerRequest } from "../httputil.ts";

/** The three forms of a date that RFC 9110 section 5.6.7 lists: what else `Date.parse` takes is none. */
const dateForms = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$/,
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  /^[A-Z][a-z]+day, [0-9]{2}-[A-Z][a-z]{2}-[0-9]{2} [0-9:]{8} GMT$/,
  // asctime: Sun Nov  6 08:49:37 1994
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}$/,
];

/** Seconds since 1970 of an HTTP date; undefined for anything else, and before 1970. */
function secondsOf(date: string): number | undefined {
  if (!dateForms.some((form) => form.test(date))) return undefined;
  const time = Date.parse(date.endsWith("GMT") ? date : `${date} GMT`);
  return Number.isNaN(time) || time < 0 ? undefined : time / 1000;
}

/** Whether a file has changed since a time; a time that is none says nothing, so it has. */
export function isModifiedSince(date: string, modified: Date | undefined): boolean {
  const since = secondsOf(date);
  if (since === undefined || modified === undefined) return true;
  return modified.getTime() / 1000 > since;
}

/** Whether If-Match, or without it If-Unmodified-Since, holds. */
export function preconditionsHold(
  request: HTTPServerRequest,
  etag: string | undefined,
  modified: Date | undefined,
): boolean {
  const match = request.headers.get("If-Match");
  if (match !== undefined) {
    const tags = match.split(",").map((tag) => tag.trim());
    // The comparison is strong (RFC 9110 section 13.1.1).
    return tags.includes("*") || (isStrong(etag) && tags.includes(etag));
  }
  const since = request.headers.get("If-Unmodified-Since");
  if (since === undefined || secondsOf(since) === undefined) return true;
  return !isModifiedSince(since, modified);
}

/** Whether a range may be sent: there is no If-Range, or it names what we have, exactly. */
export function ifRangeHolds(
  request: HTTPServerRequest,
  etag: string | undefined,
  modified: Date | undefined,
): boolean {
  const condition = request.headers.get("If-Range");
  if (condition === undefined) return true;
  if (condition.endsWith('"')) return isStrong(etag) && condition === etag;
  const seconds = secondsOf(condition);
  return seconds !== undefined && modified !== undefined && modified.getTime() / 1000 === seconds;
}

function isStrong(etag: string | undefined): etag is string {
  return etag?.startsWith('"') === true;
}
