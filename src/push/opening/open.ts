/** Deciphers a push layer by layer. Nothing is returned before its tag is verified. */
import { type Apdu, apduName, cipheredTag, parseApdu } from "../../apdu";
import { toHex } from "../../bytes";
import { DlmsConfigError, DlmsPushError, DlmsSecurityError, isDlmsError } from "../../errors";
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
import type { CounterPolicy, PushCounters } from "./counters";
import type { FoundKeys, KeyRing, OpeningKeys } from "./keys";
import type { TitleText, TitleTexts } from "./title-text";

export type PushKeySet = "global unicast" | "global broadcast" | "dedicated" | "wrapped" | "agreed";

/** How a push was protected, and which checks were made. */
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
  /** counters that were skipped since the last push of this meter */
  readonly gap: number;
  /** the same push was received before */
  readonly repeated: boolean;
}

export interface Opened {
  readonly plain: Uint8Array;
  readonly security: PushSecurity | null;
  readonly systemTitle: Uint8Array | null;
  /** the text of the system title; null if absent */
  readonly title: TitleText | null;
  readonly notes: readonly string[];
}

/** The settings of a meter for deciphering its pushes. */
export interface OpenSettings {
  /** system title of a meter that does not send it */
  readonly systemTitle: Uint8Array | undefined;
  readonly counters: CounterPolicy;
  readonly withoutAuthenticationKey: "refuse" | "mark";
}

export interface OpenContext {
  readonly keys: KeyRing;
  readonly counters: PushCounters;
  readonly meters: { find(systemTitle: Uint8Array | null, peer: string | undefined): OpenSettings };
  readonly titles: TitleTexts;
  readonly peer: string | undefined;
  readonly now: number | undefined;
  /** the push is inside another one whose tag and counter were checked: its own counter may be lower */
  readonly isInside: boolean;
}

type Ciphered = Extract<
  Apdu,
  { apdu: "service-ciphered" | "general-glo-ciphering" | "general-ded-ciphering" | "general-ciphering" }
>;

/** First bytes of valid pushed content: APDUs, and "/" of a text telegram. */
const plausible = new Set([0x0f, 0xc2, 0x18, 0xdb, 0xdc, 0xdd, 0xe0, 0x2f]);
/** Tags of notifications, which are pushed under a service-specific ciphering. */
const notificationTags = new Set([0xc2, 0x18]);
const nothing = new Uint8Array(0);

/**
 * @param parsed the APDU in the bytes, if it was parsed before
 * @throws DlmsError for a push that is refused
 */
export function openPush(bytes: Uint8Array, context: OpenContext, parsed?: Apdu): Opened {
  if (!isCipheredTag(bytes[0])) return unciphered(bytes, context);
  const apdu = parsed ?? parseApdu(bytes);
  return isCiphered(apdu) ? openEnvelope(apdu, context) : unciphered(bytes, context);
}

/**
 * Accepts a push or a text that is not ciphered. Any sender could have sent it, so a note is added if its sender has
 * keys.
 */
export function unciphered(plain: Uint8Array, { keys, peer }: Pick<OpenContext, "keys" | "peer">): Opened {
  const notes = keys.find(nothing, peer) === undefined ? [] : [plainNote];
  return { plain, security: null, systemTitle: null, title: null, notes };
}

const plainNote = "the push is not ciphered, although keys are known for its sender: nothing proves who sent it";

function openEnvelope(apdu: Ciphered, context: OpenContext): Opened {
  const { content } = apdu;
  const { control, invocationCounter } = readSecurityHeader(content);
  const suite = requireSupported(control.byte, "push");
  const { found, title, settings } = findKeys(apdu, context);
  const envelope = { apdu, content, control, suite, title, settings };
  const titleText = context.titles.of(title);
  const opened =
    found.trial === undefined ? openWith(envelope, found.keys) : openByTrial(envelope, found.trial, context.keys);
  const { plain, chosen, verified, notes } = opened;
  const { keySet, key, isOneTime } = chosen;
  const checked = verified
    ? context.counters.check(
        { systemTitle: title, titleKey: titleText.key, keySet, key, counter: invocationCounter, content, isOneTime },
        context.isInside ? "off" : settings.counters,
        context.now,
      )
    : unchecked;
  const bareNotes = control.authenticated || context.isInside ? [] : checkBare(envelope, opened, context.counters);
  const { encrypted, authenticated } = control;
  const security = {
    control: control.byte.toString(16).padStart(2, "0"),
    suite: control.suite,
    encrypted,
    authenticated,
    verified,
    keySet,
    invocationCounter,
    gap: checked.gap,
    repeated: checked.repeated,
  };
  const allNotes = notes.concat(checked.notes, bareNotes);
  return { plain, security, systemTitle: title, title: titleText, notes: allNotes };
}

