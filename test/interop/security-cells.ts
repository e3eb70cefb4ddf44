/** The cells of the security matrix: mechanism, policy, suite and ciphering. */
import { createECDH, createPrivateKey, createPublicKey } from "node:crypto";
import {
  type ConnectOptions,
  fromHex,
  type Mechanism,
  memoryCounterStore,
  memoryReceivedCounters,
  type MeterDefinition,
  type SecurityPolicy,
  type SecuritySuite,
  toHex,
} from "../../src";
import { longText } from "./held-values";
import type { PeerOptions, PythonOptions } from "./peers";

/** One way to associate. */
export interface Cell {
  readonly mechanism: Mechanism;
  readonly policy: SecurityPolicy;
  readonly suite: SecuritySuite;
  /** service-specific or general ciphering, under the global or a dedicated key */
  readonly ciphering: "glo" | "ded" | "general-glo" | "general-ded";
}

const mechanisms: readonly Mechanism[] = [
  "none",
  "lls",
  "hls-2",
  "hls-md5",
  "hls-sha1",
  "hls-gmac",
  "hls-sha256",
  "hls-ecdsa",
];
const policies: readonly SecurityPolicy[] = ["none", "authenticated", "encrypted", "authenticated-encrypted"];
const suites: readonly SecuritySuite[] = [0, 1, 2];

/** Every mechanism under every policy and suite; every ciphering under every policy and suite. */
export const cells: readonly Cell[] = [
  ...mechanisms.flatMap((mechanism) =>
    policies.flatMap((policy) =>
      suites
        // without ciphering and without keys in the proof the suite has no effect
        .filter((suite) => policy !== "none" || suite === 0 || mechanism === "hls-gmac" || mechanism === "hls-ecdsa")
        // suite 0 has no signatures
        .filter((suite) => mechanism !== "hls-ecdsa" || suite > 0)
        .map((suite): Cell => ({ mechanism, policy, suite, ciphering: "glo" })),
    ),
  ),
  ...(["none", "lls"] as const).flatMap((mechanism) =>
    (["general-glo", "general-ded"] as const).map((ciphering): Cell => ({
      mechanism,
      policy: "authenticated-encrypted",
      suite: 0,
      ciphering,
    })),
  ),
  ...(["ded", "general-glo", "general-ded"] as const).flatMap((ciphering) =>
    policies
      .filter((policy) => policy !== "none")
      .flatMap((policy) => suites.map((suite): Cell => ({ mechanism: "hls-gmac", policy, suite, ciphering }))),
  ),
];

export const nameOf = ({ mechanism, policy, suite, ciphering }: Cell): string =>
  `${mechanism}, ${policy}, suite ${suite}, ${ciphering}`;

/** Small, so that a text is sent in blocks, each protected separately. */
const pdu = 600;
/** A register, and a text that takes several blocks. */
export const readable = ["3/1.0.1.8.0.255/2", "1/0.0.96.50.0.255/2"];
export const clientSap = 1;
export const clientTitle = "4752580000000001";
export const meterTitle = "4752580000000002";
const secret = "hls-secret-01234";

/** 16 or 32 bytes that no vector uses. */
const key = (first: number, suite: SecuritySuite): string =>
  toHex(Uint8Array.from({ length: suite === 2 ? 32 : 16 }, (_, n) => (first + n * 7) & 0xff));
const encryptionKey = (suite: SecuritySuite): string => key(0x31, suite);
const authenticationKey = (suite: SecuritySuite): string => key(0xc4, suite);

/** PKCS#8 and SubjectPublicKeyInfo, DER, of a fixed private number, so that no run meets other signatures than the last. */
function signingPair(curve: "P-256" | "P-384", first: number): { readonly own: Buffer; readonly shown: Buffer } {
  const size = curve === "P-256" ? 32 : 48;
  const number = Buffer.from(Array.from({ length: size }, (_, n) => (first + 11 * n) & 0x7f));
  const exchange = createECDH(curve === "P-256" ? "prime256v1" : "secp384r1");
  exchange.setPrivateKey(number);
  const point = exchange.getPublicKey();
  const part = (bytes: Buffer): string => bytes.toString("base64url");
  const jwk = { kty: "EC", crv: curve, x: part(point.subarray(1, 1 + size)), y: part(point.subarray(1 + size)) };
  return {
    own: createPrivateKey({ key: { ...jwk, d: part(number) }, format: "jwk" }).export({ format: "der", type: "pkcs8" }),
    shown: createPublicKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "spki" }),
  };
}

