/**
 * Blanks at the ends of field values: spaces and tabs alone (RFC 9110 section 5.5). `trim()` would
 * take the byte 0xa0 as well, which is half of many characters in UTF-8, and a regular expression
 * for the end of a text is quadratic in a run of blanks within it.
 */

/** The text without spaces and tabs at both ends. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
