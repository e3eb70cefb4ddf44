/** Opens what is ciphered in a push, layer by layer. Nothing is handed on before its tag is verified. */
import { type Apdu, apduName, cipheredTag, parseApdu } from "../../apdu";
import { toHex } from "../../bytes";
import { DlmsConfigError, DlmsPushError, DlmsSecurityError } from "../../errors";
import {
  headerBytes,
  type KeyRole,
  keyLengths,
  readSecurityHeader,
  ReceivedMessageKeys,
  requireSupported,
  type SecurityControl,
  securityHeaderLength,
  type SecuritySuite,
  tagLength,
  unprotect,
} from "../../security";
import type { PushCounters } from "./counters";
import type { KeyRing, OpeningKeys } from "./keys";

export type PushKeySet = "global unicast" | "global broadcast" | "dedicated" | "wrapped" | "agreed";

/** How a push was protected, and what was checked of it. */
export interface PushSecurity {
  /** security control byte, two hex digits */
  readonly control: string;
  readonly suite: number;
  readonly encrypted: boolean;
  readonly authenticated: boolean;
  /** the authentication tag was checked and is right */
  readonly verified: boolean;
  readonly keySet: PushKeySet;
  readonly invocationCounter: number;
  /** counters that were passed over since the last push of this meter */
  readonly gap: number;
  /** the same push came before */
  readonly repeated: boolean;
}

export interface Opened {
  readonly plain: Uint8Array;
  readonly security: PushSecurity | null;
  readonly systemTitle: Uint8Array | null;
  readonly notes: readonly string[];
}

export interface OpenContext {
  readonly keys: KeyRing;
  readonly counters: PushCounters;
  readonly withoutAuthenticationKey: "refuse" | "mark";
  readonly peer: string | undefined;
  readonly now: number | undefined;
}

type Ciphered = Extract<
  Apdu,
  { apdu: "service-ciphered" | "general-glo-ciphering" | "general-ded-ciphering" | "general-ciphering" }
>;

/** First bytes of what may be pushed: APDUs, and "/" of a text telegram. */
const plausible = new Set([0x0f, 0xc2, 0x18, 0xe0, 0x2f]);
/** Tags of notifications, which are pushed under a service-specific ciphering. */
const notificationTags = new Set([0xc2, 0x18]);
const nothing = new Uint8Array(0);

/** @throws DlmsError for everything that cannot be given out */
export function openPush(bytes: Uint8Array, context: OpenContext): Opened {
  if (!isCipheredTag(bytes[0])) return { plain: bytes, security: null, systemTitle: null, notes: [] };
  const apdu = parseApdu(bytes);
  if (!isCiphered(apdu)) return { plain: bytes, security: null, systemTitle: null, notes: [] };
  return openEnvelope(apdu, context);
}

function openEnvelope(apdu: Ciphered, context: OpenContext): Opened {
  const { content } = apdu;
  const { control, invocationCounter } = readSecurityHeader(content);
  const suite = requireSupported(control.byte, "push");
  const { keys, title } = findKeys(apdu, context);
  const { key, keySet, role, isOneTime } = chooseKey(apdu, control, suite, keys, title);
  const notes: string[] = [];
  const verified = control.authenticated && canVerify(keys, title, context, notes);
  const opening = { apdu, content, key, keys, title, suite, control, role, verified };
  const plain = verified || !control.authenticated ? decipher(opening) : decipherUnverified(opening);
  checkPlain(apdu, plain, control, verified, title);
  const checked = verified
    ? context.counters.check(
        { systemTitle: title, keySet, key, counter: invocationCounter, content, isOneTime },
        context.now,
      )
    : { gap: 0, repeated: false, notes: [] };
  for (const note of checked.notes) notes.push(note);
  const { encrypted, authenticated } = control;
  const security = {
    control: toHex(Uint8Array.of(control.byte)),
    suite: control.suite,
    encrypted,
    authenticated,
    verified,
    keySet,
    invocationCounter,
    gap: checked.gap,
    repeated: checked.repeated,
  };
  return { plain, security, systemTitle: title, notes };
}

