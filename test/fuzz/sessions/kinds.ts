/** The kinds of fuzzed sessions: link, security and the faults that must be detected. */
import { fromHex } from "../../../src/bytes";
import type { ConnectOptions } from "../../../src/client/options/options";
import type { DlmsValue } from "../../../src/codec/value";
import { memoryCounterStore, memoryReceivedCounters } from "../../../src/security";
import type { createMeter, MeterDefinition } from "../../../src/simulator";
import type { SimulatedObject } from "../../../src/simulator/definition/definition";
import type { Transport } from "../../../src/transport";
import { number, register } from "../../support/meters";
import { modeEPort } from "../../support/mode-e-meter";
import { profileOf, stampOf } from "../../support/profiles";
import type { VirtualClock } from "../../support/virtual-clock";
import { byteFaults } from "../byte-faults";
import { type LineFault, messageFaults } from "./mutating-line";

/** A link with a security: its meter, its client, and the faults that a check sequence or a tag must detect. */
export interface Kind {
  readonly name: string;
  readonly meter: MeterDefinition;
  readonly port?: (meter: ReturnType<typeof createMeter>, clock: VirtualClock) => Transport;
  readonly datagrams?: boolean;
  readonly client: () => Omit<ConnectOptions, "transport" | "clock">;
  /** faults after which every value must be right or an error */
  readonly judged: readonly LineFault[];
  /** faults that the protocol cannot detect: no foreign error and no hang, but a value may be wrong */
  readonly unjudged?: readonly LineFault[];
}

export const response = 1000;
const timeouts = { connect: 2000, response, close: 1000, retries: 2, reconnectMin: 500, reconnectMax: 2000 };

const text = (n: number): DlmsValue => ({ type: "visible-string", value: `text ${n} of the meter `.repeat(9 + n) });
const data = (n: number, value: DlmsValue): SimulatedObject => ({
  classId: 1,
  logicalName: `0.0.96.1.${n}.255`,
  attributes: { 2: value },
});

/** Numbers, long texts, registers with different scalers, and a profile: no value fits in the place of another one. */
const objects: readonly SimulatedObject[] = [
  ...[0, 1, 2, 3].map((n) => data(n, number(5000 + n))),
  ...[4, 5].map((n) => data(n, text(n))),
  ...[0, 1, 2].map((n) => register(`1.0.2.8.${n}.255`, 700 + n, -n)),
  ...profileOf(Array.from({ length: 12 }, (_, n) => [stampOf(Date.UTC(2024, 0, 1) + n * 900_000, 60), number(n)])),
];

const keys = {
  encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
};
const systemTitle = fromHex("46555a0000000001");

type Options = Omit<ConnectOptions, "transport" | "clock">;
const plain = (options: Partial<Options> = {}): (() => Options) => {
  return () => ({ client: { sap: 16 }, server: { logical: 1 }, timeouts, ...options });
};
const lls = (options: Partial<Options> = {}): (() => Options) =>
  plain({ client: { sap: 17 }, auth: { mechanism: "lls", secret: "password" }, ...options });
const ciphered = (mechanism: "hls-gmac" | "lls", options: Partial<Options> = {}): (() => Options) => {
  return () => ({
    ...plain()(),
    client: { sap: 18, systemTitle },
    auth: mechanism === "lls" ? { mechanism, secret: "password" } : { mechanism },
    security: {
      suite: 0,
      policy: "authenticated-encrypted",
      ...keys,
      invocationCounter: memoryCounterStore(1),
      // the next session has another meter, which counts from the beginning
      receivedCounters: memoryReceivedCounters(),
    },
    ...options,
  });
};

const account = { client: 16 } as const;
const llsAccount = { client: 17, mechanism: "lls", secret: "password" } as const;
const secured = (mechanism: "hls-gmac" | "lls") =>
  ({
    client: 18,
    mechanism,
    ...(mechanism === "lls" ? { secret: "password" } : {}),
    suite: 0,
    policy: "authenticated-encrypted",
    ...keys,
  }) as const;

