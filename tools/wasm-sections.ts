/** Reads and writes the sections of a WebAssembly module: as much of its binary form as builds need. */

const MEMORY_SECTION = 5;
const EXPORT_SECTION = 7;
/** Magic and version. */
const HEAD_LENGTH = 8;

export interface Section {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** Reads LEB128 numbers and names one after the other. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.at++] ?? 0;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name(): string {
    return Buffer.from(this.take(this.number())).toString();
  }
}

/** A number in LEB128. */
function leb128(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...leb128(Math.floor(value / 128))];
}

export function sectionsOf(module: Uint8Array): Section[] {
  const reader = new Reader(module, HEAD_LENGTH);
  const sections: Section[] = [];
  while (!reader.isAtEnd) {
    const id = reader.byte();
    sections.push({ id, bytes: reader.take(reader.number()) });
  }
  return sections;
}

/** The module with its exported functions renamed; the memory and `kept` stay as they are. */
export function renameExports(module: Uint8Array, rename: (name: string) => string): Uint8Array {
  const sections = sectionsOf(module).map(({ id, bytes }) => {
    const content = id === EXPORT_SECTION ? renamed(new Reader(bytes), rename) : [bytes];
    const length = content.reduce((sum, part) => sum + part.length, 0);
    return Buffer.concat([Buffer.from([id, ...leb128(length)]), ...content]);
  });
  return Buffer.concat([module.subarray(0, HEAD_LENGTH), ...sections]);
}

function renamed(reader: Reader, rename: (name: string) => string): Uint8Array[] {
  const count = reader.number();
  const parts: Uint8Array[] = [Buffer.from(leb128(count))];
  for (let i = 0; i < count; i++) {
    const name = Buffer.from(rename(reader.name()));
    const kind = reader.byte();
    const index = leb128(reader.number());
    parts.push(Buffer.from(leb128(name.length)), name, Buffer.from([kind, ...index]));
  }
  return parts;
}

/** Initial and maximum pages of the module's memory; no maximum is undefined. */
export function memoryLimits(module: Uint8Array): [number, number | undefined] {
  const section = sectionsOf(module).find(({ id }) => id === MEMORY_SECTION);
  if (section === undefined) throw new Error("Cannot ship the core: it has no memory");
  const reader = new Reader(section.bytes);
  reader.number();
  const hasMost = reader.number() & 1;
  const least = reader.number();
  return [least, hasMost ? reader.number() : undefined];
}