function isCipheredTag(tag: number | undefined): boolean {
  return tag !== undefined && ((tag >= 0xdb && tag <= 0xdd) || cipheredTag(tag) !== undefined);
}

function isCiphered(apdu: Apdu): apdu is Ciphered {
  if (apdu.apdu === "service-ciphered") return notificationTags.has(cipheredTag(apdu.tag)?.tag ?? 0);
  return (
    apdu.apdu === "general-glo-ciphering" || apdu.apdu === "general-ded-ciphering" || apdu.apdu === "general-ciphering"
  );
}

function findKeys(apdu: Ciphered, { keys: ring, peer }: OpenContext): { keys: OpeningKeys; title: Uint8Array } {
  const stated =
    apdu.apdu === "service-ciphered"
      ? nothing
      : apdu.apdu === "general-ciphering"
        ? apdu.originatorSystemTitle
        : apdu.systemTitle;
  if (stated.length !== 0 && stated.length !== 8) {
    throw new DlmsSecurityError("SEC_SYSTEM_TITLE", `push: its system title has ${stated.length} bytes, expected 8`);
  }
  const keys = ring.find(stated, peer);
  const of = stated.length === 0 ? (peer ?? "a meter that sends no system title") : `system title ${toHex(stated)}`;
  if (keys === undefined) {
    throw new DlmsPushError(
      "PUSH_NO_KEY",
      `no key for ${of}: the push is ciphered (${envelopeName(apdu)}) and was not opened; enter the encryption key (GUEK), ` +
        "and the authentication key (GAK) where the operator gave one",
      {
        details: {
          ...(stated.length > 0 && { systemTitle: toHex(stated) }),
          ...(peer !== undefined && { sender: peer }),
        },
      },
    );
  }
  const title = stated.length > 0 ? stated : keys.systemTitle;
  if (title !== undefined) return { keys, title };
  throw new DlmsSecurityError(
    "SEC_SYSTEM_TITLE",
    `push of ${of}: it carries no system title, which is needed for opening it; set the meter's system title beside its keys`,
  );
}

interface ChosenKey {
  readonly key: Uint8Array;
  readonly keySet: PushKeySet;
  readonly role: KeyRole;
  readonly isOneTime: boolean;
}

function chooseKey(
  apdu: Ciphered,
  control: SecurityControl,
  suite: SecuritySuite,
  keys: OpeningKeys,
  title: Uint8Array,
): ChosenKey {
  if (control.broadcast) return named(keys.broadcastKey, "global broadcast", "broadcast", title);
  if (apdu.apdu === "general-ciphering") {
    const isBroadcast = apdu.keyInfo?.kind === "identified-key" && apdu.keyInfo.keyId === 1;
    if (isBroadcast) return named(keys.broadcastKey, "global broadcast", "broadcast", title);
    const { key, role } = new ReceivedMessageKeys(keys, suite, keys).of(apdu, apdu.keyInfo);
    if (key === undefined) return named(keys.encryptionKey, "global unicast", "global", title);
    return { key, keySet: role === "wrapped" ? "wrapped" : "agreed", role, isOneTime: true };
  }
  const isDedicated =
    apdu.apdu === "general-ded-ciphering" ||
    (apdu.apdu === "service-ciphered" && cipheredTag(apdu.tag)?.keySet === "dedicated");
  return isDedicated
    ? named(keys.dedicatedKey, "dedicated", "dedicated", title)
    : named(keys.encryptionKey, "global unicast", "global", title);
}

const keyWords = {
  "global unicast": "global encryption key (GUEK)",
  "global broadcast": "global broadcast encryption key (GBEK)",
  dedicated: "dedicated key of the session",
  wrapped: "wrapped key",
  agreed: "agreed key",
} as const satisfies Record<PushKeySet, string>;

