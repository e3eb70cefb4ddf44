// Decoders by topic: the pieces of one reader do not mix with those of another.
import { type DlmsError, DlmsPushError, type Push, type PushDecoder } from "../../src/index";

/** Maximum number of topics with a decoder; beyond it the least recently used decoder is dropped. */
export const maxTopics = 256;

export interface Decoded {
  readonly pushes: readonly Push[];
  readonly problems: readonly DlmsError[];
  /** The payload contains no meter data. */
  readonly passedOver: boolean;
}

interface Entry {
  readonly decoder: PushDecoder;
  problems: DlmsError[];
}

export class TopicDecoders {
  readonly #make: (topic: string, onProblem: (problem: DlmsError) => void) => PushDecoder;
  readonly #entries = new Map<string, Entry>();

  constructor(make: (topic: string, onProblem: (problem: DlmsError) => void) => PushDecoder) {
    this.#make = make;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @param now ms since 1970 */
  add(topic: string, payload: Uint8Array | string, now: number): Decoded {
    const entry = this.#entry(topic);
    const before = entry.decoder.facts.bytes;
    const pushes = entry.decoder.addPayload(payload, now);
    return { pushes, problems: taken(entry), passedOver: entry.decoder.facts.bytes === before };
  }

  /** Drops unfinished pieces that are too old, and returns the results by topic. */
  tick(now: number): [topic: string, decoded: Decoded][] {
    return [...this.#entries].map(([topic, entry]) => {
      const pushes = entry.decoder.tick(now);
      return [topic, { pushes, problems: taken(entry), passedOver: false }];
    });
  }

  #entry(topic: string): Entry {
    const known = this.#entries.get(topic);
    this.#entries.delete(topic);
    const entry = known ?? this.#made(topic);
    this.#entries.set(topic, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > maxTopics && oldest !== undefined) this.#drop(oldest, entry);
    return entry;
  }

  /** @param told the topic that needs the place, with whose results the loss is reported */
  #drop(topic: string, told: Entry): void {
    const bytes = this.#entries.get(topic)?.decoder.progress.unfinishedBytes ?? 0;
    this.#entries.delete(topic);
    if (bytes === 0) return;
    const text = `more than ${maxTopics} topics: ${bytes} bytes of an unfinished push of topic ${topic} were dropped; use a dlms-decode node for fewer topics`;
    told.problems.push(new DlmsPushError("PUSH_LIMIT", text, { details: { limit: maxTopics, sender: topic } }));
  }

  #made(topic: string): Entry {
    const entry: Entry = { problems: [], decoder: this.#make(topic, (problem) => entry.problems.push(problem)) };
    return entry;
  }
}

function taken(entry: Entry): DlmsError[] {
  const { problems } = entry;
  entry.problems = [];
  return problems;
}
