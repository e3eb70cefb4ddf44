/** AES-GCM protection of APDUs: security header, ciphering, tags and GMAC. */
import { type CipherGCM, type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";
import { toHex } from "../bytes";
import { DlmsConfigError, DlmsDecodeError, DlmsSecurityError } from "../errors";
import { checkKeyLength, checkSystemTitle } from "./keys";
import type { SecurityPolicy, SecuritySuite, SymmetricKeys } from "./model";
import { readSecurityControl, requirePolicy, requireSupported, type SecurityControl } from "./security-control";

/** Length of the security control byte and the invocation counter before every protected content. */
export const securityHeaderLength = 5;
/** Bytes of an authentication tag (GCM, truncated to 96 bits in DLMS). */
export const tagLength = 12;

const algorithms = {
  0: "aes-128-gcm",
  1: "aes-128-gcm",
  2: "aes-256-gcm",
} as const satisfies Record<SecuritySuite, CipherGCMTypes>;
const tagOptions = { authTagLength: tagLength } as const;
const nothing = new Uint8Array(0);

/** Purpose of a key, as error messages name it. */
export type KeyRole = "global" | "broadcast" | "dedicated" | "agreed" | "wrapped" | "identified";

interface CipherInput {
  /** global keys; for a dedicated or agreed key, that key in the place of `encryptionKey` */
  readonly keys: SymmetricKeys;
  /** system title of the sender: 8 bytes */
  readonly systemTitle: Uint8Array;
  /** general-ciphering: its header fields, which follow the authentication key in the additional data */
  readonly extraAad?: Uint8Array;
  /** for messages; default "global" */
  readonly keyRole?: KeyRole;
}

export interface ProtectInput extends CipherInput {
  readonly plaintext: Uint8Array;
  readonly suite: SecuritySuite;
  readonly securityControl: number;
  readonly invocationCounter: number;
}

export interface UnprotectInput extends CipherInput {
  /** SC || IC || ciphertext || tag */
  readonly content: Uint8Array;
  /**
   * Minimum protection of the content. Without it the caller has to call requirePolicy, because a flipped bit in the
   * security control byte would otherwise turn off the check of the tag.
   */
  readonly policy?: SecurityPolicy;
  /** the suite of the association (default: the suite that the content names) */
  readonly suite?: SecuritySuite;
  /** name of the APDU, for messages; default "ciphered APDU" */
  readonly apduName?: string;
}

export interface SecurityHeader {
  readonly securityControl: number;
  readonly invocationCounter: number;
}

export interface Unprotected extends SecurityHeader {
  /** a view into `content` if that is authenticated only */
  readonly plaintext: Uint8Array;
}

/**
 * Read the security header of a protected content without opening it.
 * @throws DlmsDecodeError DECODE_TRUNCATED
 */
export function readSecurityHeader(content: Uint8Array): SecurityHeader & { readonly control: SecurityControl } {
  if (content.length < securityHeaderLength) {
    throw new DlmsDecodeError(
      "DECODE_TRUNCATED",
      `security header: needs ${securityHeaderLength} bytes (security control, invocation counter), has ${content.length}`,
      { layer: "security", details: { need: securityHeaderLength, have: content.length } },
    );
  }
  const securityControl = content[0] ?? 0;
  const invocationCounter =
    (((content[1] ?? 0) << 24) | ((content[2] ?? 0) << 16) | ((content[3] ?? 0) << 8) | (content[4] ?? 0)) >>> 0;
  return { securityControl, invocationCounter, control: readSecurityControl(securityControl) };
}

/**
 * Reused arrays for the input of node:crypto. V8 has to move a small array out of its heap each time it is passed to
 * native code, which costs more than a copy. Native code has read the bytes when a call returns; bytes that could be
 * secret are wiped afterwards.
 */
const ivBytes = new Uint8Array(new ArrayBuffer(12));
const aadBytes = { 17: new Uint8Array(new ArrayBuffer(17)), 33: new Uint8Array(new ArrayBuffer(33)) } as const;
const plainBytes = new Uint8Array(new ArrayBuffer(512));

/** IV = system title || invocation counter. Valid until the next call. */
function initialisationVector(systemTitle: Uint8Array, counter: number): Uint8Array {
  const iv = ivBytes;
  iv.set(systemTitle);
  iv[8] = counter >>> 24;
  iv[9] = counter >>> 16;
  iv[10] = counter >>> 8;
  iv[11] = counter;
  return iv;
}

/** SC || AK || extra || data. */
function setAdditionalData(
  cipher: { setAAD(data: Uint8Array): unknown },
  sc: number,
  ak: Uint8Array,
  extra: Uint8Array,
  data: Uint8Array,
): void {
  const length = 1 + ak.length + extra.length + data.length;
  // not a pooled Buffer: other users of the same pool could read the authentication key
  const aad = length === 17 || length === 33 ? aadBytes[length] : new Uint8Array(length);
  aad[0] = sc;
  aad.set(ak, 1);
  if (extra.length > 0) aad.set(extra, 1 + ak.length);
  if (data.length > 0) aad.set(data, 1 + ak.length + extra.length);
  cipher.setAAD(aad);
  aad.fill(0);
}

/** The plaintext, encrypted. */
function encrypted(cipher: CipherGCM, plaintext: Uint8Array): Uint8Array {
  if (plaintext.length > plainBytes.length) return cipher.update(plaintext);
  plainBytes.set(plaintext);
  const text = cipher.update(plainBytes.subarray(0, plaintext.length));
  plainBytes.fill(0, 0, plaintext.length);
  return text;
}

function chooseKey(keys: SymmetricKeys, control: SecurityControl, suite: SecuritySuite, role: KeyRole): Uint8Array {
  const key = control.broadcast ? keys.broadcastKey : keys.encryptionKey;
  if (key === undefined) {
    throw new DlmsSecurityError(
      "SEC_KEY_MISSING",
      `security control ${toHex(Uint8Array.of(control.byte))} asks for the global broadcast encryption key (GBEK), which is not configured`,
      { details: { keyRole: "broadcast", securityControl: control.byte } },
    );
  }
  checkKeyLength(key, suite, control.broadcast ? "security.broadcastKey" : keySetting[role]);
  if (control.authenticated) checkKeyLength(keys.authenticationKey, suite, "security.authenticationKey");
  return key;
}

const keySetting = {
  global: "security.encryptionKey",
  broadcast: "security.broadcastKey",
  dedicated: "dedicated key",
  agreed: "agreed key",
  wrapped: "wrapped key",
  identified: "identified key",
} as const satisfies Record<KeyRole, string>;

const keyWords = {
  global: "global encryption key (GUEK)",
  broadcast: "global broadcast encryption key (GBEK)",
  dedicated: "dedicated key",
  agreed: "agreed key",
  wrapped: "key that was sent wrapped",
  identified: "identified key",
} as const satisfies Record<KeyRole, string>;

function checkCounter(counter: number): void {
  if (Number.isInteger(counter) && counter >= 0 && counter <= 0xffffffff) return;
  throw new DlmsConfigError("CONFIG_INVALID", `invocation counter: expected 0..4294967295, got ${counter}`, {
    layer: "security",
    fault: "internal",
  });
}

/**
 * Protect an APDU: security control || invocation counter || (cipher)text || tag. The caller is responsible for the
 * counter: each value may be used only once with a key.
 * @throws DlmsConfigError for a key of the wrong length, compression, or a control byte without protection
 * @throws DlmsSecurityError SEC_SYSTEM_TITLE, SEC_KEY_MISSING
 */
export function protect(input: ProtectInput): Uint8Array {
  const { plaintext, keys, suite, securityControl, invocationCounter } = input;
  const control = readSecurityControl(securityControl);
  if (requireSupported(securityControl, "protect") !== suite || (!control.authenticated && !control.encrypted)) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `protect: security control ${toHex(Uint8Array.of(securityControl))} does not fit suite ${suite}, or asks for no protection`,
      { layer: "security", fault: "internal" },
    );
  }
  checkCounter(invocationCounter);
  const key = chooseKey(keys, control, suite, input.keyRole ?? "global");
  const iv = initialisationVector(checkSystemTitle(input.systemTitle, "own"), invocationCounter);
  const cipher = createCipheriv(algorithms[suite], key, iv, tagOptions);
  const extra = input.extraAad ?? nothing;
  if (control.authenticated) {
    setAdditionalData(cipher, securityControl, keys.authenticationKey, extra, control.encrypted ? nothing : plaintext);
  }
  const body = control.encrypted ? encrypted(cipher, plaintext) : plaintext;
  cipher.final();
  const content = new Uint8Array(securityHeaderLength + body.length + (control.authenticated ? tagLength : 0));
  content[0] = securityControl;
  content[1] = invocationCounter >>> 24;
  content[2] = invocationCounter >>> 16;
  content[3] = invocationCounter >>> 8;
  content[4] = invocationCounter;
  content.set(body, securityHeaderLength);
  if (control.authenticated) content.set(cipher.getAuthTag(), securityHeaderLength + body.length);
  return content;
}

