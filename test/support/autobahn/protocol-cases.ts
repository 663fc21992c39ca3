/** Sections 1 to 5, 7 and 10 of the Autobahn test suite, by number. */

import {
  binary,
  type Case,
  CLOSE,
  close,
  type Frame,
  fragments,
  frame,
  pong,
  text,
} from "./case.ts";

const DONE = "close 1000";
const PROTOCOL = "close 1002";
const NOT_TEXT = [0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff];
const HELLO = "Hello, world!";

function messages(): Case[] {
  const lengths = [0, 125, 126, 127, 128, 65535, 65536, 65536];
  return [1, 2].flatMap((opcode) =>
    lengths.map((length, index) => {
      const payload = new Uint8Array(length).fill(opcode === 1 ? 0x2a : 0xfe);
      return {
        id: `1.${opcode}.${index + 1}`,
        send: [frame(opcode, payload), CLOSE],
        said: [opcode === 1 ? text(payload) : binary(payload), DONE],
        ...(index === 7 ? { chop: 997 } : {}),
      };
    }),
  );
}

function pings(): Case[] {
  const longest = new Uint8Array(125).fill(0xfe);
  const ten = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
  const manyPings = [...ten.map((data) => frame(9, data)), CLOSE];
  const manyPongs = [...ten.map(pong), DONE];
  return [
    { id: "2.1", send: [frame(9), CLOSE], said: [pong(""), DONE] },
    { id: "2.2", send: [frame(9, HELLO), CLOSE], said: [pong(HELLO), DONE] },
    { id: "2.3", send: [frame(9, NOT_TEXT), CLOSE], said: [pong(Uint8Array.from(NOT_TEXT)), DONE] },
    { id: "2.4", send: [frame(9, longest), CLOSE], said: [pong(longest), DONE] },
    { id: "2.5", send: [frame(9, new Uint8Array(126).fill(0xfe)), CLOSE], said: [PROTOCOL] },
    { id: "2.6", send: [frame(9, longest), CLOSE], said: [pong(longest), DONE], chop: 1 },
    { id: "2.7", send: [frame(10), CLOSE], said: [DONE] },
    { id: "2.8", send: [frame(10, "unsolicited pong payload"), CLOSE], said: [DONE] },
    {
      id: "2.9",
      send: [frame(10, "unsolicited pong payload"), frame(9, "ping payload"), CLOSE],
      said: [pong("ping payload"), DONE],
    },
    { id: "2.10", send: manyPings, said: manyPongs },
    { id: "2.11", send: manyPings, said: manyPongs, chop: 1 },
  ];
}

function reservedBits(): Case[] {
  const small = "small payload";
  const bad = (opcode: number, bits: number, data = small): Frame =>
    frame(opcode, data, { reserved: bits << 4 });
  const around = (opcode: number, bits: number): Frame[] => [
    frame(1, small),
    bad(opcode, bits),
    frame(9),
  ];
  return [
    { id: "3.1", send: [bad(1, 1)], said: [PROTOCOL] },
    { id: "3.2", send: around(1, 2), said: [text(small), PROTOCOL], chop: 1e6 },
    { id: "3.3", send: around(1, 3), said: [text(small), PROTOCOL] },
    { id: "3.4", send: around(1, 4), said: [text(small), PROTOCOL], chop: 1 },
    { id: "3.5", send: [bad(2, 5)], said: [PROTOCOL] },
    { id: "3.6", send: [bad(9, 6)], said: [PROTOCOL] },
    { id: "3.7", send: [bad(8, 7, "")], said: [PROTOCOL] },
  ];
}

function opcodes(): Case[] {
  return [3, 11].flatMap((first, kind) =>
    [0, 1, 2, 3, 4].map((index) => {
      const bad = frame(first + index, index % 2 === 0 ? "" : "reserved opcode payload");
      const alone = index < 2;
      return {
        id: `4.${kind + 1}.${index + 1}`,
        send: alone ? [bad] : [frame(1, HELLO), bad, frame(9)],
        said: alone ? [PROTOCOL] : [text(HELLO), PROTOCOL],
        ...(index === 4 ? { chop: 1 } : {}),
      };
    }),
  );
}

