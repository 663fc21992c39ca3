import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LinkifyOptions, linkify, xhtmlEscape } from "../../src/escape.ts";

describe("linkify", () => {
  const rows: { name: string; text: string; html: string; options?: LinkifyOptions }[] = [
    {
      name: "a URL in a sentence",
      text: "hello http://world.com/!",
      html: 'hello <a href="http://world.com/">http://world.com/</a>!',
    },
    {
      name: "path and query",
      text: "hello http://world.com/with?param=true&stuff=yes",
      html: 'hello <a href="http://world.com/with?param=true&amp;stuff=yes">http://world.com/with?param=true&amp;stuff=yes</a>',
    },
    {
      name: "an opened parenthesis",
      text: "http://url.com/w(aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      html: '<a href="http://url.com/w">http://url.com/w</a>(aaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    },
    {
      name: "many dots",
      text: "http://url.com/withmany.......................................",
      html: '<a href="http://url.com/withmany">http://url.com/withmany</a>.......................................',
    },
    {
      name: "many parentheses",
      text: "http://url.com/withmany((((((((((((((((((((((((((((((((((a)",
      html: '<a href="http://url.com/withmany">http://url.com/withmany</a>((((((((((((((((((((((((((((((((((a)',
    },
    {
      name: "parentheses in it",
      text: "http://foo.com/blah_(wikipedia)_blah#cite-1 (http://a.com/b)",
      html: '<a href="http://foo.com/blah_(wikipedia)_blah#cite-1">http://foo.com/blah_(wikipedia)_blah#cite-1</a> (<a href="http://a.com/b">http://a.com/b</a>)',
    },
    {
      name: "in angle brackets",
      text: "<http://foo.com/x>",
      html: '&lt;<a href="http://foo.com/x">http://foo.com/x</a>&gt;',
    },
    {
      name: "in quotes",
      text: '"http://foo.com/x"',
      html: '&quot;<a href="http://foo.com/x">http://foo.com/x</a>&quot;',
    },
    {
      name: "outside of ASCII",
      text: "http://✪df.ws/1234 http://foo.com/unicode_(✪)_in_parens",
      html: '<a href="http://✪df.ws/1234">http://✪df.ws/1234</a> <a href="http://foo.com/unicode_(✪)_in_parens">http://foo.com/unicode_(✪)_in_parens</a>',
    },
    {
      name: "without a protocol",
      text: "www.external-link.com, hi-www.x.com awww.no.com",
      html: '<a href="http://www.external-link.com">www.external-link.com</a>, hi-<a href="http://www.x.com">www.x.com</a> awww.no.com',
    },
    {
      name: "requireProtocol",
      text: "www.a.com http://b.com",
      options: { requireProtocol: true },
      html: 'www.a.com <a href="http://b.com">http://b.com</a>',
    },
    {
      name: "markup is escaped",
      text: "A link: <b>http://www.example.com</b>",
      html: 'A link: &lt;b&gt;<a href="http://www.example.com">http://www.example.com</a>&lt;/b&gt;',
    },
    {
      name: "other protocols",
      text: "javascript:/alert ftp://x.com",
      html: "javascript:/alert ftp://x.com",
    },
    {
      name: "permittedProtocols",
      text: "ftp://x.com http://y.com",
      options: { permittedProtocols: ["ftp"] },
      html: '<a href="ftp://x.com">ftp://x.com</a> http://y.com',
    },
    {
      name: "extraParams",
      text: "http://x.com",
      options: { extraParams: ' rel="nofollow" ' },
      html: '<a href="http://x.com" rel="nofollow">http://x.com</a>',
    },
    {
      name: "extraParams by URL",
      text: "http://x.com",
      options: { extraParams: (href) => `data-n="${href.length}"` },
      html: '<a href="http://x.com" data-n="12">http://x.com</a>',
    },
    {
      name: "shorten",
      text: "http://reallylong.com/blah/blah/blah/blah/blah.html",
      options: { shorten: true },
      html: '<a href="http://reallylong.com/blah/blah/blah/blah/blah.html" title="http://reallylong.com/blah/blah/blah/blah/blah.html">http://reallylong.com/blah...</a>',
    },
    {
      name: "shorten a long host",
      text: "http://reallylongdomainnamethatwillbetoolong.com/hi!",
      options: { shorten: true },
      html: '<a href="http://reallylongdomainnamethatwillbetoolong.com/hi" title="http://reallylongdomainnamethatwillbetoolong.com/hi">http://reallylongdomainnametha...</a>!',
    },
    {
      name: "shorten cuts no entity",
      text: "http://mylinkiskindoflong.com/?a=1&b=2&c=3&d=4&e=5",
      options: { shorten: true },
      html: '<a href="http://mylinkiskindoflong.com/?a=1&amp;b=2&amp;c=3&amp;d=4&amp;e=5" title="http://mylinkiskindoflong.com/?a=1&amp;b=2&amp;c=3&amp;d=4&amp;e=5">http://mylinkiskindoflong.com/...</a>',
    },
    {
      name: "shorten what is short",
      text: "http://a.com",
      options: { shorten: true },
      html: '<a href="http://a.com">http://a.com</a>',
    },
  ];

  test.each(rows)("$name", ({ text, html, options }) => {
    expect(String(linkify(text, options))).toBe(html);
  });

  /** Tornado's pattern, which is right but not linear. */
  const pattern =
    /(?<![\p{L}\p{N}_])(?=[\p{L}\p{N}_])((?:([\p{L}\p{N}_-]+):(\/{1,3})|www[.])(?:(?:(?:[^\s&()]|&amp;|&quot;)*(?:[^!"#$%&'()*+,.:;<=>?@[\]^`{|}~\s]))|(?:\((?:[^\s&()]|&amp;|&quot;)*\)))+)/gu;

  test("finds what Tornado's pattern finds", () => {
    const word = fc.constantFrom(
      "http",
      "www",
      ":",
      "/",
      ".",
      "-",
      "(",
      ")",
      "&",
      "<",
      '"',
      " ",
      "a",
      "é",
      "_",
      ";",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 24 }), (parts) => {
        const text = parts.join("");
        const wanted = xhtmlEscape(text).replace(pattern, (url, _all, protocol?: string) => {
          if (protocol !== undefined && protocol !== "http") return url;
          return `<a href="${protocol === undefined ? "http://" : ""}${url}">${url}</a>`;
        });
        expect(String(linkify(text))).toBe(wanted);
      }),
      { numRuns: 3000 },
    );
  });

  test.each(["a-", "http://", "http://x(", "www.", "http://x.....", "&", "((((", "http:///"])(
    "is linear for repeated %j",
    (part) => {
      expect(String(linkify(part.repeat(100_000 / part.length))).length).toBeGreaterThan(0);
    },
  );
});