function named(key: Uint8Array | undefined, keySet: PushKeySet, role: KeyRole, title: Uint8Array): ChosenKey {
  if (key !== undefined) return { key, keySet, role, isOneTime: false };
  throw noKey(keyWords[keySet], title, "");
}

function noKey(what: string, title: Uint8Array, more: string): DlmsPushError {
  return new DlmsPushError(
    "PUSH_NO_KEY",
    `no key for system title ${toHex(title)}: the push needs the ${what}${more}`,
    {
      details: { systemTitle: toHex(title) },
    },
  );
}

function canVerify(keys: OpeningKeys, title: Uint8Array, context: OpenContext, notes: string[]): boolean {
  if (keys.authenticationKey !== undefined) return true;
  if (context.withoutAuthenticationKey === "refuse") {
    const more =
      " to verify its tag, and only the encryption key is known; enter it, or accept pushes that are not verified";
    throw noKey("authentication key (GAK)", title, more);
  }
  notes.push("the authentication tag was not verified, because the authentication key (GAK) is not known");
  return false;
}

interface Opening {
  readonly apdu: Ciphered;
  readonly content: Uint8Array;
  readonly key: Uint8Array;
  readonly keys: OpeningKeys;
  readonly title: Uint8Array;
  readonly suite: SecuritySuite;
  readonly control: SecurityControl;
  readonly role: KeyRole;
}

function decipher({ apdu, content, key, keys, title, suite, control, role }: Opening): Uint8Array {
  requireLength(key, suite, role);
  const authenticationKey = keys.authenticationKey ?? nothing;
  if (control.authenticated) requireLength(authenticationKey, suite, "authentication");
  const symmetric = { encryptionKey: key, authenticationKey, broadcastKey: key };
  const extraAad = apdu.apdu === "general-ciphering" ? headerBytes(apdu) : nothing;
  return unprotect({ content, keys: symmetric, systemTitle: title, keyRole: role, what: "push", extraAad }).plaintext;
}

/** Without the authentication key: the tag is cut off, and what is encrypted is opened. */
function decipherUnverified(opening: Opening): Uint8Array {
  const { content, control } = opening;
  const end = content.length - tagLength;
  if (end < securityHeaderLength) throw wrongKey(opening.title);
  if (!control.encrypted) return content.subarray(securityHeaderLength, end);
  const bare = content.slice(0, end);
  bare[0] = control.byte & ~0x10;
  return decipher({ ...opening, content: bare, control: { ...control, byte: bare[0], authenticated: false } });
}

function requireLength(key: Uint8Array, suite: SecuritySuite, role: string): void {
  if (key.length === keyLengths[suite]) return;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `push: the ${role} key has ${key.length} bytes, but security suite ${suite} of the push needs ${keyLengths[suite]}`,
    { layer: "security" },
  );
}

/** What came out must be a push. Without a tag nothing else tells a wrong key. */
function checkPlain(
  apdu: Ciphered,
  plain: Uint8Array,
  control: SecurityControl,
  verified: boolean,
  title: Uint8Array,
): void {
  if (apdu.apdu === "service-ciphered" && plain[0] !== cipheredTag(apdu.tag)?.tag) {
    if (!verified) throw wrongKey(title);
    throw new DlmsSecurityError("SEC_TAG", `push: ${envelopeName(apdu)} with another service inside; it was refused`);
  }
  if (!verified && control.encrypted && !plausible.has(plain[0] ?? 0)) throw wrongKey(title);
}

export function wrongKey(title: Uint8Array): DlmsSecurityError {
  return new DlmsSecurityError(
    "SEC_TAG",
    `wrong key: what the push of system title ${toHex(title)} gives under the encryption key (GUEK) is no APDU; ` +
      "check the key. If it is right, the bytes were changed on the way",
    { details: { systemTitle: toHex(title), keyRole: "global" } },
  );
}

function envelopeName(apdu: Ciphered): string {
  return apdu.apdu === "service-ciphered" ? (apduName(apdu.tag) ?? "ciphered") : apdu.apdu;
}