/** Answers of 96 bytes, so that texts and lists come in blocks. */
const small = { association: { maxPduSize: 96 } } as const;
const shortNames = { association: { referencing: "sn", maxPduSize: 96 } } as const;
const hdlc = { link: { kind: "hdlc" } } as const;
const segments = { maxInfoTransmit: 48, maxInfoReceive: 48, windowTransmit: 3, windowReceive: 3 };
const noBlocks = { conformance: ["get", "multiple-references", "selective-access", "block-transfer-with-get-or-read"] };
const everything: readonly LineFault[] = [...messageFaults, ...byteFaults];

export const kinds: readonly Kind[] = [
  {
    name: "wrapper",
    meter: { associations: [account], objects },
    client: plain(),
    judged: messageFaults,
    unjudged: byteFaults,
  },
  {
    name: "wrapper, GET blocks",
    meter: { associations: [account], objects, ...noBlocks },
    client: plain(small),
    judged: messageFaults,
    unjudged: byteFaults,
  },
  {
    name: "wrapper, general blocks",
    meter: { associations: [account], objects, generalBlockTransferWindow: 3 },
    client: plain(small),
    judged: messageFaults,
    unjudged: byteFaults,
  },
  {
    name: "wrapper, LLS",
    meter: { associations: [llsAccount], objects },
    client: lls(),
    judged: messageFaults,
    unjudged: byteFaults,
  },
  {
    name: "wrapper, short names",
    meter: { associations: [account], objects, referencing: "sn" },
    client: plain(shortNames),
    judged: messageFaults,
    unjudged: byteFaults,
  },
  {
    name: "datagrams",
    meter: { associations: [account], objects },
    datagrams: true,
    client: plain(small),
    judged: messageFaults,
    unjudged: byteFaults,
  },
  {
    name: "wrapper, HLS-GMAC, ciphered",
    meter: { associations: [secured("hls-gmac")], objects },
    client: ciphered("hls-gmac"),
    judged: everything,
  },
  {
    name: "wrapper, HLS-GMAC, ciphered, general blocks",
    meter: { associations: [secured("hls-gmac")], objects, generalBlockTransferWindow: 3 },
    client: ciphered("hls-gmac", small),
    judged: everything,
  },
  {
    name: "wrapper, LLS, ciphered",
    meter: { associations: [secured("lls")], objects },
    client: ciphered("lls", small),
    judged: everything,
  },
  {
    name: "datagrams, HLS-GMAC, ciphered",
    meter: { associations: [secured("hls-gmac")], objects },
    datagrams: true,
    client: ciphered("hls-gmac", small),
    judged: everything,
  },
  {
    name: "HDLC",
    meter: { framing: "HDLC", associations: [account], objects, hdlc: { ...segments, keepsLinks: true } },
    client: plain(hdlc),
    judged: everything,
  },
  {
    name: "HDLC, general blocks",
    meter: { framing: "HDLC", associations: [account], objects, hdlc: segments, generalBlockTransferWindow: 3 },
    client: plain({ ...hdlc, ...small }),
    judged: everything,
  },
  {
    name: "HDLC, LLS",
    meter: { framing: "HDLC", associations: [llsAccount], objects },
    client: lls(hdlc),
    judged: everything,
  },
  {
    name: "HDLC, short names",
    meter: { framing: "HDLC", associations: [account], objects, hdlc: segments, referencing: "sn" },
    client: plain({ ...hdlc, ...shortNames }),
    judged: everything,
  },
  {
    name: "HDLC, HLS-GMAC, ciphered",
    meter: { framing: "HDLC", associations: [secured("hls-gmac")], objects, hdlc: segments },
    client: ciphered("hls-gmac", { ...hdlc, ...small }),
    judged: everything,
  },
  {
    name: "mode E",
    meter: { framing: "HDLC", associations: [account], objects },
    port: modeEPort,
    client: plain({ link: { kind: "hdlc-mode-e" } }),
    judged: everything,
  },
];
