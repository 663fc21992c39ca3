/**
 * Dates in words. Private to the module locale.
 */
import { formatMessage } from "../util.ts";

/** Finds the translation of a message, in the plural form for `count` if there is one. */
export type Translate = (message: string, plural?: string, count?: number) => string;

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** How to write a date. */
export interface FormatDateOptions {
  /** Minutes that UTC is ahead of the reader's time, as `Date.getTimezoneOffset` counts. */
  readonly gmtOffset?: number;
  /** "2 minutes ago" and "yesterday", where that fits; true if left out. */
  readonly relative?: boolean;
  /** Leaves out the time. */
  readonly shorter?: boolean;
  /** Always with month, day and year. */
  readonly fullFormat?: boolean;
}

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** Clock skew between machines: a date so little ahead, in milliseconds, counts as now. */
const MAX_SKEW = 60 * SECOND;

/** The date as a reader would say it, seen from `now`. Times are milliseconds since the epoch. */
export function dateText(
  time: number,
  now: number,
  code: string,
  translate: Translate,
  options: FormatDateOptions,
): string {
  const { gmtOffset = 0, relative = true, shorter = false, fullFormat = false } = options;
  const isSkewed = relative && time > now && time - now < MAX_SKEW;
  const shown = isSkewed ? now : time;
  const isFull = fullFormat || shown > now;
  if (!isFull && relative && now - shown < DAY) return agoText((now - shown) / SECOND, translate);

  const local = localDate(shown, gmtOffset);
  const yesterday = localDate(now - DAY, gmtOffset);
  const isYesterday = relative && local.getUTCDate() === yesterday.getUTCDate();
  const days = isFull ? Number.POSITIVE_INFINITY : Math.floor((now - shown) / DAY);
  const format = formatFor(days, isYesterday);
  // With neither a day nor a date, the time is all there is to say.
  const suffix = shorter || format === "" ? "" : " at %(time)s";
  return formatMessage(translate(format === "" ? "%(time)s" : format + suffix), {
    month_name: translate(MONTHS[local.getUTCMonth()] ?? ""),
    weekday: translate(WEEKDAYS[local.getUTCDay()] ?? ""),
    day: local.getUTCDate(),
    year: local.getUTCFullYear(),
    time: clockText(local, code),
  });
}

function formatFor(days: number, isYesterday: boolean): string {
  if (days === 0) return "";
  if (days === 1 && isYesterday) return "yesterday";
  if (days < 5) return "%(weekday)s";
  // Eleven months: beyond that, the same month of the last year could be meant.
  return days < 334 ? "%(month_name)s %(day)s" : "%(month_name)s %(day)s, %(year)s";
}

function agoText(elapsed: number, translate: Translate): string {
  const seconds = Math.floor(elapsed);
  const [unit, count] =
    seconds < 50
      ? ["second", seconds]
      : seconds < 50 * 60
        ? ["minute", roundHalfToEven(seconds / 60)]
        : ["hour", roundHalfToEven(seconds / 3600)];
  const message = translate(`1 ${unit} ago`, `%(${unit}s)d ${unit}s ago`, count);
  return formatMessage(message, { [`${unit}s`]: count });
}

/** Python's `round`, so that texts are the same as Tornado's. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** A date whose UTC fields are the reader's local ones. */
function localDate(time: number, gmtOffset: number): Date {
  return new Date(time - gmtOffset * 60 * SECOND);
}

/** Twelve hours in American English and in Chinese, twenty-four elsewhere. */
function clockText(local: Date, code: string): string {
  const hours = local.getUTCHours();
  const minutes = String(local.getUTCMinutes()).padStart(2, "0");
  const isAfternoon = hours >= 12;
  if (code === "zh_CN") return `${isAfternoon ? "下午" : "上午"}${hours % 12 || 12}:${minutes}`;
  if (code !== "en" && code !== "en_US") return `${hours}:${minutes}`;
  return `${hours % 12 || 12}:${minutes} ${isAfternoon ? "pm" : "am"}`;
}

/** Weekday and date, or the date alone. */
export function dayText(
  time: number,
  translate: Translate,
  options: { readonly gmtOffset?: number; readonly dow?: boolean },
): string {
  const { gmtOffset = 0, dow = true } = options;
  const local = localDate(time, gmtOffset);
  const format = dow ? "%(weekday)s, %(month_name)s %(day)s" : "%(month_name)s %(day)s";
  return formatMessage(translate(format), {
    month_name: translate(MONTHS[local.getUTCMonth()] ?? ""),
    weekday: translate(WEEKDAYS[local.getUTCDay()] ?? ""),
    day: local.getUTCDate(),
  });
}
