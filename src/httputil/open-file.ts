/**
 * Files that are sent as bodies, where the kernel cannot send them by itself. Connections use it.
 */

/** An open file: what `open` of `node:fs/promises` gives. */
export interface OpenFile {
  readonly fd: number;
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
}

/** Bytes that are read at once: what a client that reads slowly keeps in memory. */
const WINDOW = 64 * 1024;

/** The bytes of a file from `start` to before `end`, in parts. Throws if the file ends sooner. */
export async function* filePieces(
  file: OpenFile,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const size = Math.min(WINDOW, end - at);
    const bytes = new Uint8Array(size);
    const { bytesRead } = await file.read(bytes, 0, size, at);
    if (bytesRead === 0) throw new Error(`Cannot send a file: it ends at ${at}, before ${end}`);
    at += bytesRead;
    yield bytesRead === size ? bytes : bytes.subarray(0, bytesRead);
  }
}