function fragmentation(): Case[] {
  const more = { final: false };
  const two = [frame(1, "fragment1", more), frame(0, "fragment2")];
  const between = [frame(1, "fragment1", more), frame(9, "ping payload"), frame(0, "fragment2")];
  const whole = text("fragment1fragment2");
  const lonely = (final: boolean): Frame[] => [
    frame(0, "non-continuation payload", { final }),
    frame(1, HELLO),
  ];
  const twice = (final: boolean): Frame[] =>
    [1, 2].flatMap((round) => [
      frame(0, `fragment${round}`, { final }),
      frame(1, "fragment", more),
      frame(0, "fragment"),
    ]);
  const five = [
    frame(1, "fragment1", more),
    frame(0, "fragment2", more),
    frame(9, "pongme 1!"),
    frame(0, "fragment3", more),
    frame(0, "fragment4", more),
    frame(9, "pongme 2!"),
    frame(0, "fragment5"),
    CLOSE,
  ];
  const fiveSaid = [
    pong("pongme 1!"),
    pong("pongme 2!"),
    text("fragment1fragment2fragment3fragment4fragment5"),
    DONE,
  ];
  const chops = [1e6, undefined, 1];
  const thrice = (first: number, send: Frame[], said: string[]): Case[] =>
    chops.map((chop, index) => ({
      id: `5.${first + index}`,
      send,
      said,
      ...(chop === undefined ? {} : { chop }),
    }));
  return [
    { id: "5.1", send: [frame(9, "fragment1", more), frame(0, "fragment2")], said: [PROTOCOL] },
    { id: "5.2", send: [frame(10, "fragment1", more), frame(0, "fragment2")], said: [PROTOCOL] },
    ...thrice(3, [...two, CLOSE], [whole, DONE]),
    ...thrice(6, [...between, CLOSE], [pong("ping payload"), whole, DONE]),
    ...thrice(9, lonely(true), [PROTOCOL]),
    ...thrice(12, lonely(false), [PROTOCOL]),
    {
      id: "5.15",
      send: [...two, frame(0, "fragment3", more), frame(1, "fragment4")],
      said: [whole, PROTOCOL],
    },
    { id: "5.16", send: twice(false), said: [PROTOCOL] },
    { id: "5.17", send: twice(true), said: [PROTOCOL] },
    { id: "5.18", send: [frame(1, "fragment1", more), frame(1, "fragment2")], said: [PROTOCOL] },
    { id: "5.19", send: five, said: fiveSaid, chop: 1e6 },
    { id: "5.20", send: five, said: fiveSaid },
  ];
}

const VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const INVALID_CODES = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const LARGE_CODES = [5000, 65535];

function closing(): Case[] {
  const long = "BAsd7&jh23".repeat(26_214);
  const notUtf8 = Uint8Array.of(0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xed, 0xa0, 0x80, 0x65);
  return [
    { id: "7.1.1", send: [frame(1, "Hello World!"), CLOSE], said: [text("Hello World!"), DONE] },
    { id: "7.1.2", send: [CLOSE, CLOSE], said: [DONE] },
    { id: "7.1.3", send: [CLOSE, frame(9)], said: [DONE] },
    { id: "7.1.4", send: [CLOSE, frame(1, "Hello World!")], said: [DONE] },
    {
      id: "7.1.5",
      send: [frame(1, "fragment1", { final: false }), CLOSE, frame(0, "fragment2")],
      said: [DONE],
    },
    { id: "7.1.6", send: [frame(1, long), CLOSE, frame(9)], said: [text(long), DONE] },
    { id: "7.3.1", send: [frame(8)], said: ["close"] },
    { id: "7.3.2", send: [frame(8, "a")], said: [PROTOCOL] },
    { id: "7.3.3", send: [close(1000)], said: [DONE] },
    { id: "7.3.4", send: [close(1000, "Hello World!")], said: [DONE] },
    { id: "7.3.5", send: [close(1000, "*".repeat(123))], said: [DONE] },
    { id: "7.3.6", send: [close(1000, "*".repeat(124))], said: [PROTOCOL] },
    { id: "7.5.1", send: [close(1000, notUtf8)], said: ["close 1007"] },
    ...VALID_CODES.map((code, index) => ({
      id: `7.7.${index + 1}`,
      send: [close(code)],
      said: [`close ${code}`],
    })),
    ...INVALID_CODES.map((code, index) => ({
      id: `7.9.${index + 1}`,
      send: [close(code)],
      said: [PROTOCOL],
    })),
    ...LARGE_CODES.map((code, index) => ({
      id: `7.13.${index + 1}`,
      send: [close(code)],
      said: [PROTOCOL],
    })),
  ];
}

function autoFragmentation(): Case[] {
  const payload = "*".repeat(65536);
  return [
    { id: "10.1.1", send: [...fragments(1, payload, 1300), CLOSE], said: [text(payload), DONE] },
  ];
}

export const protocolCases: readonly Case[] = [
  ...messages(),
  ...pings(),
  ...reservedBits(),
  ...opcodes(),
  ...fragmentation(),
  ...closing(),
  ...autoFragmentation(),
];
