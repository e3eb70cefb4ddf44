/** Elliptic-curve keys of suites 1 and 2: import, ECDSA signatures, and the encodings that DLMS carries. */
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { concatBytes, toHex } from "../bytes";
import { DlmsConfigError } from "../errors";
import type { RandomSource, SecuritySuite } from "./model";

/** The curves of suite 1 and suite 2. */
export type EcCurve = "P-256" | "P-384";

interface CurveFacts {
  readonly openssl: string;
  readonly hash: string;
  /** bytes of a coordinate, of a private key, and of each half of a signature */
  readonly size: number;
  readonly order: bigint;
}

/** FIPS 186-4 D.1.2: names, hash of the suite, size, order of the base point. */
const curves = {
  "P-256": {
    openssl: "prime256v1",
    hash: "sha256",
    size: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  "P-384": {
    openssl: "secp384r1",
    hash: "sha384",
    size: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
} as const satisfies Record<EcCurve, CurveFacts>;

/** A private key. The key itself stays inside node:crypto, so that inspect and JSON never show it. */
export interface EcPrivateKey {
  readonly kind: "private";
  readonly curve: EcCurve;
  /** bytes of a coordinate: 32 or 48 */
  readonly size: number;
  readonly key: KeyObject;
}

export interface EcPublicKey {
  readonly kind: "public";
  readonly curve: EcCurve;
  readonly size: number;
  readonly key: KeyObject;
  /** the system title in the common name of the subject, in a DLMS certificate */
  readonly systemTitle?: Uint8Array;
  /** validity of a certificate, wall-clock milliseconds since 1970 */
  readonly validity?: { readonly from: number; readonly to: number };
}

/** The curve of a suite. @throws DlmsConfigError CONFIG_INVALID: suite 0 has none */
export function curveOf(suite: SecuritySuite): EcCurve {
  if (suite === 1) return "P-256";
  if (suite === 2) return "P-384";
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    "securitySuite: suite 0 has no elliptic curve; ECDSA and key agreement need suite 1 (P-256) or 2 (P-384)",
  );
}

/**
 * A private key: PEM (PKCS#8 or SEC1; line ends may be lost), DER, DER as hex or base64, or the bare number in hex or
 * bytes. With a list of curves, another curve is refused.
 * @param name of the setting, for messages: "auth.signingKey"
 * @throws DlmsConfigError CONFIG_MISSING, CONFIG_INVALID, CONFIG_UNSUPPORTED (encrypted); never shows the key
 */
export function importPrivateKey(
  input: Uint8Array | string | undefined,
  allowed: EcCurve | readonly EcCurve[],
  name: string,
): EcPrivateKey {
  const bytes = keyBytes(input, allowed, name, privateLabels);
  const key = tryEach([
    () => createPrivateKey({ key: Buffer.from(bytes), format: "der", type: "pkcs8" }),
    () => createPrivateKey({ key: Buffer.from(bytes), format: "der", type: "sec1" }),
    () => fromScalar(bytes),
  ]);
  if (key === undefined) throw unreadable(name, "an EC private key (PKCS#8 or SEC1, PEM or DER)", allowed, bytes);
  const curve = checkCurve(key, allowed, name);
  return { kind: "private", curve, size: curves[curve].size, key };
}

/**
 * A public key: X.509 certificate or SPKI, as PEM (line ends may be lost), DER, DER as hex or base64, or the bare
 * point (x || y, with or without 04 in front).
 * @throws DlmsConfigError CONFIG_MISSING, CONFIG_INVALID
 */
export function importPublicKey(
  input: Uint8Array | string | undefined,
  allowed: EcCurve | readonly EcCurve[],
  name: string,
): EcPublicKey {
  const bytes = keyBytes(input, allowed, name, publicLabels);
  const certificate = tryEach([() => new X509Certificate(bytes)]);
  const key = tryEach([
    // the certificate may parse although the key in it is damaged
    () => certificate?.publicKey,
    () => createPublicKey({ key: Buffer.from(bytes), format: "der", type: "spki" }),
    () => fromPoint(bytes),
  ]);
  if (key === undefined) throw unreadable(name, "a certificate or an EC public key (PEM or DER)", allowed, bytes);
  const curve = checkCurve(key, allowed, name);
  return { kind: "public", curve, size: curves[curve].size, key, ...(certificate && factsOf(certificate)) };
}

/** x || y of a public key, or of a private key's public half: 64 or 96 bytes, as DLMS carries it. */
export function publicPoint(key: EcPublicKey | EcPrivateKey): Uint8Array {
  const half = key.kind === "public" ? key.key : createPublicKey(key.key);
  const der = half.export({ format: "der", type: "spki" });
  return Uint8Array.from(der.subarray(der.length - 2 * key.size));
}

/** The public half of a private key. */
export function publicKeyOf(key: EcPrivateKey): EcPublicKey {
  return { kind: "public", curve: key.curve, size: key.size, key: createPublicKey(key.key) };
}

/** A new key pair from the given randomness, for ephemeral keys. */
export function generatePrivateKey(curve: EcCurve, random: RandomSource): EcPrivateKey {
  const { size, order } = curves[curve];
  // Rejection sampling: for both curves a random number is out of range at most once in 2^32.
  for (let attempt = 0; attempt < 16; attempt++) {
    const candidate = random(size);
    const number = BigInt(`0x${toHex(candidate)}`);
    if (candidate.length !== size || number === 0n || number >= order) continue;
    const key = fromScalar(candidate);
    if (key !== undefined) return { kind: "private", curve, size, key };
  }
  throw new DlmsConfigError("CONFIG_INVALID", `random source: gave no number fit for a ${curve} key in 16 attempts`, {
    fault: "internal",
  });
}

/**
 * ECDSA signature, raw r || s: 64 bytes (P-256 with SHA-256) or 96 bytes (P-384 with SHA-384). A signature whose r or s
 * begins with a zero byte is valid, but some implementations strip that byte (the Java library of Gurux does), so the
 * function signs again. This concerns one signature in 128.
 */
export function signRaw(key: EcPrivateKey, data: Uint8Array): Uint8Array {
  let signature = signOnce(key, data);
  for (let tries = 0; tries < 8 && (signature[0] === 0 || signature[key.size] === 0); tries++) {
    signature = signOnce(key, data);
  }
  return signature;
}

function signOnce(key: EcPrivateKey, data: Uint8Array): Uint8Array {
  return new Uint8Array(sign(curves[key.curve].hash, data, { key: key.key, dsaEncoding: "ieee-p1363" }));
}

/** Whether a raw r || s signature is valid. A signature of the wrong length is not. */
export function verifyRaw(key: EcPublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 2 * key.size) return false;
  return verify(curves[key.curve].hash, data, { key: key.key, dsaEncoding: "ieee-p1363" }, signature);
}

