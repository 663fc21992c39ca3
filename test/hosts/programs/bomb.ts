/** Loaded before another program: its first bytes written to a socket throw. */
const from = Buffer.from.bind(Buffer) as (value: Uint8Array) => Buffer;

Buffer.from = ((value: Uint8Array) => {
  const bytes = from(value);
  if (bytes.toString() === "bomb") throw new Error("bomb");
  return bytes;
}) as typeof Buffer.from;
