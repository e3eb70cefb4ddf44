/** Opens ciphered requests and seals the answers of a simulated meter, invocation counters included. */
import { type Apdu, encodeApdu, type GeneralCiphering } from "../../apdu";
import { cipheredTag, dedTag, gloTag } from "../../apdu/tags";
import { isDlmsError } from "../../errors";
import {
  isWeakerThan,
  KeySet,
  protect,
  type RandomSource,
  type SecurityPolicy,
  type SecuritySuite,
  securityControlByte,
  unprotect,
} from "../../security";
import type { SimulatedAssociation } from "../definition/definition";
import { GeneralProtection } from "./general-protection";
import { serviceErrorCode } from "../../apdu/results";

/** The envelope of a request; its answer uses the same one. */
export type Envelope = "plain" | "glo" | "ded" | "general-glo" | "general-ded" | "general";

/** A deciphered request, or the service error that rejects it. */
export type Opened =
  | { readonly ok: true; readonly plain: Uint8Array; readonly envelope: Envelope }
  | { readonly ok: false; readonly serviceError: number; readonly invocationCounter?: number };

/** Invocation counters of the meter; they outlive associations. */
export interface CounterKeeper {
  /** last counter accepted from this account, -1 = none */
  lastCounter(account: SimulatedAssociation): number;
  accept(account: SimulatedAssociation, counter: number): void;
  /** the counter for the next APDU that the meter protects */
  nextCounter(): number;
}

export interface ProtectionOptions {
  readonly account: SimulatedAssociation;
  readonly serverTitle: Uint8Array;
  readonly clientTitle: Uint8Array;
  readonly counters: CounterKeeper;
  readonly random: RandomSource;
}

/** The most bytes that an envelope adds to an APDU; "general" carries a public key and a signature on P-384. */
const overheads = {
  plain: 0,
  glo: 22,
  ded: 22,
  "general-glo": 31,
  "general-ded": 31,
  general: 250,
} as const satisfies Record<Envelope, number>;

export function envelopeOverhead(envelope: Envelope): number {
  return overheads[envelope];
}

function envelopeOf(apdu: Apdu): Envelope {
  if (apdu.apdu === "service-ciphered") return cipheredTag(apdu.tag)?.keySet === "dedicated" ? "ded" : "glo";
  if (apdu.apdu === "general-glo-ciphering") return "general-glo";
  if (apdu.apdu === "general-ciphering") return "general";
  return apdu.apdu === "general-ded-ciphering" ? "general-ded" : "plain";
}

/** Whether an APDU uses a protection that this meter supports. */
export function isProtected(apdu: Apdu): boolean {
  return envelopeOf(apdu) !== "plain";
}

/** Deciphers the requests and protects the answers of one association, under the policy of its account. */
export class MeterProtection {
  readonly #options: ProtectionOptions;
  readonly #suite: SecuritySuite;
  readonly #policy: SecurityPolicy;
  readonly #global: KeySet;
  /** general-ciphering and general-signing */
  readonly general: GeneralProtection;
  #dedicated: { readonly keys: KeySet; last: number } | undefined;

