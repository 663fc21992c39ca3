import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parseCsv } from "../src/locale/csv.ts";
import {
  CSVLocale,
  formatMessage,
  get,
  getSupportedLocales,
  LOCALE_NAMES,
  Locale,
  loadTranslations,
  setDefaultLocale,
} from "../src/locale.ts";
import { type LogRecord, type Sink, setSinks } from "../src/log.ts";

let folder: string;
let earlier: readonly Sink[];
let logged: LogRecord[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "squall-locale-"));
  logged = [];
  earlier = setSinks({ write: (record) => logged.push(record) });
});

afterEach(() => {
  setSinks(...earlier);
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function loadCsv(files: Record<string, string | Uint8Array>, encoding?: string): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  loadTranslations(folder, encoding);
}

describe("parseCsv", () => {
  test.each([
    {
      name: "plain",
      text: "a,b\nc,d\n",
      rows: [
        ["a", "b"],
        ["c", "d"],
      ],
    },
    { name: "no last line end", text: "a,b", rows: [["a", "b"]] },
    { name: "CRLF", text: "a,b\r\nc\r\n", rows: [["a", "b"], ["c"]] },
    { name: "quotes", text: '"a, ""b""","c\nd"\n', rows: [['a, "b"', "c\nd"]] },
    { name: "empty fields", text: ',"",\n', rows: [["", "", ""]] },
    { name: "an empty last field", text: "a,", rows: [["a", ""]] },
    { name: "an empty line", text: "a\n\nb", rows: [["a"], [""], ["b"]] },
    { name: "a quote that stays open", text: '"a,b\nc', rows: [['"a', "b"], ["c"]] },
    { name: "a quote inside", text: 'a"b,"c"d', rows: [['a"b', "cd"]] },
    { name: "nothing", text: "", rows: [] },
  ])("$name", ({ text, rows }) => {
    expect(parseCsv(text)).toEqual(rows);
  });

  test("any rows come back", () => {
    const quote = (field: string) => `"${field.replaceAll('"', '""')}"`;
    const row = fc.array(fc.string({ unit: "binary" }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const text = rows.map((fields) => `${fields.map(quote).join(",")}\r\n`).join("");
        expect(parseCsv(text)).toEqual(rows);
      }),
    );
  });
});

describe("CSV translations", () => {
  test("messages and plurals", () => {
    loadCsv({
      "es_LA.csv": `"I love you","Te amo"
"%(name)s liked this","A %(name)s le gustó esto","singular"
"%(name)s and others liked this","A %(name)s y otros les gustó esto","plural"
"Only English"
"trimmed " , mira ,
`,
    });
    const locale = get("es_LA");
    expect(locale).toBeInstanceOf(CSVLocale);
    expect(locale.name).toBe("Español");
    expect(locale.translate("I love you")).toBe("Te amo");
    expect(locale.translate("Only English")).toBe("Only English");
    expect(locale.translate("trimmed")).toBe("mira");
    const liked = (count: number) =>
      locale.translate("%(name)s liked this", "%(name)s and others liked this", count);
    expect(liked(1)).toBe("A %(name)s le gustó esto");
    expect(liked(0)).toBe("A %(name)s y otros les gustó esto");
    expect(liked(2)).toBe("A %(name)s y otros les gustó esto");
    expect(locale.translate("one", "many", 1)).toBe("one");
    expect(locale.translate("one", "many", 5)).toBe("many");
    expect(() => locale.translate("one", "many")).toThrow("no count is given");
    expect(logged).toEqual([]);
  });

  test.each([
    { name: "UTF-8", bytes: "school,école\n" },
    { name: "UTF-8 with mark", bytes: "\ufeffschool,école\n" },
    { name: "UTF-16LE", bytes: Buffer.from("\ufeffschool,école\n", "utf16le") },
    { name: "UTF-16BE", bytes: Buffer.from("\ufeffschool,école\n", "utf16le").swap16() },
    {
      name: "UTF-16BE, told",
      bytes: Buffer.from("\ufeffschool,école\n", "utf16le").swap16(),
      encoding: "utf-16",
    },
    { name: "Latin-1", bytes: Buffer.from("school,école\n", "latin1"), encoding: "latin1" },
  ])("encoding: $name", ({ bytes, encoding }) => {
    loadCsv({ "fr_FR.csv": bytes }, encoding);
    expect(get("fr_FR").translate("school")).toBe("école");
  });

  test("bytes that are not in the encoding", () => {
    expect(() => loadCsv({ "fr_FR.csv": Buffer.from("a,é\n", "latin1") })).toThrow();
  });

  test("files and rows that cannot be used are logged, the others are loaded", () => {
    loadCsv({
      "a.b.csv": "a,b",
      "ES.csv": "a,b",
      "notes.txt": "a,b",
      "de_DE.csv": "yes,ja,maybe\nno,nein\n",
    });
    expect(logged.map((record) => record.message).sort()).toEqual([
      `Cannot load ES.csv: "ES" is no locale`,
      `Cannot load a.b.csv: "a.b" is no locale`,
      `Cannot load row 1 of ${join(folder, "de_DE.csv")}: "maybe" is no kind of plural`,
    ]);
    expect(get("de_DE").translate("no")).toBe("nein");
    expect(() => loadTranslations(join(folder, "nowhere"))).toThrow("nowhere");
  });

  test("contexts are ignored, with a warning", () => {
    loadCsv({ "de_DE.csv": "bank,Bank\n" });
    expect(get("de_DE").pgettext("river", "bank")).toBe("Bank");
    expect(logged.map((record) => record.level)).toEqual(["warning"]);
    expect(get("en_US").pgettext("river", "bank", "banks", 2)).toBe("banks");
    expect(logged).toHaveLength(1);
  });

  test("loading again replaces", () => {
    loadCsv({ "de_DE.csv": "a,b\n" });
    expect(get("de_DE").translate("a")).toBe("b");
    loadCsv({ "de_DE.csv": "a,c\n" });
    expect(get("de_DE").translate("a")).toBe("c");
  });
});