const privateLabels = ["PRIVATE KEY", "EC PRIVATE KEY"] as const;
const publicLabels = ["CERTIFICATE", "PUBLIC KEY", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"] as const;

/** Maximum size of a key or certificate, including other contents of its PEM file. */
const maxKeyBytes = 0x10000;

/** DER (or bare numbers) from the text or bytes that the user gave. */
function keyBytes(
  input: Uint8Array | string | undefined,
  allowed: EcCurve | readonly EcCurve[],
  name: string,
  labels: readonly string[],
): Uint8Array {
  if (input === undefined || input.length === 0) {
    throw new DlmsConfigError("CONFIG_MISSING", `${name}: ${curveWords(allowed)} needed, as PEM or DER; it is empty`, {
      details: { setting: name },
    });
  }
  if (input.length > maxKeyBytes) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `${name}: expected ${curveWords(allowed)} as PEM or DER, got ${input.length} bytes; at most ${maxKeyBytes} are read`,
      { details: { setting: name, length: input.length } },
    );
  }
  if (typeof input !== "string" && input[0] !== 0x2d && input[0] !== 0x0a && input[0] !== 0x42) return input;
  const text = typeof input === "string" ? input : Buffer.from(input).toString("latin1");
  if (text.includes("-----BEGIN")) return fromPem(text, name, labels);
  if (typeof input !== "string") return input;
  const bare = text.replace(/0x/gi, "").replace(/[\s:,;-]+/g, "");
  if (/^([0-9a-f]{2})+$/i.test(bare)) return new Uint8Array(Buffer.from(bare, "hex"));
  return new Uint8Array(Buffer.from(text.replace(/\\n/g, ""), "base64"));
}

interface PemBlock {
  readonly label: string;
  readonly body: string;
}

const dashes = "-----";
const begin = `${dashes}BEGIN `;
const end = `${dashes}END `;

/** The complete blocks of a PEM text, in time linear in its length. */
function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let endAt = 0;
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at + begin.length)) {
    const labelAt = at + begin.length;
    const label = /^[A-Z0-9 ]+(?=-----)/.exec(text.slice(labelAt, labelAt + maxLabelLength))?.[0];
    if (label === undefined) continue;
    const bodyAt = labelAt + label.length + dashes.length;
    if (endAt < bodyAt) endAt = text.indexOf(end, bodyAt);
    if (endAt < 0) break;
    const next = text.indexOf(begin, bodyAt);
    if (next >= 0 && next < endAt) continue;
    if (!text.startsWith(`${label}${dashes}`, endAt + end.length)) continue;
    blocks.push({ label, body: text.slice(bodyAt, endAt) });
    at = endAt;
  }
  return blocks;
}

/** Maximum length of a label with the dashes after it. */
const maxLabelLength = 80;

function fromPem(text: string, name: string, labels: readonly string[]): Uint8Array {
  const blocks = pemBlocks(text);
  const found = blocks.map(({ label }) => label);
  const block = blocks.find(({ label }) => labels.includes(label));
  if (found.includes("ENCRYPTED PRIVATE KEY") || block?.body.includes("ENCRYPTED") === true) {
    throw new DlmsConfigError(
      "CONFIG_UNSUPPORTED",
      `${name}: the private key is encrypted with a passphrase; give it without (openssl pkey -in key.pem -out plain.pem)`,
      { details: { setting: name } },
    );
  }
  if (block === undefined) {
    const got = found.length === 0 ? "an incomplete PEM block (no END line)" : found.slice(0, 10).join(", ");
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `${name}: expected PEM with ${labels.slice(0, 2).join(" or ")}, got ${got}`,
      {
        details: { setting: name, found: found.slice(0, 10) },
      },
    );
  }
  // Single-line input fields turn line ends into blanks, and JSON turns them into backslash n.
  return new Uint8Array(Buffer.from(block.body.replace(/\\[nr]/g, ""), "base64"));
}