const signing = {
  1: { client: signingPair("P-256", 0x31), meter: signingPair("P-256", 0x57) },
  2: { client: signingPair("P-384", 0x31), meter: signingPair("P-384", 0x57) },
};
export const signingOf = (suite: SecuritySuite): (typeof signing)[1] => signing[suite === 2 ? 2 : 1];

const usesKeys = ({ mechanism, policy }: Cell): boolean => policy !== "none" || mechanism === "hls-gmac";
const usesTitles = (cell: Cell): boolean =>
  usesKeys(cell) || cell.mechanism === "hls-sha256" || cell.mechanism === "hls-ecdsa";

/** How our client associates in this cell. */
export function clientOptions(cell: Cell, port: number): ConnectOptions {
  const { mechanism, policy, suite, ciphering } = cell;
  const { client, meter } = signingOf(suite);
  const auth =
    mechanism === "none" || mechanism === "hls-gmac"
      ? { mechanism }
      : mechanism === "hls-ecdsa"
        ? { mechanism, signingKey: client.own, meterSigningCertificate: meter.shown }
        : { mechanism, secret };
  // mechanism 7 takes its curve from the suite, which is part of the security section
  const secured = usesKeys(cell) || mechanism === "hls-ecdsa";
  return {
    transport: { kind: "tcp", host: "127.0.0.1", port },
    client: { sap: clientSap, ...(usesTitles(cell) ? { systemTitle: fromHex(clientTitle) } : {}) },
    server: { logical: 1 },
    association: { maxPduSize: pdu },
    auth,
    random: (count: number) => Uint8Array.from({ length: count }, (_, n) => 0x41 + 5 * n),
    ...(secured
      ? {
          security: {
            suite,
            policy,
            encryptionKey: fromHex(encryptionKey(suite)),
            authenticationKey: fromHex(authenticationKey(suite)),
            dedicatedKey: ciphering === "ded" || ciphering === "general-ded",
            general: ciphering === "general-glo" || ciphering === "general-ded",
            invocationCounter: memoryCounterStore(100),
            // the peers' meters start their counters again with each cell, under the same keys and title
            receivedCounters: memoryReceivedCounters(),
          },
        }
      : {}),
  };
}

/** The simulated meter of this cell. */
export function meterDefinition(cell: Cell): MeterDefinition {
  const { mechanism, policy, suite } = cell;
  const { client, meter } = signingOf(suite);
  return {
    systemTitle: fromHex(meterTitle),
    associations: [
      {
        client: clientSap,
        mechanism,
        policy,
        suite,
        secret,
        encryptionKey: fromHex(encryptionKey(suite)),
        authenticationKey: fromHex(authenticationKey(suite)),
        ...(mechanism === "hls-ecdsa" ? { signingKey: meter.own, clientSigningCertificate: client.shown } : {}),
      },
    ],
    objects: [
      {
        classId: 3,
        logicalName: "1.0.1.8.0.255",
        attributes: { 2: { type: "double-long-unsigned", value: 12345678 } },
      },
      {
        classId: 1,
        logicalName: "0.0.96.50.0.255",
        attributes: { 2: { type: "octet-string", value: new TextEncoder().encode(longText) } },
      },
    ],
  };
}

const javaMechanisms = {
  none: "NONE",
  lls: "LOW",
  "hls-2": "HIGH",
  "hls-md5": "HIGH_MD5",
  "hls-sha1": "HIGH_SHA1",
  "hls-gmac": "HIGH_GMAC",
  "hls-sha256": "HIGH_SHA256",
  "hls-ecdsa": "HIGH_ECDSA",
} as const satisfies Record<Mechanism, string>;

const javaPolicies = {
  none: "NONE",
  authenticated: "AUTHENTICATION",
  encrypted: "ENCRYPTION",
  "authenticated-encrypted": "AUTHENTICATION_ENCRYPTION",
} as const satisfies Record<SecurityPolicy, string>;

function javaCommon(cell: Cell): PeerOptions {
  const { mechanism, suite } = cell;
  return {
    mechanism: javaMechanisms[mechanism],
    suite,
    ...(usesKeys(cell)
      ? { "encryption-key": encryptionKey(suite), "authentication-key": authenticationKey(suite) }
      : {}),
  };
}

/** The Java meter of this cell. */
export function javaMeter(cell: Cell): PeerOptions {
  const { client, meter } = signingOf(cell.suite);
  return {
    ...javaCommon(cell),
    ...(usesTitles(cell) ? { "server-title": meterTitle } : {}),
    secret,
    password: secret,
    ...(cell.mechanism === "hls-ecdsa"
      ? {
          "signing-private": meter.own.toString("hex"),
          "signing-public": client.shown.toString("hex"),
          challenge: key(0x19, 2),
        }
      : {}),
  };
}

