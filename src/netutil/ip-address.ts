/** What is an IP address and what is not. */

const ipv4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;

/**
 * Whether a text is an IP address as RFC 3986 writes it: four numbers without leading zeros, or
 * IPv6 without brackets and zone. Stricter than Tornado, for which `1` and `127.1` are addresses.
 */
export function isValidIp(text: string): boolean {
  if (typeof text !== "string") return false;
  return text.includes(":") ? isIpv6(text) : ipv4.test(text);
}

function isIpv6(text: string): boolean {
  // 39 signs are the longest without an IPv4 tail, 45 with one.
  if (text.length > 45) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1)?.at(-1) ?? "";
  const hasIpv4 = last.includes(".");
  if (hasIpv4) groups.at(-1)?.pop();
  if (hasIpv4 && !ipv4.test(last)) return false;
  const all = groups.flat();
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const count = all.length + (hasIpv4 ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}
