/**
 * The long text that is being delivered, and the bytes it was made of: who passes a message on as it
 * came, as a relay does, has those bytes sent, and nothing is encoded. `frame-reader.ts` says what
 * it delivers, `frame-writer.ts` asks.
 */

/** Bytes from which on it is worth it: a shorter text is encoded as fast as it is compared. */
export const LONG_TEXT: number = 16 * 1024;

const NOTHING = new Uint8Array(0);
let delivered: string | undefined;
let itsBytes: Uint8Array = NOTHING;

/** Remembers which bytes are those of a text, until `endDelivery`. */
export function beginDelivery(text: string, bytes: Uint8Array): void {
  delivered = text;
  itsBytes = bytes;
}

export function endDelivery(): void {
  delivered = undefined;
  itsBytes = NOTHING;
}

/** The bytes of a text, if it is being delivered; they are valid no longer than that. */
export function bytesOfDelivered(text: string): Uint8Array | undefined {
  return text === delivered ? itsBytes : undefined;
}
