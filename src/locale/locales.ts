/**
 * Locales, and which of them a reader gets. Private to the module locale.
 */
import { genLog } from "../log.ts";
import { formatMessage } from "../util.ts";
import { dateText, dayText, type FormatDateOptions } from "./date-text.ts";
import { type Catalog, CONTEXT_SEPARATOR } from "./gettext.ts";
import { LOCALE_NAMES } from "./names.ts";

/** What `formatDate` takes, as Tornado spells it. */
interface TornadoDateOptions extends FormatDateOptions {
  readonly gmt_offset?: number;
  readonly full_format?: boolean;
}

/** A language with, maybe, a country: `es`, `es_ES`. Get one by `get`. */
export abstract class Locale {
  /** As in `pt_BR`. */
  readonly code: string;
  /** The language's name in the language itself. */
  readonly name: string;
  /** Whether it is written from right to left. */
  readonly rtl: boolean;

  constructor(code: string) {
    this.code = code;
    this.name = LOCALE_NAMES.get(code)?.native ?? "Unknown";
    this.rtl = /^(fa|ar|he)/.test(code);
  }

  /** The closest match to the first code that has one. */
  static getClosest(...codes: readonly (string | undefined)[]): Locale {
    for (const code of codes) {
      const match = matchOf(code ?? "");
      if (match !== undefined) return Locale.get(match);
    }
    return Locale.get(defaultCode);
  }

  /** The locale of a supported code. */
  static get(code: string): Locale {
    if (!supportedCodes.has(code)) throw new RangeError(`Cannot find locale "${code}"`);
    let locale = cache.get(code);
    if (locale === undefined) {
      locale = makers.get(code)?.(code) ?? new CSVLocale(code, new Map());
      cache.set(code, locale);
    }
    return locale;
  }

  /**
   * The translation of a message, or the message if there is none. With `plural`, the form for
   * `count`, which must then be given.
   */
  abstract translate(message: string, plural?: string, count?: number): string;

  /** The translation of a message that means something else in other contexts. */
  abstract pgettext(context: string, message: string, plural?: string, count?: number): string;

