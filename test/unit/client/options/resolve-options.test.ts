import assert from "node:assert/strict";
import { createClient } from "../../../../src/client/index";
import type { ConnectOptions } from "../../../../src/client/options/options";
import { resolveSettings } from "../../../../src/client/options/resolve-options";
import { DlmsConfigError } from "../../../../src/errors/index";
import { memoryCounterStore } from "../../../../src/security/index";

const good: ConnectOptions = {
  transport: { kind: "tcp", host: "meter.example", port: 4059 },
  client: { sap: 16 },
  server: { logical: 1 },
};

const key = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const security = {
  suite: 0,
  policy: "authenticated-encrypted",
  encryptionKey: key(16),
  authenticationKey: key(16),
  invocationCounter: memoryCounterStore(),
} as const;
const title = Uint8Array.from(Buffer.from("4e52440000000001", "hex"));

type Case = readonly [string, unknown, RegExp];

const cases: readonly Case[] = [
  ["no transport", { transport: undefined }, /^transport: missing/],
  [
    "an unknown transport",
    { transport: { kind: "pigeon" } },
    /^transport\.kind: expected one of tcp, tls, udp, serial, got "pigeon"$/,
  ],
  ["no host", { transport: { kind: "tcp", host: " ", port: 1 } }, /^transport\.host: missing/],
  [
    "a URL for a host",
    { transport: { kind: "tcp", host: "http://m", port: 1 } },
    /^transport\.host: expected a host name .* got "http:\/\/m"$/,
  ],
  [
    "port 0",
    { transport: { kind: "tcp", host: "m", port: 0 } },
    /^transport\.port: expected an integer from 1 to 65535, got 0$/,
  ],
  ["a port that is text", { transport: { kind: "udp", host: "m", port: "4059" } }, /^transport\.port: .* got "4059"$/],
  ["no serial path", { transport: { kind: "serial", path: "", baudRate: 9600 } }, /^transport\.path: missing/],
  ["no rate", { transport: { kind: "serial", path: "/dev/x", baudRate: 0 } }, /^transport\.baudRate: /],
  ["client -1", { client: { sap: -1 } }, /^client\.sap: expected an integer from 0 to 65535, got -1$/],
  [
    "client 128 on HDLC",
    { link: { kind: "hdlc" }, client: { sap: 128 } },
    /^client\.sap: expected an integer from 0 to 127, got 128$/,
  ],
  ["no client", { client: undefined }, /^client: missing/],
  ["server -1", { server: { logical: -1 } }, /^server\.logical: expected an integer from 0 to 65535, got -1$/],
  [
    "a logical device that the chosen address length has no room for",
    { link: { kind: "hdlc", addressSize: 2 }, server: { logical: 200, physical: 1 } },
    /^server\.logical: 200 does not fit a 2-byte server address/,
  ],
  [
    "a physical address in an address of one byte",
    { link: { kind: "hdlc", addressSize: 1 }, server: { logical: 1, physical: 17 } },
    /no room for physical address 17/,
  ],
  [
    "8E1 with mode E, which switches the line itself",
    { transport: { kind: "serial", path: "/dev/x", baudRate: 9600, mode: "8E1" }, link: { kind: "hdlc-mode-e" } },
    /^transport\.mode: expected 8N1, because mode E switches/,
  ],
  [
    "an unknown character format",
    { transport: { kind: "serial", path: "/dev/x", baudRate: 9600, mode: "8O1" } },
    /^transport\.mode: expected one of 8N1, 8E1, 7E1, got "8O1"$/,
  ],
  [
    "a forgotten password",
    { auth: { mechanism: "lls", secret: "" } },
    /^auth\.secret: missing; .*set auth\.emptySecret for a password of no bytes$/,
  ],
  [
    "an empty secret of HLS",
    { auth: { mechanism: "hls-md5", secret: "", emptySecret: true } },
    /^auth\.emptySecret: expected mechanism lls/,
  ],
  [
    "a password beside the empty one",
    { auth: { mechanism: "lls", secret: "12345678", emptySecret: true } },
    /^auth\.emptySecret: expected an empty secret beside it, got a text$/,
  ],
  [
    "a secret in a pre-established association",
    { association: { preEstablished: true }, auth: { mechanism: "lls", secret: "12345678" } },
    /^auth\.mechanism: expected none, because a pre-established association/,
  ],
  [
    "a link that is not set up for an association that is",
    { link: { kind: "hdlc", skipSetUp: true } },
    /^link\.skipSetUp: expected association\.preEstablished as well/,
  ],
  [
    "server 16384 on HDLC",
    { link: { kind: "hdlc" }, server: { logical: 16384 } },
    /^server\.logical: expected an integer from 0 to 16383/,
  ],
  ["a physical address too high", { server: { logical: 1, physical: 16384 } }, /^server\.physical: /],
  [
    "an unknown link",
    { link: { kind: "string" } },
    /^link\.kind: expected one of wrapper, hdlc, hdlc-mode-e, got "string"$/,
  ],
  [
    "an information field too long",
    { link: { kind: "hdlc", maxInfo: 2031 } },
    /^link\.maxInfo: expected an integer from 32 to 2030, got 2031$/,
  ],
  ["window 0", { link: { kind: "hdlc", window: 0 } }, /^link\.window: /],
  [
    "address of 3 bytes",
    { link: { kind: "hdlc", addressSize: 3 } },
    /^link\.addressSize: expected one of auto, 1, 2, 4, got 3$/,
  ],
  [
    "mode E over UDP",
    { transport: { kind: "udp", host: "m", port: 1 }, link: { kind: "hdlc-mode-e" } },
    /mode E needs a serial line/,
  ],
  [
    "an unknown mechanism",
    { auth: { mechanism: "hls" } },
    /^auth\.mechanism: expected one of none, lls, .* got a text$/,
  ],
  ["no password", { auth: { mechanism: "lls", secret: "" } }, /^auth\.secret: missing/],
  ["GMAC without keys", { auth: { mechanism: "hls-gmac" } }, /^security: missing/],
  [
    "an authentication key too short",
    { security: { ...security, authenticationKey: key(15) }, client: { sap: 1, systemTitle: title } },
    /^security\.authenticationKey: expected 16 bytes for suite 0, got 15$/,
  ],
  [
    "no counter",
    { security: { ...security, invocationCounter: undefined }, client: { sap: 1, systemTitle: title } },
    /^security\.invocationCounter: missing/,
  ],
  [
    "an unknown policy",
    { security: { ...security, policy: "secret" } },
    /^security\.policy: expected one of none, authenticated/,
  ],
  ["suite 3", { security: { ...security, suite: 3 } }, /^security\.suite: expected one of 0, 1, 2, got 3$/],
  [
    "ciphering without a title",
    { security },
    /^client\.systemTitle: missing; expected 8 bytes, needed for security\.policy/,
  ],
  [
    "a title of 7 bytes",
    { client: { sap: 1, systemTitle: key(7) } },
    /^client\.systemTitle: expected 8 bytes, got "7 bytes"$/,
  ],
  [
    "a PDU of 63",
    { association: { maxPduSize: 63 } },
    /^association\.maxPduSize: expected an integer from 64 to 65535, got 63$/,
  ],
  [
    "an unknown conformance bit",
    { association: { conformance: ["telepathy"] } },
    /^conformance: "telepathy" is not one of/,
  ],
  [
    "a time-out of 0",
    { timeouts: { response: 0 } },
    /^timeouts\.response: expected milliseconds, at least 1 and at most 2147483647, got 0$/,
  ],
  ["a time-out that is no number", { timeouts: { connect: Number.NaN } }, /^timeouts\.connect: /],
  [
    "pauses the wrong way round",
    { timeouts: { reconnectMin: 5000, reconnectMax: 1000 } },
    /^timeouts\.reconnectMax: expected at least reconnectMin \(5000\), got 1000$/,
  ],
  ["an unknown zone", { values: { timeZone: "Mars/Base" } }, /^values\.timeZone: .*Europe\/Berlin.* got "Mars\/Base"$/],
  ["a queue of nothing", { queueLimit: 0 }, /^queueLimit: /],
];

