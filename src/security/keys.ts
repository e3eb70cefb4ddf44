/** Symmetric keys, passwords and system titles: parsing and checks. */
import { toHex } from "../bytes";
import { DlmsConfigError, DlmsSecurityError } from "../errors";
import { quote } from "../errors/arguments";
import type { RandomSource, SecuritySuite, SymmetricKeys } from "./model";

/** Format in which a key or a password was entered. */
export type SecretFormat = "hex" | "text";

/** Bytes of a symmetric key, by suite. */
export const keyLengths = { 0: 16, 1: 16, 2: 32 } as const satisfies Record<SecuritySuite, number>;

const utf8 = new TextEncoder();
const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

/** Strips characters that are often pasted along with hex digits: blanks, colons, commas, dashes, 0x. */
const bareHex = (text: string): string => text.replace(/0x/gi, "").replace(/[\s:,;-]+/g, "");

/**
 * A password or key as bytes. Bytes pass through unchanged.
 * @param name of the setting, for messages: "security.encryptionKey"
 * @throws DlmsConfigError CONFIG_INVALID; the text never holds the secret or a part of it
 */
export function parseSecret(input: Uint8Array | string, format: SecretFormat, name: string): Uint8Array {
  if (typeof input !== "string") return input;
  if (format === "text") return utf8.encode(input);
  const clean = bareHex(input);
  if (/[^0-9a-f]/i.test(clean)) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `${name}: expected hex digits, found other characters; if it is meant as text, choose the text format`,
      { details: { setting: name } },
    );
  }
  if (clean.length % 2 !== 0) {
    throw new DlmsConfigError("CONFIG_INVALID", `${name}: expected an even number of hex digits, got ${clean.length}`, {
      details: { setting: name, digits: clean.length },
    });
  }
  return Uint8Array.from({ length: clean.length / 2 }, (_, i) => Number.parseInt(clean.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Refuse a symmetric key of the wrong length.
 * @throws DlmsConfigError CONFIG_INVALID `security.encryptionKey: expected 16 bytes for suite 0, got 15`
 */
export function checkKeyLength(key: Uint8Array, suite: SecuritySuite, name: string): void {
  const expected = keyLengths[suite];
  if (key.length === expected) return;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${name}: expected ${expected} bytes for suite ${suite}, got ${key.length}`,
    {
      details: { setting: name, suite, expected, got: key.length },
    },
  );
}

/**
 * A symmetric key from user input, checked against the suite.
 * @throws DlmsConfigError CONFIG_MISSING when empty, CONFIG_INVALID for a wrong form or length
 */
export function parseKey(
  input: Uint8Array | string | undefined,
  format: SecretFormat,
  suite: SecuritySuite,
  name: string,
): Uint8Array {
  if (input === undefined || input.length === 0) {
    throw new DlmsConfigError(
      "CONFIG_MISSING",
      `${name}: a key of ${keyLengths[suite]} bytes is needed for suite ${suite}`,
      {
        details: { setting: name, suite, expected: keyLengths[suite] },
      },
    );
  }
  const key = parseSecret(input, format, name);
  if (key.length === keyLengths[suite] || typeof input !== "string") {
    checkKeyLength(key, suite, name);
    return key;
  }
  const other = format === "hex" ? utf8.encode(input).length : bareHex(input).length / 2;
  const hint =
    other === keyLengths[suite] ? ` (read as ${format}; it would fit as ${format === "hex" ? "text" : "hex"})` : "";
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${name}: expected ${keyLengths[suite]} bytes for suite ${suite}, got ${key.length}${hint}`,
    { details: { setting: name, suite, expected: keyLengths[suite], got: key.length } },
  );
}

/**
 * The symmetric keys of an association, checked, and hidden from inspect, JSON and log. Copies its input, so that the
 * caller may wipe its arrays.
 */
export class KeySet implements SymmetricKeys {
  readonly suite: SecuritySuite;
  readonly #encryptionKey: Uint8Array;
  readonly #authenticationKey: Uint8Array;
  readonly #broadcastKey: Uint8Array | undefined;

  /** @throws DlmsConfigError CONFIG_INVALID for a wrong length */
  constructor(suite: SecuritySuite, keys: SymmetricKeys) {
    checkKeyLength(keys.encryptionKey, suite, "security.encryptionKey");
    checkKeyLength(keys.authenticationKey, suite, "security.authenticationKey");
    if (keys.broadcastKey !== undefined) checkKeyLength(keys.broadcastKey, suite, "security.broadcastKey");
    this.suite = suite;
    this.#encryptionKey = Uint8Array.from(keys.encryptionKey);
    this.#authenticationKey = Uint8Array.from(keys.authenticationKey);
    this.#broadcastKey = keys.broadcastKey === undefined ? undefined : Uint8Array.from(keys.broadcastKey);
  }

  get encryptionKey(): Uint8Array {
    return this.#encryptionKey;
  }

  get authenticationKey(): Uint8Array {
    return this.#authenticationKey;
  }

  get broadcastKey(): Uint8Array | undefined {
    return this.#broadcastKey;
  }

  /** The same authentication key with another encryption key: dedicated, agreed or transported. */
  withEncryptionKey(encryptionKey: Uint8Array): KeySet {
    return new KeySet(this.suite, { encryptionKey, authenticationKey: this.#authenticationKey });
  }

  toJSON(): unknown {
    return { suite: this.suite };
  }

  [inspectCustom](): string {
    return `KeySet { suite: ${this.suite} }`;
  }
}

/**
 * A system title: 8 bytes, or 16 hex digits with the usual separators.
 * @throws DlmsConfigError CONFIG_INVALID
 */
export function parseSystemTitle(input: Uint8Array | string, name = "systemTitle"): Uint8Array {
  const invalid = (got: string): DlmsConfigError =>
    new DlmsConfigError("CONFIG_INVALID", `${name}: expected 8 bytes (16 hex digits), got ${got}`, {
      details: { setting: name },
    });
  if (typeof input !== "string") {
    if (!(input instanceof Uint8Array)) throw invalid(quote(input));
    if (input.length !== 8) throw invalid(`${input.length} bytes`);
    return input;
  }
  const clean = bareHex(input);
  if (!/^[0-9a-f]{16}$/i.test(clean)) throw invalid(`"${input}"`);
  return parseSecret(clean, "hex", name);
}

/** A system title for a client: three letters in the place of a manufacturer, then five random bytes. */
export function makeSystemTitle(random: RandomSource): Uint8Array {
  const title = new Uint8Array(8);
  title.set(utf8.encode("NRD"));
  title.set(random(5).subarray(0, 5), 3);
  return title;
}

/**
 * Refuse a system title that cannot be part of an initialization vector.
 * @param whose for the message: "the meter's"
 * @throws DlmsSecurityError SEC_SYSTEM_TITLE
 */
export function checkSystemTitle(title: Uint8Array | undefined, whose: string): Uint8Array {
  if (title?.length === 8) return title;
  const got = title === undefined || title.length === 0 ? "none" : `${title.length} bytes (${toHex(title)})`;
  throw new DlmsSecurityError(
    "SEC_SYSTEM_TITLE",
    `${whose} system title: expected 8 bytes, got ${got}; it is needed for ciphering. ` +
      "If the meter does not send its title, set it in the configuration",
    { details: { whose, length: title?.length ?? 0 } },
  );
}
