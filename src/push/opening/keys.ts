/** The keys of meters that push: where the one that a message needs comes from. */
import { type BytesLike } from "../../inspect";
import { bytesEqual, fromHex, toHex } from "../../bytes";
import { DlmsConfigError } from "../../errors";

/** The keys of a meter that pushes: bytes, or hex as it was handed out by the operator. */
export interface PushKeys {
  /** global unicast encryption key: GUEK, EK, "GPK60" */
  readonly encryptionKey?: BytesLike | undefined;
  /** global authentication key: GAK, AK, "GPK61"; without it no tag can be verified */
  readonly authenticationKey?: BytesLike | undefined;
  /** global broadcast encryption key */
  readonly broadcastKey?: BytesLike | undefined;
  /** dedicated key, for general-ded-ciphering */
  readonly dedicatedKey?: BytesLike | undefined;
  /** master key (KEK), for keys that come wrapped */
  readonly masterKey?: BytesLike | undefined;
  /** own private agreement key, for agreed keys */
  readonly agreementKey?: Uint8Array | string | undefined;
  readonly meterSigningCertificate?: Uint8Array | string | undefined;
  readonly meterAgreementCertificate?: Uint8Array | string | undefined;
  /** the meter's system title: whose keys these are, and the title of messages that carry none */
  readonly systemTitle?: BytesLike | undefined;
}

/**
 * Where keys come from: one set, several with their system titles, or a function that is asked with the title of the
 * message (empty where it carries none) and the peer of the connection.
 */
export type PushKeySource =
  PushKeys | readonly PushKeys[] | ((systemTitle: Uint8Array, peer: string | undefined) => PushKeys | undefined);

/** Keys as bytes. */
export interface OpeningKeys {
  readonly encryptionKey: Uint8Array | undefined;
  readonly authenticationKey: Uint8Array | undefined;
  readonly broadcastKey: Uint8Array | undefined;
  readonly dedicatedKey: Uint8Array | undefined;
  readonly masterKey: Uint8Array | undefined;
  readonly agreementKey: Uint8Array | string | undefined;
  readonly meterSigningCertificate: Uint8Array | string | undefined;
  readonly meterAgreementCertificate: Uint8Array | string | undefined;
  readonly systemTitle: Uint8Array | undefined;
}

/** Key sets that were turned into bytes are kept: they are the same objects for every push. */
const maxKept = 4096;

export class KeyRing {
  readonly #source: PushKeySource | undefined;
  readonly #kept = new Map<PushKeys, OpeningKeys>();

  constructor(source: PushKeySource | undefined) {
    this.#source = source;
  }

  /** The keys for a message; undefined where there are none for its sender. */
  find(title: Uint8Array, peer: string | undefined): OpeningKeys | undefined {
    const source = this.#source;
    if (source === undefined) return undefined;
    if (typeof source === "function") return this.#bytes(source(title, peer));
    const sets = isList(source) ? source : [source];
    if (title.length === 0) return sets.length === 1 ? this.#bytes(sets[0]) : undefined;
    let nameless: PushKeys | undefined;
    for (const set of sets) {
      const own = this.#bytes(set)?.systemTitle;
      if (own === undefined) nameless ??= set;
      else if (bytesEqual(own, title)) return this.#bytes(set);
    }
    return this.#bytes(nameless);
  }

  #bytes(keys: PushKeys | undefined): OpeningKeys | undefined {
    if (keys === undefined) return undefined;
    const kept = this.#kept.get(keys);
    if (kept !== undefined) return kept;
    const made = openingKeys(keys);
    if (this.#kept.size >= maxKept) this.#kept.clear();
    this.#kept.set(keys, made);
    return made;
  }
}

const isList = (source: PushKeys | readonly PushKeys[]): source is readonly PushKeys[] => Array.isArray(source);

function openingKeys(keys: PushKeys): OpeningKeys {
  const systemTitle = bytesOf(keys.systemTitle, "systemTitle");
  if (systemTitle !== undefined && systemTitle.length !== 8) {
    throw new DlmsConfigError("CONFIG_INVALID", `keys.systemTitle: expected 8 bytes, got ${toHex(systemTitle)}`);
  }
  return {
    encryptionKey: bytesOf(keys.encryptionKey, "encryptionKey"),
    authenticationKey: bytesOf(keys.authenticationKey, "authenticationKey"),
    broadcastKey: bytesOf(keys.broadcastKey, "broadcastKey"),
    dedicatedKey: bytesOf(keys.dedicatedKey, "dedicatedKey"),
    masterKey: bytesOf(keys.masterKey, "masterKey"),
    agreementKey: keys.agreementKey,
    meterSigningCertificate: keys.meterSigningCertificate,
    meterAgreementCertificate: keys.meterAgreementCertificate,
    systemTitle,
  };
}

/** The text of a key stands in no message. */
function bytesOf(value: BytesLike | undefined, name: string): Uint8Array | undefined {
  if (value === undefined || value.length === 0) return undefined;
  if (typeof value !== "string") return Uint8Array.from(value);
  try {
    return fromHex(value);
  } catch {
    // The error of fromHex quotes a character of the key.
    throw new DlmsConfigError("CONFIG_INVALID", `keys.${name}: expected bytes, or an even number of hex digits`);
  }
}