  /** @throws DlmsConfigError when the keys of the account have the wrong length for its suite */
  constructor(options: ProtectionOptions) {
    this.#options = options;
    const { suite = 0, policy = "none", encryptionKey, authenticationKey } = options.account;
    this.#suite = suite;
    this.#policy = policy;
    const none = new Uint8Array(0);
    this.#global = new KeySet(suite, {
      encryptionKey: encryptionKey ?? none,
      authenticationKey: authenticationKey ?? none,
    });
    this.general = new GeneralProtection({ ...options, keys: this.#global });
  }

  useDedicatedKey(key: Uint8Array): void {
    this.#dedicated = { keys: this.#global.withEncryptionKey(key), last: -1 };
  }

  /** Deciphers a request. The counter advances only after the tag has been verified. */
  open(apdu: Apdu): Opened {
    const envelope = envelopeOf(apdu);
    if (!("content" in apdu) || envelope === "plain")
      return { ok: false, serviceError: serviceErrorCode["deciphering-error"] };
    if (apdu.apdu === "general-ciphering") return this.#openGenerally(apdu);
    const dedicated = envelope === "ded" || envelope === "general-ded";
    const keys = dedicated ? this.#dedicated?.keys : this.#global;
    const titled = "systemTitle" in apdu && apdu.systemTitle.length === 8 ? apdu.systemTitle : undefined;
    if (keys === undefined) return { ok: false, serviceError: serviceErrorCode["deciphering-error"] };
    try {
      const systemTitle = titled ?? this.#options.clientTitle;
      const opened = unprotect({ content: apdu.content, keys, suite: this.#suite, systemTitle });
      if (isWeakerThan(opened.securityControl, this.#policy)) {
        return { ok: false, serviceError: serviceErrorCode["operation-not-possible"] };
      }
      const refused = this.#count(dedicated, opened.invocationCounter);
      return refused ?? { ok: true, plain: opened.plaintext, envelope };
    } catch (error) {
      if (isDlmsError(error)) return { ok: false, serviceError: serviceErrorCode["deciphering-error"] };
      throw error;
    }
  }

  #openGenerally(apdu: GeneralCiphering): Opened {
    try {
      const { plain, securityControl, invocationCounter, lasting } = this.general.open(apdu);
      if (isWeakerThan(securityControl, this.#policy)) {
        return { ok: false, serviceError: serviceErrorCode["operation-not-possible"] };
      }
      const refused = lasting ? this.#count(false, invocationCounter) : undefined;
      return refused ?? { ok: true, plain, envelope: "general" };
    } catch (error) {
      if (isDlmsError(error)) return { ok: false, serviceError: serviceErrorCode["deciphering-error"] };
      throw error;
    }
  }

  /** Protects an answer in the envelope of its request. */
  seal(plain: Uint8Array, envelope: Envelope): Uint8Array {
    if (envelope === "plain") return plain;
    if (envelope === "general") return this.general.seal(plain, this.#options.counters.nextCounter());
    const dedicated = envelope === "ded" || envelope === "general-ded";
    const keys = dedicated ? (this.#dedicated?.keys ?? this.#global) : this.#global;
    const policy = this.#policy === "none" ? "authenticated-encrypted" : this.#policy;
    const content = protect({
      plaintext: plain,
      keys,
      suite: this.#suite,
      systemTitle: this.#options.serverTitle,
      securityControl: securityControlByte(this.#suite, policy),
      invocationCounter: this.#options.counters.nextCounter(),
    });
    const general = this.#general(envelope);
    const tag = (dedicated ? dedTag : gloTag)(plain[0] ?? 0);
    if (general === undefined && tag !== undefined) return encodeApdu({ apdu: "service-ciphered", tag, content });
    const apdu = general ?? "general-glo-ciphering";
    return encodeApdu({ apdu, systemTitle: this.#options.serverTitle, content });
  }

  #general(envelope: Envelope): "general-glo-ciphering" | "general-ded-ciphering" | undefined {
    if (envelope === "general-glo") return "general-glo-ciphering";
    return envelope === "general-ded" ? "general-ded-ciphering" : undefined;
  }

  #count(dedicated: boolean, counter: number): Opened | undefined {
    const { account, counters } = this.#options;
    const last = dedicated ? (this.#dedicated?.last ?? -1) : counters.lastCounter(account);
    if (counter <= last) {
      const invocationCounter = last + 1;
      return { ok: false, serviceError: serviceErrorCode["invocation-counter-error"], invocationCounter };
    }
    if (dedicated && this.#dedicated !== undefined) this.#dedicated.last = counter;
    else counters.accept(account, counter);
    return undefined;
  }
}
