// A deployed push source: its keys, its names, its counters, and later its place of listening.
import {
  type Clock,
  type DlmsError,
  type Push,
  PushDecoder,
  type PushDecoderOptions,
  type ReceivedCounterStore,
} from "../../src/index";
import { KeyFile } from "./key-file";
import type { KnownMeter } from "./known-meter";
import { MeterDirectory } from "./meter-directory";
import { decoderOptionsOf, type PushSourceSettings } from "./source-settings";

export interface PushSourceParts {
  readonly label: string;
  readonly settings: PushSourceSettings;
  readonly clock: Clock;
  /** invocation counters of earlier pushes, kept in the user directory */
  readonly counters: ReceivedCounterStore;
  /** the value of an environment variable */
  readonly variable: (name: string) => string | undefined;
  /** is told of problems that belong to no push */
  readonly onProblem: (problem: DlmsError) => void;
}

export class PushSource {
  readonly label: string;
  readonly settings: PushSourceSettings;
  readonly #parts: PushSourceParts;
  readonly #file: KeyFile | undefined;
  #directory: MeterDirectory;
  #fileMeters: readonly KnownMeter[] = [];

  /** @throws DlmsConfigError */
  constructor(parts: PushSourceParts) {
    const { label, settings, clock, variable, onProblem } = parts;
    this.label = label;
    this.settings = settings;
    this.#parts = parts;
    const path = settings.keyFile;
    this.#file = path === "" ? undefined : new KeyFile({ path, clock, variable, onProblem });
    this.#fileMeters = this.#file?.meters ?? [];
    this.#directory = new MeterDirectory([...settings.meters, ...this.#fileMeters]);
    // a wrong list id, for example, is told at the deploy
    new PushDecoder(this.#decoderOptions());
  }

  /** Resolves when the counters of earlier runs are read. */
  async ready(): Promise<void> {
    if (this.settings.counters === "off") return;
    await this.#parts.counters.ready?.();
  }

  /** Writes the counters. Never rejects: a failed write is told by the next start. */
  async close(): Promise<void> {
    await this.#parts.counters.flush?.().catch(() => undefined);
  }

  /** A decoder for one stream of bytes. @param peer address of the sender, or the topic of its messages */
  decoder(peer: string | undefined, onProblem: (problem: DlmsError) => void): PushDecoder {
    return new PushDecoder({ ...this.#decoderOptions(), ...(peer !== undefined && { peer }), onProblem });
  }

  /** The meter that a push comes from; undefined where none of the source's meters fits. */
  meterOf({ systemTitle, link }: Push): KnownMeter | undefined {
    return this.#current().find(systemTitle ?? "", link.peer ?? undefined);
  }

  #decoderOptions(): PushDecoderOptions {
    return {
      ...decoderOptionsOf(this.settings, this.#directory.all),
      keys: (title, from) => this.#current().keys(title, from),
      receivedCounters: this.#parts.counters,
    };
  }

  /** The meters with those of the key file as it is now. */
  #current(): MeterDirectory {
    const meters = this.#file?.meters ?? this.#fileMeters;
    if (meters !== this.#fileMeters) {
      this.#fileMeters = meters;
      this.#directory = new MeterDirectory([...this.settings.meters, ...meters]);
    }
    return this.#directory;
  }
}
