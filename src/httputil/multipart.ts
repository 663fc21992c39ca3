/**
 * Bodies of the type multipart/form-data that are there as a whole. The parts are views of the
 * body: nothing is copied. What arrives in pieces is `multipart-reader.ts`'s.
 */

import { HTTPFile } from "./http-file.ts";
import type { ParseMultipartConfig } from "./multipart-config.ts";
import { MultipartReader, type PartHead, type PartSink } from "./multipart-reader.ts";

/** The fields and files of a form. */
export interface ParsedForm {
  readonly arguments: Map<string, Uint8Array[]>;
  readonly files: Map<string, HTTPFile[]>;
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
  const parts = new WholeParts(body);
  const reader = new MultipartReader(boundary, parts, config);
  parts.reader = reader;
  reader.write(body);
  reader.finish();
  return parts.form;
}

/** Makes views of the parts of a body that is there. */
class WholeParts implements PartSink {
  readonly form: ParsedForm = { arguments: new Map(), files: new Map() };
  reader: MultipartReader | undefined;
  readonly #body: Uint8Array;
  #head: PartHead | undefined;
  #start = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  begin(head: PartHead): void {
    this.#head = head;
    this.#start = this.#position;
  }

  data(): void {}

  end(): void {
    const { delimiterLength } = this.reader as MultipartReader;
    const bytes = this.#body.subarray(this.#start, this.#position - delimiterLength);
    const { name, filename, contentType } = this.#head as PartHead;
    if (filename === undefined) pushTo(this.form.arguments, name, bytes);
    else pushTo(this.form.files, name, new HTTPFile(filename, contentType, bytes));
  }

  get #position(): number {
    return (this.reader as MultipartReader).position;
  }
}

/** Adds a value to those of a name. */
export function pushTo<Value>(map: Map<string, Value[]>, name: string, value: Value): void {
  const values = map.get(name);
  if (values === undefined) map.set(name, [value]);
  else values.push(value);
}
