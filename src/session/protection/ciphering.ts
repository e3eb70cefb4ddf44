/** The ciphering of one association: protects requests and deciphers answers. */
import { type Apdu, apduName, cipheredTag, dedTag, encodeApdu, gloTag } from "../../apdu";
import type { GeneralCiphering, GeneralSigning } from "../../apdu/model";
import { bytesEqual, toHex } from "../../bytes";
import { DlmsConfigError, DlmsSecurityError } from "../../errors";
import type { ReceivedCounters, SecurityPolicy } from "../../security";
import {
  checkSystemTitle,
  headerBytes,
  type KeyRole,
  KeySet,
  keyLengths,
  protect,
  type RandomSource,
  readSecurityHeader,
  requirePolicy,
  securityControlByte,
  unprotect,
} from "../../security";
import { keysMissing } from "../steps/errors";
import { makeHeader, MessageKeys } from "./message-keys";
import { MessageSigning } from "./message-signing";
import type { Operation } from "../steps/operation";
import { defaultMaxCounterJump, type SessionSecurity } from "../steps/options";
import { raiseStep, reserveStep } from "../steps/steps";

/** An envelope around a ciphered APDU. */
export type Protected = Extract<
  Apdu,
  { apdu: "service-ciphered" | "general-glo-ciphering" | "general-ded-ciphering" | "general-ciphering" }
>;

/**
 * An initiate request with a dedicated key is authenticated and encrypted, whatever the policy (IEC 62056-5-3,
 * COSEM-OPEN): under "authenticated" alone the key would be readable on the line.
 */
const carriesKey: SecurityPolicy = "authenticated-encrypted";

/** Whether an APDU is an envelope around a ciphered one. */
export function isProtected(apdu: Apdu): apdu is Protected {
  return (
    apdu.apdu === "service-ciphered" ||
    apdu.apdu === "general-glo-ciphering" ||
    apdu.apdu === "general-ded-ciphering" ||
    apdu.apdu === "general-ciphering"
  );
}

/** Protects requests and opens answers, under the keys of one association. */
export class Ciphering {
  readonly security: SessionSecurity;
  readonly clientTitle: Uint8Array;
  readonly #keys: KeySet;
  readonly #received: ReceivedCounters;
  #meterTitle: Uint8Array | undefined;
  #dedicatedKeys: KeySet | undefined;
  #dedicatedInUse = false;
  readonly #messageKeys: MessageKeys | undefined;
  readonly #signing: MessageSigning | undefined;
  #transaction: string | undefined;
  #lastSent = -1;
  #resynchronised = false;

  constructor(
    security: SessionSecurity,
    clientTitle: Uint8Array | undefined,
    received: ReceivedCounters,
    random: RandomSource,
  ) {
    this.security = security;
    this.clientTitle = checkSystemTitle(clientTitle, "the client's");
    this.#keys = new KeySet(security.suite, security.keys);
    this.#received = received;
    received.begin();
    const { generalCiphering, generalSigning, suite } = security;
    if (generalCiphering !== undefined) {
      this.#messageKeys = new MessageKeys(generalCiphering, suite, this.#keys, random);
      this.#messageKeys.check();
    }
    if (generalSigning !== undefined) this.#signing = new MessageSigning(generalSigning, suite, random);
  }

  /** Whether the association uses the ciphered application context. */
  get active(): boolean {
    return this.security.policy !== "none";
  }

  /** Whether an answer has to be signed. */
  get signatureRequired(): boolean {
    return this.#signing?.required === true;
  }

  get keys(): KeySet {
    return this.#keys;
  }

  get meterTitle(): Uint8Array | undefined {
    return this.#meterTitle;
  }

  /** @throws DlmsSecurityError SEC_SYSTEM_TITLE unless it has 8 bytes */
  setMeterTitle(title: Uint8Array): void {
    this.#meterTitle = Uint8Array.from(checkSystemTitle(title, "the meter's"));
  }

  /** A fresh dedicated key, to be transported in the initiate request. */
  makeDedicatedKey(random: RandomSource): Uint8Array {
    const length = keyLengths[this.security.suite];
    const key = random(length);
    if (key.length !== length) {
      throw new DlmsConfigError("CONFIG_INVALID", `random source: expected ${length} bytes, got ${key.length}`, {
        fault: "internal",
      });
    }
    this.#dedicatedKeys = this.#keys.withEncryptionKey(key);
    this.#received.forget("dedicated");
    return key;
  }

  /** Switches to the dedicated key, if there is one. */
  useDedicatedKey(): void {
    this.#dedicatedInUse = this.#dedicatedKeys !== undefined;
  }