/**
 * Open a protected content. No part of it is returned before its tag is verified. The caller checks that the counter is
 * fresh (ReceivedCounters).
 * @throws DlmsSecurityError SEC_TAG, SEC_POLICY (weaker than the policy, other suite, or no protection at all), SEC_KEY_MISSING, SEC_SYSTEM_TITLE
 * @throws DlmsConfigError CONFIG_UNSUPPORTED for compression and unknown suites
 * @throws DlmsDecodeError DECODE_TRUNCATED
 */
export function unprotect(input: UnprotectInput): Unprotected {
  const { content, keys } = input;
  const apduName = input.apduName ?? "ciphered APDU";
  const { securityControl, invocationCounter, control } = readSecurityHeader(content);
  const suite = requireSupported(securityControl, apduName);
  checkProtection(control, input.suite, apduName);
  requirePolicy(securityControl, input.policy ?? "none", apduName);
  const end = content.length - (control.authenticated ? tagLength : 0);
  if (end < securityHeaderLength) {
    const need = securityHeaderLength + tagLength;
    throw new DlmsDecodeError(
      "DECODE_TRUNCATED",
      `${apduName}: security header and authentication tag need ${need} bytes, has ${content.length}`,
      { layer: "security", details: { need, have: content.length } },
    );
  }
  const role = control.broadcast ? "broadcast" : (input.keyRole ?? "global");
  const key = chooseKey(keys, control, suite, role);
  const iv = initialisationVector(checkSystemTitle(input.systemTitle, "the sender's"), invocationCounter);
  const body = content.subarray(securityHeaderLength, end);
  const decipher = createDecipheriv(algorithms[suite], key, iv, tagOptions);
  if (control.authenticated) {
    const clear = control.encrypted ? nothing : body;
    setAdditionalData(decipher, securityControl, keys.authenticationKey, input.extraAad ?? nothing, clear);
    decipher.setAuthTag(content.subarray(end));
  }
  const plaintext = control.encrypted ? plainView(decipher.update(body)) : body;
  // Without authentication there is no tag to verify, and final() would ask for one.
  if (control.authenticated) {
    try {
      decipher.final();
    } catch {
      throw tagError(apduName, input, role, invocationCounter, securityControl);
    }
  }
  return { plaintext, securityControl, invocationCounter };
}