/** How the Java client associates in this cell. */
export function javaClient(cell: Cell, port: number): PeerOptions {
  const { mechanism, policy, suite, ciphering } = cell;
  const { client, meter } = signingOf(suite);
  return {
    ...javaCommon(cell),
    port,
    client: clientSap,
    security: javaPolicies[policy],
    ...(mechanism === "none" || mechanism === "hls-gmac" || mechanism === "hls-ecdsa" ? {} : { password: secret }),
    ...(usesTitles(cell) ? { "client-title": clientTitle } : {}),
    ...(ciphering === "ded" || ciphering === "general-ded" ? { "dedicated-key": key(0x77, suite) } : {}),
    general: ciphering === "general-glo" || ciphering === "general-ded",
    ...(mechanism === "hls-ecdsa"
      ? {
          "signing-private": client.own.toString("hex"),
          "signing-public": meter.shown.toString("hex"),
          challenge: key(0x23, 2),
        }
      : {}),
    pdu,
    read: readable.join(","),
  };
}

/** The client of dlms-cosem in this cell; undefined if it supports no such association. */
export function dlmsCosemClient(cell: Cell, port: number): PythonOptions | undefined {
  const { mechanism, policy, suite, ciphering } = cell;
  const names: Partial<Record<Mechanism, string>> = { none: "NONE", lls: "LOW", "hls-gmac": "HIGH_GMAC" };
  const name = names[mechanism];
  // it has suite 0 with both protections, and general-glo only: its dedicated key is never used for a request
  if (name === undefined || suite !== 0 || policy !== "authenticated-encrypted") return undefined;
  if (ciphering !== "general-glo") return undefined;
  return {
    port,
    client: clientSap,
    mechanism: name,
    password: secret,
    counter: 10,
    encryptionKey: encryptionKey(suite),
    authenticationKey: authenticationKey(suite),
    clientTitle,
    pdu,
    read: readable,
  };
}

/** The settings of jDLMS for this cell; undefined if it does not support such an association, or deviates. */
export function jdlmsPeer(cell: Cell, role: "meter" | "client"): PeerOptions | undefined {
  const { mechanism, policy, suite, ciphering } = cell;
  const common = { client: clientSap };
  const keys = {
    policy: "AUTHENTICATED_AND_ENCRYPTED",
    "encryption-key": encryptionKey(suite),
    "authentication-key": authenticationKey(suite),
  };
  // its suite 1 uses AES with 256 bits, which belongs to suite 2
  if (suite !== 0 || ciphering !== "glo") return undefined;
  const ciphered = policy === "authenticated-encrypted";
  if (mechanism === "none" && policy === "none") return { ...common, mechanism: "NONE" };
  if (mechanism === "lls" && policy === "none") return { ...common, mechanism: "LOW", password: secret };
  if (mechanism === "lls" && ciphered && role === "client") {
    return { ...common, ...keys, mechanism: "LOW", password: secret };
  }
  return mechanism === "hls-gmac" && ciphered ? { ...common, ...keys, mechanism: "HLS5_GMAC" } : undefined;
}

/**
 * Errors of the Java library, which leave the cell without a reference: its behaviour, and the clause that contradicts
 * it.
 */
export function javaFault(cell: Cell, direction: "our client" | "our meter"): string | undefined {
  if (cell.mechanism !== "hls-ecdsa") return undefined;
  if (cell.suite === 2) return "ecdsa-p384";
  if (direction === "our client" && cell.policy.startsWith("authenticated")) return "aare-length";
  return undefined;
}

/** The notes below the table. */
export const javaFaults: Readonly<Record<string, string>> = {
  "ecdsa-p384":
    "With suite 2 the Java library (4.0.47) signs by SHA-256 and takes r and s of 32 bytes. IEC 62056-5-3, security " +
    "suites: suite 2 is ECDSA with P-384 and SHA-384, so r and s have 48 bytes.",
  "short-signature":
    "The Java library takes and makes no ECDSA signature whose r or s begins with a zero byte: such cells get another " +
    "association, with another signature. IEC 62056-5-3: r and s always have the full length of the curve.",
  "aare-length":
    "The Java meter writes the length of an AARE of more than 127 bytes (challenge of 32 bytes and an authenticated " +
    "initiate-response) in one byte. ISO/IEC 8825-1, 8.1.3.5: such a length is `81` and the byte.",
};
