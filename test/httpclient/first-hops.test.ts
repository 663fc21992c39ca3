/** Which requests are made once, and which are made for each fetch. No sockets. */
import { describe, expect, test } from "vitest";
import { DigestSessions } from "../../src/httpclient/digest.ts";
import { FirstHops } from "../../src/httpclient/first-hops.ts";
import { placeOf } from "../../src/httpclient/place.ts";
import { REQUEST_DEFAULTS } from "../../src/httpclient/request.ts";

describe("the request of a URL", () => {
  const long = `http://a.example/?${"q".repeat(60_000)}`;
  const rows = [
    { name: "is made once", url: "http://a.example/b?c", kept: true },
    { name: "is not kept with credentials", url: "http://us:pw@a.example/", kept: false },
    { name: "is not kept if that takes much memory", url: long, kept: false },
  ];
  test.each(rows)("$name", ({ url, kept }) => {
    const hops = new FirstHops(REQUEST_DEFAULTS, new DigestSessions());
    const [hop, place] = [hops.to(url), placeOf(url)];
    expect(hops.to(url) === hop).toBe(kept);
    expect(placeOf(url) === place).toBe(kept);
    expect(hops.to(url).head).toBe(hop.head);
  });
});
