/**
 * The `Date` header's text (RFC 9110 section 5.6.7), made once a second for all responses.
 */

let text = "";
/** Until when `text` holds, on the clock of `performance.now()`. */
let validUntil = Number.NEGATIVE_INFINITY;

/**
 * The current time as an IMF-fixdate, as in `Sun, 06 Nov 1994 08:49:37 GMT`. Who has just asked
 * `performance.now()` passes the answer on: asking takes longer than everything else here.
 */
export function currentDate(now: number = performance.now()): string {
  if (now >= validUntil) {
    const time = Date.now();
    text = new Date(time).toUTCString();
    validUntil = now + 1000 - (time % 1000);
  }
  return text;
}

/**
 * A time as an IMF-fixdate (Tornado `format_timestamp`). Takes a Date or seconds since the epoch.
 * Throws a RangeError for a time that is not a number.
 */
export function formatTimestamp(time: Date | number): string {
  const date = typeof time === "number" ? new Date(time * 1000) : time;
  if (Number.isNaN(date.getTime()))
    throw new RangeError("Cannot format timestamp: not a valid time");
  return date.toUTCString();
}