function tryEach<T>(attempts: readonly (() => T | undefined)[]): T | undefined {
  for (const attempt of attempts) {
    try {
      const result = attempt();
      if (result !== undefined) return result;
    } catch {
      // The loop tries the next form. When none fits, the caller reports what was expected.
    }
  }
  return undefined;
}

const curveOfSize = (size: number): EcCurve | undefined => (size === 32 ? "P-256" : size === 48 ? "P-384" : undefined);

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

function jwkOf(curve: EcCurve, point: Uint8Array): { kty: "EC"; crv: EcCurve; x: string; y: string } {
  const { size } = curves[curve];
  return { kty: "EC", crv: curve, x: base64url(point.subarray(0, size)), y: base64url(point.subarray(size)) };
}

function fromScalar(scalar: Uint8Array): KeyObject | undefined {
  const curve = curveOfSize(scalar.length);
  if (curve === undefined) return undefined;
  const ecdh = createECDH(curves[curve].openssl);
  ecdh.setPrivateKey(scalar);
  const jwk = { ...jwkOf(curve, ecdh.getPublicKey().subarray(1)), d: base64url(scalar) };
  return createPrivateKey({ key: jwk, format: "jwk" });
}

function fromPoint(bytes: Uint8Array): KeyObject | undefined {
  const point = bytes.length % 2 === 1 && bytes[0] === 4 ? bytes.subarray(1) : bytes;
  const curve = point.length % 2 === 0 ? curveOfSize(point.length / 2) : undefined;
  return curve === undefined ? undefined : createPublicKey({ key: jwkOf(curve, point), format: "jwk" });
}

function checkCurve(key: KeyObject, allowed: EcCurve | readonly EcCurve[], name: string): EcCurve {
  const named = key.asymmetricKeyDetails?.namedCurve;
  const curve = (["P-256", "P-384"] as const).find((candidate) => curves[candidate].openssl === named);
  if (curve !== undefined && [allowed].flat().includes(curve)) return curve;
  const got = curve ?? named ?? key.asymmetricKeyType ?? "another kind";
  throw new DlmsConfigError("CONFIG_INVALID", `${name}: expected ${curveWords(allowed)}, got ${got}`, {
    details: { setting: name, got },
  });
}

function curveWords(allowed: EcCurve | readonly EcCurve[]): string {
  const suites = { "P-256": "suite 1", "P-384": "suite 2" } as const;
  return `an EC key on ${[allowed]
    .flat()
    .map((curve) => `${curve} (${suites[curve]})`)
    .join(" or ")}`;
}

function unreadable(
  name: string,
  expected: string,
  allowed: EcCurve | readonly EcCurve[],
  bytes: Uint8Array,
): DlmsConfigError {
  return new DlmsConfigError(
    "CONFIG_INVALID",
    `${name}: expected ${expected}, ${curveWords(allowed)}; the ${bytes.length} bytes given cannot be read as one`,
    { details: { setting: name, length: bytes.length } },
  );
}

function factsOf(certificate: X509Certificate): Pick<EcPublicKey, "systemTitle" | "validity"> {
  const systemTitle = titleOfSubject(certificate.subject);
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  const dated = !Number.isNaN(from) && !Number.isNaN(to);
  return { ...(systemTitle && { systemTitle }), ...(dated && { validity: { from, to } }) };
}

/** DLMS certificates name the system title as common name, 16 hex digits. */
function titleOfSubject(subject: string): Uint8Array | undefined {
  const digits = /(?:^|\n)CN=([0-9A-Fa-f]{16})(?:\n|$)/.exec(subject)?.[1];
  return digits === undefined ? undefined : new Uint8Array(Buffer.from(digits, "hex"));
}

/** Both halves of a signed public key, as key-ciphered-data carries them: x || y || r || s. */
export function splitSigned(
  bytes: Uint8Array,
  curve: EcCurve,
  name: string,
): { point: Uint8Array; signature: Uint8Array } {
  const { size } = curves[curve];
  if (bytes.length !== 4 * size) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `${name}: expected ${4 * size} bytes (public key and signature on ${curve}), got ${bytes.length}`,
      { layer: "security", fault: "meter" },
    );
  }
  return { point: bytes.subarray(0, 2 * size), signature: bytes.subarray(2 * size) };
}

/** x || y || signature over prefix || x || y. */
export function signPoint(point: Uint8Array, signingKey: EcPrivateKey, prefix: Uint8Array): Uint8Array {
  return concatBytes(point, signRaw(signingKey, concatBytes(prefix, point)));
}
