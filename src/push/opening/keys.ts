/** The keys of meters that push: finds the key for a message. */
import { type BytesLike } from "../../inspect";
import { fromHex, toHex } from "../../bytes";
import { DlmsConfigError } from "../../errors";
import { asked } from "./asked";

/** The keys of a meter that pushes: bytes, or hex as issued by the operator. */
export interface PushKeys {
  /** global unicast encryption key: GUEK, EK, "GPK60" */
  readonly encryptionKey?: BytesLike | undefined;
  /** global authentication key: GAK, AK, "GPK61"; without it no tag can be verified */
  readonly authenticationKey?: BytesLike | undefined;
  /** global broadcast encryption key */
  readonly broadcastKey?: BytesLike | undefined;
  /** dedicated key, for general-ded-ciphering */
  readonly dedicatedKey?: BytesLike | undefined;
  /** master key (KEK), for wrapped keys */
  readonly masterKey?: BytesLike | undefined;
  /** own private agreement key, for agreed keys */
  readonly agreementKey?: Uint8Array | string | undefined;
  readonly meterSigningCertificate?: Uint8Array | string | undefined;
  readonly meterAgreementCertificate?: Uint8Array | string | undefined;
  /** system title of the meter that has these keys, also used for messages without one */
  readonly systemTitle?: BytesLike | undefined;
  /** the other end of the connection, for a meter identified by its address */
  readonly peer?: string | undefined;
}

/**
 * Source of keys: one set, several, or a function called with the title of the message (empty if it has none) and the
 * peer of the connection. Among several, the system title decides, then the peer, then the only set that names neither.
 * Arrays and sets are read once.
 */
export type PushKeySource =
  | PushKeys
  | readonly PushKeys[]
  | ((systemTitle: Uint8Array, peer: string | undefined) => PushKeys | readonly PushKeys[] | undefined);

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
  readonly peer: string | undefined;
}

/** Limit of key sets without a system title that are tried for one push. */
export const maxTriedKeys = 16;
/** Limit of system titles whose keys were found by trial. */
const maxFound = 4096;

/** The keys for a push, or several sets of which the tag decides. */
export type FoundKeys =
  { readonly keys: OpeningKeys; readonly trial?: undefined } | { readonly trial: readonly OpeningKeys[] };

export class KeyRing {
  readonly #source: PushKeySource | undefined;
  readonly #tries: boolean;
  /** key sets are the same objects for every push */
  readonly #kept = new WeakMap<PushKeys, OpeningKeys>();
  readonly #found = new Map<string, OpeningKeys>();
  readonly #list: KeyList | undefined;

  /**
   * @param tries whether key sets without a system title are tried for unknown titles
   * @throws DlmsConfigError CONFIG_INVALID for keys that are not bytes
   */
  constructor(source: PushKeySource | undefined, tries = false) {
    this.#source = source;
    this.#tries = tries;
    if (source !== undefined && typeof source !== "function") this.#list = this.#listOf(source);
  }

  /**
   * The keys for a push: those of its system title, of its peer, or of the only meter; otherwise the sets to try.
   * @param title empty if the push has none
   * @param titleKey the title in lower-case hex
   * @returns undefined if there are none
   */
  find(title: Uint8Array, peer: string | undefined, titleKey = toHex(title)): FoundKeys | undefined {
    const source = this.#source;
    let list = this.#list;
    if (typeof source === "function") {
      const answer = asked("keys", () => source(title, peer));
      if (answer === undefined) return undefined;
      if (!isList(answer)) return { keys: this.#bytes(answer) };
      list = this.#listOf(answer);
    }
    if (list === undefined) return undefined;
    const keys = lookUp(list, titleKey, peer);
    if (keys !== undefined) return { keys };
    const trial = this.#tries && title.length > 0 ? this.#candidates(list, title) : [];
    return trial.length > 0 ? { trial } : undefined;
  }

  /** The trial has found the keys of a title. */
  remember(title: Uint8Array, keys: OpeningKeys): void {
    const [oldest] = this.#found.keys();
    if (oldest !== undefined && this.#found.size >= maxFound) this.#found.delete(oldest);
    this.#found.set(toHex(title), keys);
  }

  #candidates({ untitled }: KeyList, title: Uint8Array): readonly OpeningKeys[] {
    const candidates = untitled.slice(0, maxTriedKeys);
    const found = this.#found.get(toHex(title));
    return found === undefined ? candidates : [found, ...candidates.filter((each) => each !== found)];
  }

  #listOf(source: PushKeys | readonly PushKeys[]): KeyList {
    const all = (isList(source) ? source : [source]).map((each) => this.#bytes(each));
    const untitled = all.filter(({ systemTitle }) => systemTitle === undefined);
    const byTitle = new Map<string, OpeningKeys>();
    for (const keys of all) if (keys.systemTitle !== undefined) byTitle.set(toHex(keys.systemTitle), keys);
    return { all, untitled, byTitle };
  }

  #bytes(keys: PushKeys): OpeningKeys {
    const kept = this.#kept.get(keys);
    if (kept !== undefined) return kept;
    const made = openingKeys(keys);
    this.#kept.set(keys, made);
    return made;
  }
}

interface KeyList {
  readonly all: readonly OpeningKeys[];
  readonly untitled: readonly OpeningKeys[];
  readonly byTitle: ReadonlyMap<string, OpeningKeys>;
}

function lookUp(
  { all, untitled, byTitle }: KeyList,
  titleKey: string,
  peer: string | undefined,
): OpeningKeys | undefined {
  const isNameless = titleKey === "";
  const own = isNameless ? undefined : byTitle.get(titleKey);
  if (own !== undefined) return own;
  const ofPeer = peer === undefined ? undefined : (isNameless ? all : untitled).find((each) => each.peer === peer);
  if (ofPeer !== undefined) return ofPeer;
  const [only, ...others] = isNameless ? all : untitled.filter((each) => each.peer === undefined);
  return others.length === 0 ? only : undefined;
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
    peer: keys.peer,
  };
}

/** No message contains the text of a key. */
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