describe("the closest match", () => {
  beforeEach(() => loadCsv({ "es_GT.csv": "a,b", "es.csv": "a,c", "pt_BR.csv": "a,d" }));
  afterEach(() => setDefaultLocale("en_US"));

  test.each([
    { codes: ["es_GT"], code: "es_GT" },
    { codes: ["es-gt"], code: "es_GT" },
    { codes: ["ES-gt"], code: "es_GT" },
    { codes: ["es_MX"], code: "es" },
    { codes: ["ES"], code: "es" },
    { codes: ["pt"], code: "en_US" },
    { codes: ["xx", "pt-BR"], code: "pt_BR" },
    { codes: ["pt_BR_x", "es"], code: "es" },
    { codes: ["", undefined, "es"], code: "es" },
    { codes: ["__proto__", "-", "_"], code: "en_US" },
    { codes: [], code: "en_US" },
  ])("$codes gets $code", ({ codes, code }) => {
    expect(get(...codes).code).toBe(code);
    expect(Locale.getClosest(...codes)).toBe(get(...codes));
  });

  test("the default can be another", () => {
    setDefaultLocale("pt_BR");
    expect(get("xx").code).toBe("pt_BR");
    expect(getSupportedLocales().has("es_GT")).toBe(true);
    expect(getSupportedLocales().has("en_US")).toBe(false);
    expect(() => Locale.get("en_US")).toThrow('Cannot find locale "en_US"');
    setDefaultLocale("en_US");
    expect(getSupportedLocales().has("en_US")).toBe(true);
  });
});

