/** Translations from gettext catalogs, and their plural forms. */
import { Buffer } from "node:buffer";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parseCatalog } from "../../src/locale/gettext.ts";
import { parsePluralForms } from "../../src/locale/plural-forms.ts";
import { GettextLocale, get, loadGettextTranslations } from "../../src/locale.ts";
import { type LogRecord, type Sink, setSinks } from "../../src/log.ts";

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

function mo(messages: Record<string, string>, isLittle = true): Buffer {
  const entries = Object.entries(messages).map((pair) => pair.map((text) => Buffer.from(text)));
  const head = Buffer.alloc(28 + entries.length * 16);
  const view = new DataView(head.buffer, head.byteOffset);
  const words = [0x950412de, 0, entries.length, 28, 28 + entries.length * 8];
  words.forEach((word, index) => {
    view.setUint32(index * 4, word, isLittle);
  });
  const parts: Buffer[] = [head];
  let at = head.length;
  for (const side of [0, 1]) {
    entries.forEach((pair, index) => {
      const text = pair[side] ?? Buffer.alloc(0);
      const row = 28 + side * entries.length * 8 + index * 8;
      view.setUint32(row, text.length, isLittle);
      view.setUint32(row + 4, at, isLittle);
      parts.push(text, Buffer.alloc(1));
      at += text.length + 1;
    });
  }
  return Buffer.concat(parts);
}

const HEADER =
  "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n > 1);\n";

describe("gettext translations", () => {
  const messages = {
    "": HEADER,
    school: "école",
    "law\x04right": "le droit",
    "good\x04right": "le bien",
    "%(n)d person\0%(n)d people": "%(n)d personne\0%(n)d personnes",
    "organization\x04club\0clubs": "le club\0les clubs",
    "stick\0sticks": "le bâton\0les bâtons",
  };

  function install(code: string, bytes: Uint8Array): void {
    mkdirSync(join(folder, code, "LC_MESSAGES"), { recursive: true });
    writeFileSync(join(folder, code, "LC_MESSAGES", "app.mo"), bytes);
  }

  test.each([true, false])("messages, plurals and contexts; little-endian: %s", (isLittle) => {
    install("fr_FR", mo(messages, isLittle));
    loadGettextTranslations(folder, "app");
    const locale = get("fr-fr");
    expect(locale).toBeInstanceOf(GettextLocale);
    expect(locale.translate("school")).toBe("école");
    expect(locale.translate("other")).toBe("other");
    expect(locale.translate("%(n)d person", "%(n)d people", 0)).toBe("%(n)d personne");
    expect(locale.translate("%(n)d person", "%(n)d people", 2)).toBe("%(n)d personnes");
    expect(locale.translate("one", "many", 2)).toBe("many");
    expect(locale.pgettext("law", "right")).toBe("le droit");
    expect(locale.pgettext("good", "right")).toBe("le bien");
    expect(locale.pgettext("nothing", "school")).toBe("school");
    expect(locale.pgettext("organization", "club", "clubs", 1)).toBe("le club");
    expect(locale.pgettext("organization", "club", "clubs", 5)).toBe("les clubs");
    expect(locale.pgettext("nothing", "stick", "sticks", 5)).toBe("les bâtons");
    expect(() => locale.pgettext("a", "b", "c")).toThrow("no count");
    expect(logged).toEqual([]);
  });

  test("the charset of the header", () => {
    const text = mo({ "": "Content-Type: text/plain; charset=ISO-8859-1\n", a: "?" });
    const catalog = Buffer.from(text);
    catalog[catalog.lastIndexOf("?")] = 0xe9;
    expect(parseCatalog(catalog).find("a")).toBe("é");
  });

  test("what is no catalog is logged, the others are loaded", () => {
    install("de_DE", Buffer.from("not a catalog, but longer than a head"));
    install("it_IT", mo(messages));
    mkdirSync(join(folder, "xx"));
    mkdirSync(join(folder, ".git"));
    writeFileSync(join(folder, "README"), "");
    loadGettextTranslations(folder, "app");
    expect(logged.map((record) => record.message).sort()).toEqual([
      'Cannot load translations of "de_DE"',
      'Cannot load translations of "xx"',
    ]);
    expect(get("it_IT").translate("school")).toBe("école");
  });

  test("damaged catalogs throw, and read nothing outside", () => {
    const whole = mo(messages);
    for (let length = 0; length < whole.length - 1; length++) {
      expect(() => parseCatalog(whole.subarray(0, length))).toThrow();
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(whole);
        damaged[at] = byte;
        try {
          parseCatalog(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

describe("plural forms", () => {
  test.each([
    { language: "English", forms: "nplurals=2; plural=n != 1;", indexes: [1, 0, 1, 1] },
    { language: "French", forms: "nplurals=2; plural=(n > 1)", indexes: [0, 0, 1, 1] },
    { language: "Japanese", forms: "nplurals=1; plural=0;", indexes: [0, 0, 0, 0] },
    {
      language: "Polish",
      forms:
        "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
      indexes: [2, 0, 1, 2],
    },
    {
      language: "Arabic",
      forms:
        "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
      indexes: [0, 1, 2, 4],
    },
    { language: "operators", forms: "plural=!(n-1)*2+7/2;", indexes: [3, 5, 3, 3] },
  ])("$language", ({ forms, indexes }) => {
    const rule = parsePluralForms(forms);
    expect([0, 1, 2, 12].map(rule)).toEqual(indexes);
  });

  test.each([
    "nplurals=2;",
    "plural=",
    "plural=n n;",
    "plural=(n;",
    "plural=n ? 1;",
    "plural=process.exit();",
    "plural=n=1;",
    "plural=x;",
    `plural=${"(".repeat(2000)}n`,
  ])("refuses %s", (forms) => {
    expect(() => parsePluralForms(forms)).toThrow("Cannot parse plural forms");
  });
});
