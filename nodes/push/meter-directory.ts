// Finds the known meter that sent a push: by system title, by sender, or because it is the only one.
import { DlmsConfigError, type PushKeys, toHex } from "../../src/index";
import type { KnownMeter } from "./known-meter";

/** The meters of a source: those of its table, and those of its key file. */
export class MeterDirectory {
  readonly #byTitle = new Map<string, KnownMeter>();
  readonly #byName = new Map<string, KnownMeter>();
  readonly #byPeer = new Map<string, KnownMeter>();
  readonly #only: KnownMeter | undefined;
  readonly all: readonly KnownMeter[];

  /** @throws DlmsConfigError CONFIG_INVALID for two meters with one title or sender */
  constructor(meters: readonly KnownMeter[]) {
    this.all = meters;
    for (const meter of meters) {
      if (meter.name !== "") this.#byName.set(meter.name, meter);
      if (meter.systemTitle !== "") add(this.#byTitle, meter.systemTitle, meter, "system title");
      if (meter.peer !== "") add(this.#byPeer, meter.peer, meter, "sender");
    }
    const [first, second] = meters;
    this.#only = second === undefined ? first : undefined;
  }

  /**
   * @param title 16 hex digits; "" where the push carries none
   * @param peer address with port, or the topic of a message
   */
  find(title: string, peer: string | undefined): KnownMeter | undefined {
    const titled = title === "" ? undefined : this.#byTitle.get(title.toUpperCase());
    if (titled !== undefined) return titled;
    const sent = this.#fromPeer(peer);
    if (sent !== undefined && fits(sent, title)) return sent;
    return this.#only !== undefined && this.#only.peer === "" && fits(this.#only, title) ? this.#only : undefined;
  }

  /** The one name of a meter that is given by its name, system title or sender; undefined for a meter without a row. */
  called(id: string): string | undefined {
    const meter = this.#byName.get(id) ?? this.#byTitle.get(id.toUpperCase()) ?? this.#byPeer.get(id);
    return meter === undefined ? undefined : meter.name || meter.systemTitle || meter.peer;
  }

  keys(title: Uint8Array, peer: string | undefined): PushKeys | undefined {
    return this.find(toHex(title), peer)?.keys;
  }

  #fromPeer(peer: string | undefined): KnownMeter | undefined {
    if (peer === undefined) return undefined;
    return this.#byPeer.get(peer) ?? this.#byPeer.get(peer.replace(/:\d+$/, ""));
  }
}

/** A meter with a configured title does not accept pushes with another title. */
const fits = ({ systemTitle }: KnownMeter, title: string): boolean =>
  systemTitle === "" || title === "" || systemTitle === title.toUpperCase();

function add(to: Map<string, KnownMeter>, key: string, meter: KnownMeter, property: string): void {
  if (to.has(key)) {
    throw new DlmsConfigError("CONFIG_INVALID", `meters: two meters have the ${property} ${key}; remove one of them`, {
      details: { property: "meters" },
    });
  }
  to.set(key, meter);
}
