/**
 * Translations in CSV files (RFC 4180). Private to the module locale.
 */

/** The rows of a CSV text. Fields may be quoted; a quoted one may hold commas, lines and `""`. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /"([^"]*(?:""[^"]*)*)"([^,\r\n]*)|[^,\r\n]*/y;
  for (let at = 0; at < text.length; ) {
    field.lastIndex = at;
    const [plain = "", quoted, rest = ""] = field.exec(text) ?? [];
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"') + rest);
    at = field.lastIndex;
    if (text[at] === ",") {
      at++;
      if (at < text.length) continue;
      row.push("");
    }
    if (text.startsWith("\r\n", at)) at++;
    at++;
    rows.push(row);
    row = [];
  }
  return rows;
}

/** The text of a file: in the encoding given, else as its byte order mark says, else UTF-8. */
export function decodeText(bytes: Uint8Array, encoding: string | undefined): string {
  return new TextDecoder(encodingOf(bytes, encoding), { fatal: true }).decode(bytes);
}

function encodingOf(bytes: Uint8Array, encoding: string | undefined): string {
  if (encoding !== undefined && !/^utf-?16$/i.test(encoding)) return encoding;
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return encoding ?? "utf-8";
}
