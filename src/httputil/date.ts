/**
 * The `Date` header's text (RFC 9110 section 5.6.7), made once a second for all responses.
 */

let second = -1;
let text = "";

/** The current time as an IMF-fixdate, as in `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function currentDate(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1000).toUTCString();
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