describe("the options of a client", () => {
  for (const [what, change, text] of cases) {
    it(`refuse ${what}`, () => {
      assert.throws(
        () => createClient({ ...good, ...(change as object) }),
        (error: unknown) => {
          assert.ok(error instanceof DlmsConfigError, String(error));
          assert.match(error.message, text);
          return true;
        },
      );
    });
  }

  it("never show a secret in an error", () => {
    const secret = "PASSWORD-1234";
    const wrong = [
      { auth: { mechanism: secret, secret } },
      { auth: secret },
      { security: secret },
      { security: { ...security, policy: secret } },
      { auth: { mechanism: "lls", secret }, client: { sap: -1 } },
      { security: { ...security, encryptionKey: Buffer.from(secret) }, client: { sap: 1, systemTitle: title } },
    ];
    for (const change of wrong) {
      assert.throws(
        () => createClient({ ...good, ...(change as object) }),
        (error: unknown) => {
          const shown = JSON.stringify((error as DlmsConfigError).toJSON());
          assert.ok(!shown.includes(secret) && !shown.includes(Buffer.from(secret).toString("hex")));
          return true;
        },
      );
    }
  });

  it("have the defaults that are documented", () => {
    const settings = resolveSettings(good);
    assert.deepEqual(settings.link, { kind: "wrapper" });
    assert.deepEqual(settings.timeouts, {
      connect: 10_000,
      response: 5000,
      interFrame: undefined,
      close: 2000,
      retries: 2,
      reconnectMin: 1000,
      reconnectMax: 60_000,
      idle: 0,
    });
    assert.deepEqual([settings.maxPduSize, settings.referencing, settings.queueLimit], [65535, "ln", 1000]);
    assert.ok(Object.values(settings.quirks).every((quirk) => !quirk));
  });

  it("use HDLC on a serial port, and treat an undefined time-out as absent", () => {
    const serial = { kind: "serial", path: "/dev/ttyUSB0", baudRate: 9600 } as const;
    const settings = resolveSettings({ ...good, transport: serial, timeouts: { response: undefined as never } });
    assert.equal(settings.link.kind, "hdlc");
    assert.equal(settings.timeouts.response, 5000);
  });
});
