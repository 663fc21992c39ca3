/**
 * Bodies of the type multipart/form-data (RFC 7578 on RFC 2046), read whole. Strict: what two
 * parsers could take differently is refused. Work and memory are bounded by the limits before
 * anything is made of a part, and each byte is looked at once.
 */

import { Buffer } from "node:buffer";
import { trimBlanks } from "./blanks.ts";
import { HTTPInputError } from "./errors.ts";
import { type ParsedHeader, parseHeader } from "./parameters.ts";

/** An uploaded file. Its name is what the client says: never use it as a path unchecked. */
export interface HTTPFile {
  readonly filename: string;
  /** A view of the request's body. */
  readonly body: Uint8Array;
  /** What the client says, `application/unknown` if it says nothing. */
  readonly contentType: string;
}

/** Limits of multipart bodies (Tornado `ParseMultipartConfig`). */
export interface ParseMultipartConfig {
  /** False refuses them all. */
  readonly enabled: boolean;
  /** Most parts. Each costs far more memory than the few bytes it takes on the wire. */
  readonly maxParts: number;
  /** Most bytes of one part's headers. */
  readonly maxPartHeaderSize: number;
}

/** Tornado's limits. */
export const DEFAULT_MULTIPART: ParseMultipartConfig = {
  enabled: true,
  maxParts: 100,
  maxPartHeaderSize: 10 * 1024,
};

/** The fields and files of a form. */
export interface ParsedForm {
  readonly arguments: Map<string, Uint8Array[]>;
  readonly files: Map<string, HTTPFile[]>;
}

// RFC 2046 section 5.1.1.
const boundarySigns = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

/** The boundary that a Content-Type names. Throws HTTPInputError without a well-formed one. */
export function boundaryOf(contentType: string): string {
  const boundary = parseHeader(contentType).parameters.get("boundary") ?? "";
  if (!boundarySigns.test(boundary)) {
    throw new HTTPInputError("Cannot read multipart body: no well-formed boundary in Content-Type");
  }
  return boundary;
}

/**
 * Reads a whole body. A part with a file name is a file, any other an argument. Throws
 * HTTPInputError for a malformed body or one over the limits (Tornado `parse_multipart_form_data`).
 */
export function parseMultipartFormData(
  boundary: string,
  body: Uint8Array,
  config: Partial<ParseMultipartConfig> = {},
): ParsedForm {
  const limits = { ...DEFAULT_MULTIPART, ...config };
  if (!limits.enabled) throw malformed("multipart/form-data is switched off", 415);
  const form: ParsedForm = { arguments: new Map(), files: new Map() };
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  // The first delimiter has no line end before it.
  let at = delimiter.length - 2;
  if (!bytes.subarray(0, at).equals(delimiter.subarray(2))) {
    throw malformed("it does not begin with its boundary");
  }
  for (let parts = 0; !isLast(bytes, at); parts++) {
    if (parts === limits.maxParts) throw malformed(`more than ${limits.maxParts} parts`);
    const start = at + 2;
    const end = bytes.indexOf(delimiter, start);
    if (end < 0) throw malformed("the final boundary is missing");
    addPart(form, bytes.subarray(start, end), limits);
    at = end + delimiter.length;
  }
  return form;
}

/** Whether the boundary that ends at `at` is the final one. It is followed by "--" or a line end. */
function isLast(bytes: Buffer, at: number): boolean {
  if (bytes[at] === 0x2d && bytes[at + 1] === 0x2d) return true;
  if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return false;
  throw malformed("a boundary does not end its line");
}

function addPart(form: ParsedForm, part: Buffer, limits: ParseMultipartConfig): void {
  const end = part.subarray(0, limits.maxPartHeaderSize + 4).indexOf("\r\n\r\n");
  if (end < 0) {
    throw malformed(
      part.length > limits.maxPartHeaderSize
        ? `a part's headers are longer than ${limits.maxPartHeaderSize} bytes`
        : "a part has no headers",
    );
  }
  const head = partHead(part.subarray(0, end));
  const body = part.subarray(end + 4);
  if (head.filename === undefined) push(form.arguments, head.name, body);
  else {
    const { name, filename, contentType } = head;
    push(form.files, name, { filename, body, contentType });
  }
}

function push<Value>(map: Map<string, Value[]>, name: string, value: Value): void {
  const values = map.get(name);
  if (values === undefined) map.set(name, [value]);
  else values.push(value);
}

/** What a part's headers say. */
export interface PartHead {
  readonly name: string;
  readonly filename: string | undefined;
  readonly contentType: string;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const control = /[\x00-\x08\x0a-\x1f\x7f]/;
const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Reads the headers of a part: lines of UTF-8. Throws HTTPInputError. */
export function partHead(bytes: Uint8Array): PartHead {
  const fields = new Map<string, string>();
  for (const line of decoded(bytes).split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    if (!fieldName.test(name) || control.test(line)) throw malformed("a part's header line");
    if (fields.has(name.toLowerCase())) throw malformed(`a part has ${name} twice`);
    fields.set(name.toLowerCase(), trimBlanks(line.slice(colon + 1)));
  }
  const { value, parameters }: ParsedHeader = parseHeader(fields.get("content-disposition") ?? "");
  if (value.toLowerCase() !== "form-data") throw malformed("a part is no form-data");
  const name = parameters.get("name") ?? "";
  if (name === "") throw malformed("a part has no name");
  return {
    name,
    filename: parameters.get("filename") || undefined,
    contentType: fields.get("content-type") ?? "application/unknown",
  };
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new HTTPInputError("Cannot read multipart body: a part's header is not UTF-8", 400, {
      cause,
    });
  }
}

function malformed(what: string, status = 400): HTTPInputError {
  return new HTTPInputError(`Cannot read multipart body: ${what}`, status);
}
