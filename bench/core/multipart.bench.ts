/** Multipart bodies: boundaries in the core, beside a search by Node's own indexOf. */

import type { MultipartEvent } from "../../src/core.ts";
import { MultipartScanner, transferMemory, viewBytes } from "../../src/core.ts";
import { parseMultipartFormData } from "../../src/httputil.ts";
import { compare, type Group } from "./rounds.ts";

const BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
const PIECE = 64 * 1024;
const { start } = transferMemory.input;

const contents: Record<string, Buffer> = {
  zeros: Buffer.alloc(PIECE),
  "random bytes": Buffer.from(Array.from({ length: PIECE }, (_, i) => (i * 2654435761) >>> 24)),
  text: Buffer.alloc(PIECE, "Lines of text, as a program writes them to a file.\r\n"),
  "line ends": Buffer.alloc(PIECE, "\r\n"),
};

function part(name: string, content: string | Buffer, file = ""): Buffer {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from("\r\n")]);
}

const end = Buffer.from(`--${BOUNDARY}--\r\n`);
const small = Buffer.concat([
  part("user", "ben"),
  part("email", "ben@example.org"),
  part("photo", Buffer.alloc(2000, 7), '; filename="me.png"\r\nContent-Type: image/png'),
  end,
]);

/** One piece of a long file, where a socket would have put it. */
function piece([name, content]: [string, Buffer]): Group {
  const scanner = new MultipartScanner(BOUNDARY, 1000);
  scanner.scan(part("f", ""), 0, []);
  const events: MultipartEvent[] = [];
  const delimiter = Buffer.from(`\r\n--${BOUNDARY}`);
  return {
    name: `64 KiB of ${name}`,
    bytes: PIECE,
    candidates: {
      core: () => {
        const view = viewBytes(start, PIECE);
        view.set(content);
        events.length = 0;
        return scanner.scan(view, 0, events);
      },
      "Buffer.indexOf": () => {
        const view = Buffer.from(viewBytes(start, PIECE).buffer, start, PIECE);
        view.set(content);
        return view.indexOf(delimiter);
      },
    },
  };
}

compare("multipart", [
  ...Object.entries(contents).map(piece),
  {
    name: `form of ${small.length} bytes, two fields and a file`,
    bytes: small.length,
    candidates: { core: () => parseMultipartFormData(BOUNDARY, small) },
  },
]);
