/**
 * The name in a ClientHello (RFC 8446 4.1.2, RFC 6066 3), read before TLS reads it: Bun's TLS over a
 * stream cannot choose a certificate by it, so that is done here for all runtimes.
 */

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const RECORD_HEADER = 5;
/** Of type, length, version and random. */
const BEFORE_SESSION = 4 + 2 + 32;
/** A longer one is not looked through: browsers' have some 2 KiB. */
const LONGEST = 32 * 1024;

/**
 * The name asked for, in lower case, or `""` if there is none or this is no ClientHello, which TLS
 * will say itself; undefined while it is not whole.
 */
export function serverNameOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > LONGEST || (bytes.length > 0 && bytes[0] !== HANDSHAKE)) return "";
  const hello = helloOf(bytes);
  if (hello === undefined) return undefined;
  try {
    return nameIn(new DataView(hello.buffer));
  } catch {
    // A length that leads beyond the end.
    return "";
  }
}

/** The message in the records that carry it. */
function helloOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const message = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at + RECORD_HEADER <= bytes.length; ) {
    const size = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    const part = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + size);
    message.set(part, length);
    length += part.length;
    at += RECORD_HEADER + size;
    if (length < 4) continue;
    const whole = 4 + new DataView(message.buffer).getUint16(2);
    // Longer than 64 KiB, or something else: not looked through.
    if (message[0] !== CLIENT_HELLO || message[1] !== 0) return new Uint8Array(0);
    if (length >= whole) return message.slice(0, whole);
  }
  return undefined;
}

function nameIn(hello: DataView): string {
  let at = BEFORE_SESSION;
  at += 1 + hello.getUint8(at);
  at += 2 + hello.getUint16(at);
  at += 1 + hello.getUint8(at);
  const end = at + 2 + hello.getUint16(at);
  for (at += 2; at < end; ) {
    const type = hello.getUint16(at);
    const length = hello.getUint16(at + 2);
    if (type === SERVER_NAME) return firstName(hello, at + 4);
    at += 4 + length;
  }
  return "";
}

function firstName(hello: DataView, start: number): string {
  if (hello.getUint8(start + 2) !== HOST_NAME) return "";
  const length = hello.getUint16(start + 3);
  const name = new Uint8Array(hello.buffer, start + 5, length);
  return new TextDecoder("latin1").decode(name).toLowerCase();
}
