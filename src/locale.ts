/**
 * Translations and what goes with them. Load them once, at start; `web` finds the reader's locale:
 *
 * ```ts
 * loadTranslations("translations");
 * const reader = get("es-gt", "en");
 * reader.translate("Sign in");
 * ```
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeText, parseCsv } from "./locale/csv.ts";
import { parseCatalog } from "./locale/gettext.ts";
import {
  addLocales,
  CSVLocale,
  GettextLocale,
  Locale,
  type LocaleMaker,
  type PluralKind,
} from "./locale/locales.ts";
import { genLog } from "./log.ts";

export type { FormatDateOptions } from "./locale/date-text.ts";
export {
  CSVLocale,
  GettextLocale,
  getSupportedLocales,
  Locale,
  setDefaultLocale,
} from "./locale/locales.ts";
export { LOCALE_NAMES, type LocaleName } from "./locale/names.ts";
export { formatMessage } from "./util.ts";

/** The closest match to the first of these codes that has one, else the default locale. */
export function get(...codes: readonly (string | undefined)[]): Locale {
  return Locale.getClosest(...codes);
}

/**
 * Loads the CSV files of a folder: `es_GT.csv` holds rows `"message","translation"` and, for
 * plurals, `"%(num)d people","%(num)d personas","plural"` beside a row for `"singular"`. The
 * encoding is UTF-8, or UTF-16 with a byte order mark, unless given.
 */
export function loadTranslations(directory: string, encoding?: string): void {
  const loaded = new Map<string, LocaleMaker>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith(".csv"))) {
    const code = file.slice(0, -".csv".length);
    if (!/^[a-z]+(_[A-Z]+)?$/.test(code)) {
      genLog.error(`Cannot load ${file}: "${code}" is no locale`);
      continue;
    }
    const translations = readTranslations(join(directory, file), encoding);
    loaded.set(code, () => new CSVLocale(code, translations));
  }
  addLocales(loaded);
}

function readTranslations(path: string, encoding?: string): Map<PluralKind, Map<string, string>> {
  const translations = new Map<PluralKind, Map<string, string>>();
  parseCsv(decodeText(readFileSync(path), encoding)).forEach((row, index) => {
    const [message, translation, given = ""] = row.map((field) => field.trim());
    if (message === undefined || translation === undefined) return;
    const kind = given === "" ? "unknown" : given;
    if (!isPluralKind(kind)) {
      genLog.error(`Cannot load row ${index + 1} of ${path}: "${kind}" is no kind of plural`);
      return;
    }
    const messages = translations.get(kind) ?? new Map<string, string>();
    translations.set(kind, messages.set(message, translation));
  });
  return translations;
}

function isPluralKind(text: string): text is PluralKind {
  return text === "plural" || text === "singular" || text === "unknown";
}

/** Loads gettext catalogs: `<directory>/<locale>/LC_MESSAGES/<domain>.mo`. */
export function loadGettextTranslations(directory: string, domain: string): void {
  const loaded = new Map<string, LocaleMaker>();
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const code = entry.name;
    if (code.startsWith(".") || entry.isFile()) continue;
    try {
      const path = join(directory, code, "LC_MESSAGES", `${domain}.mo`);
      const catalog = parseCatalog(readFileSync(path));
      loaded.set(code, () => new GettextLocale(code, catalog));
    } catch (error) {
      genLog.error(`Cannot load translations of "${code}"`, { error });
    }
  }
  addLocales(loaded);
}