describe("dates", () => {
  const now = Date.UTC(2013, 3, 28, 18, 35);
  const MINUTE = 60_000;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;
  const ago = (milliseconds: number) => new Date(now - milliseconds);

  beforeEach(() => {
    setDefaultLocale("en_US");
    vi.spyOn(Date, "now").mockReturnValue(now);
  });

  test.each([
    { date: ago(1000), text: "1 second ago" },
    { date: ago(0), text: "0 seconds ago" },
    { date: ago(49_000), text: "49 seconds ago" },
    { date: ago(50_000), text: "1 minute ago" },
    { date: ago(150_000), text: "2 minutes ago" },
    { date: ago(210_000), text: "4 minutes ago" },
    { date: ago(50 * MINUTE), text: "1 hour ago" },
    { date: ago(2 * HOUR), text: "2 hours ago" },
    { date: ago(DAY - 1000), text: "24 hours ago" },
    { date: ago(DAY), text: "yesterday at 6:35 pm" },
    { date: ago(DAY), options: { shorter: true }, text: "yesterday" },
    { date: ago(DAY + 20 * HOUR), text: "Friday at 10:35 pm" },
    { date: ago(2 * DAY), text: "Friday at 6:35 pm" },
    { date: ago(2 * DAY), options: { shorter: true }, text: "Friday" },
    { date: ago(5 * DAY), text: "April 23 at 6:35 pm" },
    { date: ago(300 * DAY), options: { shorter: true }, text: "July 2" },
    { date: ago(334 * DAY), text: "May 29, 2012 at 6:35 pm" },
    { date: ago(334 * DAY), options: { shorter: true }, text: "May 29, 2012" },
    { date: ago(-30_000), text: "0 seconds ago" },
    { date: ago(-30_000), options: { relative: false }, text: "April 28, 2013 at 6:35 pm" },
    { date: ago(-DAY - 1000), text: "April 29, 2013 at 6:35 pm" },
    { date: ago(HOUR), options: { relative: false }, text: "5:35 pm" },
    { date: ago(DAY), options: { relative: false }, text: "Saturday at 6:35 pm" },
    { date: ago(1000), options: { fullFormat: true }, text: "April 28, 2013 at 6:34 pm" },
    { date: ago(2 * DAY), options: { gmtOffset: 420 }, text: "Friday at 11:35 am" },
    { date: ago(2 * DAY), options: { gmtOffset: -420 }, text: "Saturday at 1:35 am" },
    { date: now / 1000 - 60, text: "1 minute ago" },
    { date: ago(18.5 * HOUR), options: { relative: false }, text: "12:05 am" },
  ])("$date with $options: $text", ({ date, options, text }) => {
    expect(get("en_US").formatDate(date, options)).toBe(text);
  });

  test("clocks and words of other languages", () => {
    loadCsv({
      "de_DE.csv":
        '%(weekday)s at %(time)s,%(weekday)s um %(time)s\nFriday,Freitag\n1 hour ago,vor einer Stunde,singular\n"%(hours)d hours ago",vor %(hours)d Stunden,plural\n',
      "zh_CN.csv": "%(weekday)s at %(time)s,%(weekday)s%(time)s\nFriday,星期五\n",
    });
    expect(get("de").formatDate(ago(2 * DAY))).toBe("Friday at 6:35 pm");
    expect(get("de_DE").formatDate(ago(2 * DAY))).toBe("Freitag um 18:35");
    expect(get("de_DE").formatDate(ago(3 * HOUR))).toBe("vor 3 Stunden");
    expect(get("de_DE").formatDate(ago(HOUR))).toBe("vor einer Stunde");
    expect(get("zh_CN").formatDate(ago(2 * DAY))).toBe("星期五下午6:35");
    expect(get("zh_CN").formatDate(ago(2 * DAY + 8 * HOUR))).toBe("星期五上午10:35");
  });

  test("formatDay", () => {
    const locale = get("en_US");
    expect(locale.formatDay(new Date(now))).toBe("Sunday, April 28");
    expect(locale.formatDay(new Date(now), { dow: false })).toBe("April 28");
    expect(locale.formatDay(now / 1000, { gmtOffset: -420 })).toBe("Monday, April 29");
  });

  test("what is no date", () => {
    expect(() => get("en_US").formatDate(new Date(Number.NaN))).toThrow("Invalid Date is no date");
    expect(() => get("en_US").formatDay(Number.NaN)).toThrow(RangeError);
    for (const value of ["2026-01-01", undefined, null]) {
      const message = `Cannot format date: ${value} is no date`;
      expect(() => get("en_US").formatDate(value as unknown as Date)).toThrow(message);
    }
  });
});

describe("lists, numbers and placeholders", () => {
  test("list", () => {
    const locale = get("en_US");
    expect(locale.list([])).toBe("");
    expect(locale.list(["A"])).toBe("A");
    expect(locale.list(["A", "B"])).toBe("A and B");
    expect(locale.list(["A", "B", "%(last)s"])).toBe("A, B and %(last)s");
    loadCsv({ "fa_IR.csv": "a,b" });
    expect(get("fa_IR").list(["A", "B", "C"])).toBe("A \u0648 B and C");
  });

  test.each([
    { value: 0, text: "0" },
    { value: 999, text: "999" },
    { value: 1000, text: "1,000" },
    { value: -123456, text: "-123,456" },
    { value: 1234567.8912, text: "1,234,567.8912" },
    { value: -0.12345, text: "-0.12345" },
    { value: 12345678901234567890n, text: "12,345,678,901,234,567,890" },
  ])("friendlyNumber $text", ({ value, text }) => {
    expect(get("en_US").friendlyNumber(value)).toBe(text);
  });

  test("only English groups digits", () => {
    loadCsv({ "de_DE.csv": "a,b" });
    expect(get("de_DE").friendlyNumber(1000000)).toBe("1000000");
  });

  test("formatMessage", () => {
    expect(formatMessage("%(num)d of %(name)s: 100%%", { num: 3.7, name: "é" })).toBe(
      "3 of é: 100%",
    );
    expect(formatMessage("%(nope)s %(toString)s %s", {})).toBe("%(nope)s %(toString)s %s");
  });

  test("names", () => {
    expect(LOCALE_NAMES.size).toBe(62);
    expect(LOCALE_NAMES.get("de_DE")).toEqual({ english: "German", native: "Deutsch" });
    loadCsv({ "he_IL.csv": "a,b", "xx.csv": "a,b" });
    expect(get("he_IL").rtl).toBe(true);
    expect(get("en_US").rtl).toBe(false);
    expect(get("xx").name).toBe("Unknown");
  });
});