function checkProtection(control: SecurityControl, suite: SecuritySuite | undefined, apduName: string): void {
  if (suite !== undefined && control.suite !== suite) {
    throw new DlmsSecurityError(
      "SEC_POLICY",
      `${apduName}: security control ${toHex(Uint8Array.of(control.byte))} names suite ${control.suite}, but suite ${suite} is configured; ` +
        `if the meter works with suite ${control.suite}, configure that`,
      { details: { configured: suite, received: control.suite, securityControl: control.byte } },
    );
  }
  if (!control.authenticated && !control.encrypted) {
    throw new DlmsSecurityError(
      "SEC_POLICY",
      `${apduName}: security control ${toHex(Uint8Array.of(control.byte))} announces neither authentication nor encryption; it was refused`,
      { details: { securityControl: control.byte } },
    );
  }
}

const plainView = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

function tagError(
  apduName: string,
  input: UnprotectInput,
  role: KeyRole,
  invocationCounter: number,
  securityControl: number,
): DlmsSecurityError {
  const title = toHex(input.systemTitle);
  return new DlmsSecurityError(
    "SEC_TAG",
    `${apduName} from system title ${title} with invocation counter ${invocationCounter}: the authentication tag does not ` +
      `fit the ${keyWords[role]} and the authentication key (GAK); check both keys and the sender's system title. ` +
      "If they are right, the bytes were changed on the way",
    { details: { keyRole: role, systemTitle: title, invocationCounter, securityControl } },
  );
}

export interface GmacInput {
  readonly keys: SymmetricKeys;
  readonly suite: SecuritySuite;
  /** system title of the sender: 8 bytes */
  readonly systemTitle: Uint8Array;
  readonly invocationCounter: number;
  readonly data: Uint8Array;
}

/** GMAC over SC || AK || data: content of SC || IC || tag, the data itself left out. */
export function gmac(input: GmacInput): Uint8Array {
  const securityControl = 0x10 | input.suite;
  const whole = protect({ ...input, plaintext: input.data, securityControl });
  const content = new Uint8Array(securityHeaderLength + tagLength);
  content.set(whole.subarray(0, securityHeaderLength));
  content.set(whole.subarray(whole.length - tagLength), securityHeaderLength);
  return content;
}