  /** Bytes that the envelopes add to a plain APDU of some length. */
  overhead(plainLength: number): number {
    return (this.active ? this.#cipherOverhead(plainLength) : 0) + (this.#signing?.overhead ?? 0);
  }

  #cipherOverhead(plainLength: number): number {
    const authenticated = this.security.policy !== "encrypted";
    const header = 5 + (authenticated ? 12 : 0);
    const content = plainLength + header;
    const messageKeys = this.#messageKeys;
    // three fields of eight bytes, two empty ones, key-info
    if (messageKeys !== undefined) return 1 + 27 + 2 + 1 + messageKeys.keyInfoLength + lengthSize(content) + header;
    const title = this.security.general === true ? 9 : 0;
    return 1 + lengthSize(content) + title + header;
  }

  /**
   * An APDU in the envelope that the options ask for, with a fresh counter.
   * @param key the initiate and the release are always under the global key and the tag of the service
   */
  *protect(plain: Uint8Array, key: "association" | "global" = "association"): Operation<Uint8Array> {
    if (key === "association" && this.#messageKeys !== undefined) {
      return yield* this.#protectGenerally(this.#messageKeys, plain);
    }
    const { suite } = this.security;
    const policy = key === "global" && this.#dedicatedKeys !== undefined ? carriesKey : this.security.policy;
    const dedicated = key === "association" ? this.#dedicatedKeys : undefined;
    const keys = this.#dedicatedInUse && dedicated !== undefined ? dedicated : this.#keys;
    const isDedicated = keys === dedicated;
    const invocationCounter = yield* reserveStep(1);
    this.#lastSent = invocationCounter;
    const content = protect({
      plaintext: plain,
      keys,
      suite,
      systemTitle: this.clientTitle,
      securityControl: securityControlByte(suite, policy),
      invocationCounter,
      keyRole: isDedicated ? "dedicated" : "global",
    });
    const general = key === "association" && this.security.general === true;
    const plainTag = plain[0] ?? 0;
    const tag = general ? undefined : isDedicated ? dedTag(plainTag) : gloTag(plainTag);
    if (tag !== undefined) return encodeApdu({ apdu: "service-ciphered", tag, content });
    return encodeApdu({
      apdu: isDedicated ? "general-ded-ciphering" : "general-glo-ciphering",
      systemTitle: this.clientTitle,
      content,
    });
  }

  /** A request in the form that is sent: ciphered by the policy, and signed if the options require it. */
  seal(plain: Uint8Array): Operation<Uint8Array> {
    return this.#signing === undefined && this.active ? this.protect(plain) : this.#sealSigned(plain);
  }