  /**
   * A date in words. A number is seconds since the epoch. Relative, "2 minutes ago", unless told
   * otherwise or further in the past.
   */
  formatDate(date: Date | number, options: FormatDateOptions = {}): string {
    return dateText(timeOf(date), Date.now(), this.code, this.#translate, options);
  }

  /** A date as a day: "Monday, January 22"; without `dow`, "January 22". */
  formatDay(
    date: Date | number,
    options: { readonly gmtOffset?: number; readonly dow?: boolean } = {},
  ): string {
    return dayText(timeOf(date), this.#translate, options);
  }

  /** A list in words: "A, B and C". */
  list(parts: readonly string[]): string {
    const last = parts.at(-1) ?? "";
    if (parts.length < 2) return last;
    const comma = this.code.startsWith("fa") ? " \u0648 " : ", ";
    const commas = parts.slice(0, -1).join(comma);
    return formatMessage(this.translate("%(commas)s and %(last)s"), { commas, last });
  }

  /** A number, in English with commas: "1,234,567". */
  friendlyNumber(value: number | bigint): string {
    if (this.code !== "en" && this.code !== "en_US") return String(value);
    return String(value).replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
  }

  // Tornado's names, which templates have: `{{ locale.format_date(date, full_format=True) }}`.

  /** `formatDate`. */
  format_date(date: Date | number, options: TornadoDateOptions = {}): string {
    const { gmt_offset: gmtOffset, full_format: fullFormat, ...others } = options;
    return this.formatDate(date, {
      ...others,
      ...(gmtOffset === undefined ? {} : { gmtOffset }),
      ...(fullFormat === undefined ? {} : { fullFormat }),
    });
  }

  /** `formatDay`. */
  format_day(date: Date | number, options: TornadoDateOptions & { dow?: boolean } = {}): string {
    const { gmt_offset: gmtOffset, ...others } = options;
    return this.formatDay(date, gmtOffset === undefined ? others : { ...others, gmtOffset });
  }

  /** `friendlyNumber`. */
  friendly_number(value: number | bigint): string {
    return this.friendlyNumber(value);
  }

  readonly #translate = (message: string, plural?: string, count?: number): string =>
    this.translate(message, plural, count);
}

function timeOf(date: Date | number): number {
  const time = typeof date === "number" ? date * 1000 : date instanceof Date ? +date : Number.NaN;
  if (Number.isNaN(time)) throw new RangeError(`Cannot format date: ${String(date)} is no date`);
  return time;
}

/** Which form of a message a CSV row translates. */
export type PluralKind = "plural" | "singular" | "unknown";

/** Translations by form and message. */
export type CsvTranslations = ReadonlyMap<PluralKind, ReadonlyMap<string, string>>;

/** A locale whose translations come from a CSV file. It has two forms of plural: 1, and the rest. */
export class CSVLocale extends Locale {
  readonly #translations: CsvTranslations;

  constructor(code: string, translations: CsvTranslations) {
    super(code);
    this.#translations = translations;
  }

  override translate(message: string, plural?: string, count?: number): string {
    const isPlural = checkCount(plural, count) && count !== 1;
    const kind = plural === undefined ? "unknown" : isPlural ? "plural" : "singular";
    const wanted = isPlural ? (plural ?? message) : message;
    return this.#translations.get(kind)?.get(wanted) ?? wanted;
  }

  override pgettext(_context: string, message: string, plural?: string, count?: number): string {
    if (this.#translations.size > 0) genLog.warning("CSV translations have no contexts");
    return this.translate(message, plural, count);
  }
}

/** A locale whose translations come from a gettext catalog. */
export class GettextLocale extends Locale {
  readonly #catalog: Catalog;

  constructor(code: string, catalog: Catalog) {
    super(code);
    this.#catalog = catalog;
  }

  override translate(message: string, plural?: string, count?: number): string {
    return this.#find(message, plural, count) ?? untranslated(message, plural, count);
  }

  override pgettext(context: string, message: string, plural?: string, count?: number): string {
    const found = this.#find(context + CONTEXT_SEPARATOR + message, plural, count);
    if (found !== undefined) return found;
    // Tornado's rule: without a translation for the context, a plural falls back to one without.
    return plural === undefined ? message : this.translate(message, plural, count);
  }

  #find(message: string, plural?: string, count?: number): string | undefined {
    if (!checkCount(plural, count)) return this.#catalog.find(message);
    return this.#catalog.findPlural(message, count);
  }
}

/** Whether there is a plural, and then a count. */
function checkCount(plural: string | undefined, count: number | undefined): count is number {
  if (plural === undefined) return false;
  if (count === undefined) throw new TypeError(`Cannot translate "${plural}": no count is given`);
  return true;
}

function untranslated(message: string, plural?: string, count?: number): string {
  return plural === undefined || count === 1 ? message : plural;
}

/** Makes the locale of a code on first use. */
export type LocaleMaker = (code: string) => Locale;

let defaultCode = "en_US";
let makers: ReadonlyMap<string, LocaleMaker> = new Map();
let supportedCodes: ReadonlySet<string> = new Set([defaultCode]);
const cache = new Map<string, Locale>();

/** The supported code that fits: `es-gt` gets `es_GT`, else `es`. */
function matchOf(code: string): string | undefined {
  const [language = "", country, ...others] = code.replaceAll("-", "_").split("_");
  if (language === "" || others.length > 0) return undefined;
  const full =
    country === undefined ? language : `${language.toLowerCase()}_${country.toUpperCase()}`;
  return [full, language.toLowerCase()].find((candidate) => supportedCodes.has(candidate));
}

/** Sets the locale for readers whose languages are not supported; that of the untranslated text. */
export function setDefaultLocale(code: string): void {
  defaultCode = code;
  supportedCodes = new Set([...makers.keys(), code]);
}

/** Adds locales to those that are supported. */
export function addLocales(added: ReadonlyMap<string, LocaleMaker>): void {
  makers = new Map([...makers, ...added]);
  cache.clear();
  setDefaultLocale(defaultCode);
  genLog.debug(`Supported locales: ${[...supportedCodes].sort().join(", ")}`);
}

/** The codes of all locales that have translations, and of the default. */
export function getSupportedLocales(): ReadonlySet<string> {
  return supportedCodes;
}