const unchecked = { gap: 0, repeated: false, notes: [] } as const;

interface Envelope {
  readonly apdu: Ciphered;
  readonly content: Uint8Array;
  readonly control: SecurityControl;
  readonly suite: SecuritySuite;
  readonly title: Uint8Array;
  readonly settings: OpenSettings;
}

interface OpenedEnvelope {
  readonly plain: Uint8Array;
  readonly chosen: ChosenKey;
  readonly authenticationKey: Uint8Array | undefined;
  readonly verified: boolean;
  readonly notes: readonly string[];
}

function openWith(envelope: Envelope, keys: OpeningKeys): OpenedEnvelope {
  const { apdu, content, control, suite, title, settings } = envelope;
  const chosen = chooseKey(apdu, control, suite, keys, title);
  const notes: string[] = [];
  const verified = control.authenticated && canVerify(keys, envelope, notes);
  const { key, role } = chosen;
  const opening = { apdu, content, control, suite, title, settings, keys, key, role };
  const plain = verified || !control.authenticated ? decipher(opening) : decipherUnverified(opening);
  checkPlain(apdu, plain, control, verified, title);
  return { plain, chosen, verified, notes, authenticationKey: keys.authenticationKey };
}

/**
 * Checks a push without a tag, from a meter whose authentication key is known. Encryption alone proves nothing: an
 * attacker who has recorded an authenticated push can remove its tag and change bits of its values.
 * @throws DlmsSecurityError SEC_POLICY if the tag of an earlier push of the meter was verified
 */
function checkBare(
  { title, settings, control }: Envelope,
  { chosen, authenticationKey }: OpenedEnvelope,
  counters: PushCounters,
): readonly string[] {
  if (authenticationKey === undefined) return [];
  const isDowngrade = counters.isKnown(title, chosen.key, chosen.isOneTime);
  if (isDowngrade && settings.withoutAuthenticationKey === "refuse") {
    throw new DlmsSecurityError(
      "SEC_POLICY",
      `push of system title ${toHex(title)}: it has no authentication tag, but earlier pushes of this meter had one; it was ` +
        "refused, because it may be a changed copy. If the meter sends both, accept pushes that are not verified",
      {
        details: {
          systemTitle: toHex(title),
          required: "authenticated",
          received: toHex(Uint8Array.of(control.byte)),
        },
      },
    );
  }
  const earlier = isDowngrade ? ", unlike earlier pushes of this meter" : "";
  return [`the push has no authentication tag${earlier}: nothing proves that its values were not changed on the way`];
}

/** Tries keys without a system title: the tag decides, and without a tag the first key that yields an APDU. */
function openByTrial(envelope: Envelope, sets: readonly OpeningKeys[], ring: KeyRing): OpenedEnvelope {
  const { control, title } = envelope;
  for (const keys of sets) {
    const opened = tried(envelope, keys);
    if (opened === undefined) continue;
    ring.remember(title, keys);
    const how = control.authenticated ? "its tag is right" : "no tag proves it";
    const note = `the keys of system title ${toHex(title)} were found by trying (${how}): enter it beside its keys`;
    return { ...opened, notes: [...opened.notes, note] };
  }
  throw new DlmsPushError(
    "PUSH_NO_KEY",
    `no key for system title ${toHex(title)}: none of ${sets.length} key sets without a system title opens its push; ` +
      "enter the keys of this meter",
    { details: { systemTitle: toHex(title), tried: sets.length } },
  );
}