  *#sealSigned(plain: Uint8Array): Operation<Uint8Array> {
    const content = this.active ? yield* this.protect(plain) : plain;
    return this.#signing?.sign(content, this.clientTitle, this.#meterTitle) ?? content;
  }

  /**
   * The APDU inside general-signing: still ciphered, or plain.
   * @throws DlmsSecurityError SEC_TAG, SEC_REPLAY, SEC_KEY_MISSING, SEC_SYSTEM_TITLE
   */
  openSigned(envelope: GeneralSigning): Uint8Array {
    if (this.#signing === undefined) {
      throw new DlmsSecurityError(
        "SEC_KEY_MISSING",
        "the meter signed its message (general-signing), but no signing key and certificate are configured for messages",
        { details: { keyRole: "signing" } },
      );
    }
    this.#checkedOriginator(envelope.originatorSystemTitle);
    this.#checkRecipient(envelope.recipientSystemTitle);
    const content = this.#signing.open(envelope);
    if (!isNotificationTag(content[0])) this.#signing.checkTransaction(envelope, this.active);
    return content;
  }

  /**
   * The APDU inside an envelope. The tag is checked before the counter's mark moves.
   * @throws DlmsSecurityError SEC_TAG, SEC_REPLAY, SEC_POLICY, SEC_KEY_MISSING, SEC_SYSTEM_TITLE
   */
  open(envelope: Protected): Uint8Array {
    if (envelope.apdu === "general-ciphering") return this.#openGenerally(envelope);
    const role = this.#roleOf(envelope);
    const keys = role === "dedicated" ? this.#dedicatedKeys : this.#keys;
    if (keys === undefined) {
      throw new DlmsSecurityError(
        "SEC_KEY_MISSING",
        "the meter used a dedicated key, but none was agreed in this association",
        { details: { keyRole: "dedicated" } },
      );
    }
    const { content } = envelope;
    const systemTitle = this.#senderTitle(envelope);
    const { control, securityControl, invocationCounter } = readSecurityHeader(content);
    const counterRole = control.broadcast ? "broadcast" : role;
    // a dedicated key ends with its association, and so do its counters
    const lasting = control.broadcast ? keys.broadcastKey : role === "dedicated" ? undefined : keys.encryptionKey;
    requirePolicy(securityControl, this.security.policy, "ciphered APDU");
    try {
      this.#received.check(systemTitle, counterRole, invocationCounter, lasting, content);
    } catch (error) {
      const first = this.#received.isFirst(systemTitle, counterRole, lasting);
      if (!first || !(error instanceof DlmsSecurityError)) throw error;
      throw this.#isGenuine({ content, keys, systemTitle, keyRole: role }) ? counterRestarted(error) : error;
    }
    // this runs for every answer: object spread for the input, or a callback, costs more than the cipher itself
    const { plaintext } = unprotect({ content, keys, systemTitle, suite: this.security.suite, keyRole: role });
    requireMatchingTag(envelope, plaintext);
    const push = isNotificationTag(plaintext[0]) ? content : undefined;
    this.#received.commit(systemTitle, counterRole, invocationCounter, lasting, push);
    return plaintext;
  }

  /** Whether an APDU that was refused for its counter is a push. No counter moves. */
  isReplayedPush(envelope: Protected): boolean {
    const { suite } = this.security;
    try {
      return isNotificationTag(unprotect({ ...this.#messageOf(envelope), suite }).plaintext[0]);
    } catch (error) {
      if (error instanceof DlmsSecurityError) return false;
      throw error;
    }
  }

  #messageOf(envelope: Protected): Omit<Parameters<typeof unprotect>[0], "suite"> {
    const { content } = envelope;
    if (envelope.apdu !== "general-ciphering") {
      const role = this.#roleOf(envelope);
      const keys = role === "dedicated" ? this.#dedicatedKeys : this.#keys;
      return { content, keys: keys ?? this.#keys, systemTitle: this.#senderTitle(envelope), keyRole: role };
    }
    if (this.#messageKeys === undefined) throw keysMissing("general-ciphering");
    const { keys, role } = this.#messageKeys.ofReceived(envelope, envelope.keyInfo);
    const systemTitle = this.#checkedOriginator(envelope.originatorSystemTitle);
    return { content, keys, systemTitle, keyRole: role, extraAad: headerBytes(envelope) };
  }

  #isGenuine(message: Omit<Parameters<typeof unprotect>[0], "suite">): boolean {
    try {
      unprotect({ ...message, suite: this.security.suite });
      return true;
    } catch (error) {
      if (error instanceof DlmsSecurityError) return false;
      throw error;
    }
  }

  *#protectGenerally(messageKeys: MessageKeys, plaintext: Uint8Array): Operation<Uint8Array> {
    const invocationCounter = yield* reserveStep(1);
    this.#lastSent = invocationCounter;
    const header = makeHeader(invocationCounter, this.clientTitle, checkSystemTitle(this.#meterTitle, "the meter's"));
    this.#transaction = toHex(header.transactionId);
    const { keys, role, keyInfo } = messageKeys.toSend(header);
    const { suite, policy } = this.security;
    const content = protect({
      plaintext,
      keys,
      suite,
      systemTitle: this.clientTitle,
      securityControl: securityControlByte(suite, policy),
      invocationCounter,
      keyRole: role,
      extraAad: headerBytes(header),
    });
    return encodeApdu({ apdu: "general-ciphering", ...header, keyInfo, content });
  }

  #openGenerally(envelope: GeneralCiphering): Uint8Array {
    if (this.#messageKeys === undefined) throw keysMissing("general-ciphering");
    const systemTitle = this.#checkedOriginator(envelope.originatorSystemTitle);
    this.#checkRecipient(envelope.recipientSystemTitle);
    const { content } = envelope;
    const { securityControl, invocationCounter } = readSecurityHeader(content);
    requirePolicy(securityControl, this.security.policy, "ciphered APDU");
    const { keys, role } = this.#messageKeys.ofReceived(envelope, envelope.keyInfo);
    const transaction = toHex(envelope.transactionId);
    // the meter may start the counter of a message key anywhere: the transaction makes the key unique
    const own = role === "wrapped" || role === "agreed";
    const counterRole = own ? `${role} ${transaction}` : role;
    const lasting = own ? undefined : keys.encryptionKey;
    this.#received.check(systemTitle, counterRole, invocationCounter, lasting, content);
    const { suite } = this.security;
    const extraAad = headerBytes(envelope);
    const { plaintext } = unprotect({ content, keys, systemTitle, suite, keyRole: role, extraAad });
    if (own && !isNotificationTag(plaintext[0])) this.#checkTransaction(transaction);
    const push = isNotificationTag(plaintext[0]) ? content : undefined;
    this.#received.commit(systemTitle, counterRole, invocationCounter, lasting, push);
    return plaintext;
  }

  #checkRecipient(title: Uint8Array): void {
    if (title.length === 0 || bytesEqual(title, this.clientTitle)) return;
    throw new DlmsSecurityError(
      "SEC_SYSTEM_TITLE",
      `the meter's message is for system title ${toHex(title)}, ours is ${toHex(this.clientTitle)}; it was refused`,
      { details: { expected: toHex(this.clientTitle), received: toHex(title) } },
    );
  }

  #checkTransaction(transaction: string): void {
    if (transaction === this.#transaction) return;
    throw new DlmsSecurityError(
      "SEC_REPLAY",
      `the answer belongs to transaction ${transaction}, the request was ${this.#transaction ?? "none"}; it was refused`,
      { details: { expected: this.#transaction, received: transaction } },
    );
  }

  #roleOf(envelope: Protected): KeyRole {
    if (envelope.apdu === "general-ded-ciphering") return "dedicated";
    if (envelope.apdu === "service-ciphered" && cipheredTag(envelope.tag)?.keySet === "dedicated") return "dedicated";
    return "global";
  }

  #senderTitle(envelope: Exclude<Protected, { apdu: "general-ciphering" }>): Uint8Array {
    const stated = envelope.apdu === "service-ciphered" ? nothing : envelope.systemTitle;
    return this.#checkedOriginator(stated);
  }

  /** The title in an envelope; an empty one stands for the title of the association. */
  #checkedOriginator(stated: Uint8Array): Uint8Array {
    const own = this.#meterTitle;
    if (stated.length === 0) return checkSystemTitle(own, "the meter's");
    if (own === undefined || bytesEqual(own, stated)) return stated;
    throw new DlmsSecurityError(
      "SEC_SYSTEM_TITLE",
      `expected an answer from system title ${toHex(own)}, got one from ${toHex(stated)}; it was refused`,
      { details: { expected: toHex(own), received: toHex(stated) } },
    );
  }

  /** Whether the sent counter already satisfies the one that the meter expects: then it refused an older message. */
  isPast(expected: number | undefined): boolean {
    return expected !== undefined && expected <= this.#lastSent;
  }

  /**
   * The meter refused our counter and reports the expected one: follows once per association, upwards only and
   * within the configured limit, because the plain exception-response can be forged.
   * @throws DlmsSecurityError SEC_COUNTER_REJECTED when it must not be followed
   */
  *resynchronise(expected: number | undefined): Operation<void> {
    const sent = this.#lastSent;
    const jump = this.security.maxCounterJump ?? defaultMaxCounterJump;
    const refuse = (problem: string): DlmsSecurityError =>
      new DlmsSecurityError(
        "SEC_COUNTER_REJECTED",
        `the meter refused invocation counter ${sent}${expected === undefined ? "" : ` and expects ${expected}`}; ${problem}`,
        { details: { sent, ...(expected === undefined ? {} : { expected }), maxCounterJump: jump } },
      );
    if (expected === undefined) throw refuse("it did not say which one it expects: read the counter from the meter");
    if (this.#resynchronised) throw refuse("the counter was already set once in this association");
    if (expected <= sent) throw refuse("a counter never goes back: check the system title and whose counter is stored");
    if (expected - sent > jump) {
      throw refuse(`this is more than the allowed jump of ${jump}: read the counter from the meter`);
    }
    this.#resynchronised = true;
    yield* raiseStep(expected);
  }
}

/** The first message of an association has a lower counter, and its tag is right. */
function counterRestarted(replay: DlmsSecurityError): DlmsSecurityError {
  return new DlmsSecurityError(
    "SEC_REPLAY",
    `the meter's invocation counter went back: ${replay.message}. This is the first message of an association, and its tag is right: ` +
      "if the meter restarts its own counter with each association, set the quirk meterCounterRestarts",
    { details: { ...replay.details, restarted: true } },
  );
}

/** The tag of a service-specific envelope is not authenticated, but has to match the APDU inside; errors excepted. */
function requireMatchingTag(envelope: Protected, plaintext: Uint8Array): void {
  if (envelope.apdu !== "service-ciphered") return;
  const inner = plaintext[0];
  const expected = cipheredTag(envelope.tag)?.tag;
  if (inner === expected || inner === confirmedServiceErrorTag || inner === exceptionResponseTag) return;
  throw new DlmsSecurityError(
    "SEC_TAG",
    `the meter sent ${apduName(envelope.tag) ?? "an envelope"} with another service inside; it was refused`,
    { details: { expected, received: inner } },
  );
}

/** data-notification, event-notification, information-report */
export const isNotificationTag = (tag: number | undefined): boolean => tag === 0x0f || tag === 0xc2 || tag === 0x18;

const nothing = new Uint8Array(0);
const confirmedServiceErrorTag = 0x0e;
const exceptionResponseTag = 0xd8;

function lengthSize(length: number): number {
  if (length < 0x80) return 1;
  return length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}