function tried(envelope: Envelope, keys: OpeningKeys): OpenedEnvelope | undefined {
  if (envelope.control.authenticated && keys.authenticationKey === undefined) return undefined;
  try {
    const opened = openWith(envelope, keys);
    return opened.verified || isWhole(opened.plain) ? opened : undefined;
  } catch (error) {
    // Another meter's keys: their length, their role or their tag does not fit.
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}

/** One APDU, or a text from "/" to "!". */
function isWhole(plain: Uint8Array): boolean {
  if (plain[0] === 0x2f) return plain.every((byte) => byte < 0x80) && plain.includes(0x21);
  parseApdu(plain);
  return true;
}

/** Whether an APDU with this tag is ciphered. */
export function isCipheredTag(tag: number | undefined): boolean {
  return tag !== undefined && ((tag >= 0xdb && tag <= 0xdd) || cipheredTag(tag) !== undefined);
}

export function isCiphered(apdu: Apdu): apdu is Ciphered {
  if (apdu.apdu === "service-ciphered") return notificationTags.has(cipheredTag(apdu.tag)?.tag ?? 0);
  return (
    apdu.apdu === "general-glo-ciphering" || apdu.apdu === "general-ded-ciphering" || apdu.apdu === "general-ciphering"
  );
}

interface FoundFor {
  readonly found: FoundKeys;
  readonly title: Uint8Array;
  readonly settings: OpenSettings;
}

function findKeys(apdu: Ciphered, { keys: ring, meters, titles, peer }: OpenContext): FoundFor {
  const stated = statedTitle(apdu);
  const settings = meters.find(stated.length === 0 ? null : stated, peer);
  const known = stated.length === 0 ? (settings.systemTitle ?? stated) : stated;
  const titleKey = titles.of(known).key;
  const found = ring.find(known, peer, titleKey);
  const of = known.length === 0 ? (peer ?? "a meter that sends no system title") : `system title ${titleKey}`;
  if (found === undefined) {
    throw new DlmsPushError(
      "PUSH_NO_KEY",
      `no key for ${of}: the push is ciphered (${envelopeName(apdu)}) and was not opened; enter the encryption key (GUEK), ` +
        "and the authentication key (GAK) where the operator gave one",
      {
        details: {
          ...(known.length > 0 && { systemTitle: titleKey }),
          ...(peer !== undefined && { sender: peer }),
        },
      },
    );
  }
  const title = known.length > 0 ? known : found.trial === undefined ? found.keys.systemTitle : undefined;
  if (title !== undefined) return { found, title, settings };
  throw new DlmsSecurityError(
    "SEC_SYSTEM_TITLE",
    `push of ${of}: it carries no system title, which is needed for opening it; set the meter's system title beside its keys`,
  );
}

/** The system title in the push; empty if it has none. */
export function statedTitle(apdu: Ciphered): Uint8Array {
  if (apdu.apdu === "service-ciphered") return nothing;
  const stated = apdu.apdu === "general-ciphering" ? apdu.originatorSystemTitle : apdu.systemTitle;
  if (stated.length === 0 || stated.length === 8) return stated;
  throw new DlmsSecurityError("SEC_SYSTEM_TITLE", `push: its system title has ${stated.length} bytes, expected 8`);
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

function noKey(keyName: string, title: Uint8Array, more: string): DlmsPushError {
  return new DlmsPushError(
    "PUSH_NO_KEY",
    `no key for system title ${toHex(title)}: the push needs the ${keyName}${more}`,
    {
      details: { systemTitle: toHex(title) },
    },
  );
}

function canVerify(keys: OpeningKeys, { title, settings }: Envelope, notes: string[]): boolean {
  if (keys.authenticationKey !== undefined) return true;
  if (settings.withoutAuthenticationKey === "refuse") {
    const more =
      " to verify its tag, and only the encryption key is known; enter it, or accept pushes that are not verified";
    throw noKey("authentication key (GAK)", title, more);
  }
  notes.push("the authentication tag was not verified, because the authentication key (GAK) is not known");
  return false;
}

interface Opening extends Envelope {
  readonly key: Uint8Array;
  readonly keys: OpeningKeys;
  readonly role: KeyRole;
}

function decipher({ apdu, content, key, keys, title, suite, control, role }: Opening): Uint8Array {
  requireLength(key, suite, role);
  const authenticationKey = keys.authenticationKey ?? nothing;
  if (control.authenticated) requireLength(authenticationKey, suite, "authentication");
  const symmetric = { encryptionKey: key, authenticationKey, broadcastKey: key };
  const extraAad = apdu.apdu === "general-ciphering" ? headerBytes(apdu) : nothing;
  return unprotect({ content, keys: symmetric, systemTitle: title, keyRole: role, apduName: "push", extraAad })
    .plaintext;
}

/** Without the authentication key: cuts off the tag and decrypts the content. */
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

/** The deciphered content must be a push. Without a tag, nothing else reveals a wrong key. */
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
