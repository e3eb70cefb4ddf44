/** Receives the pushes and problems of all connections of a listener, counts them and passes them to the user. */
import type { DlmsError, ErrorCode } from "../errors";
import { callSafely } from "../errors/boundary";
import { type Push, type PushDecoderOptions, PushDecoder, PushDecoderParts, type PushFraming } from "../push";
import { ListenerHub } from "./event-hub";
import type { PushListenerEvents } from "./events";
import { type ListenerFacts, PushRate, UnknownTitles } from "./facts";
import type { NoiseHint } from "./noise";
import type { ListenSettings } from "./options";
import { ProblemGate } from "./problem-gate";
import { PushQueue } from "./push-queue";
import { type HeardMeter, SilenceWatch } from "./silence";

export class Intake {
  readonly settings: ListenSettings;
  readonly hub: ListenerHub<PushListenerEvents>;
  readonly unknown = new UnknownTitles();
  readonly rate: PushRate;
  readonly silence: SilenceWatch;
  readonly refused: Partial<Record<ErrorCode, number>> = {};
  readonly dropped = { messages: 0, queue: 0, connections: 0 };
  bytes = 0;
  units = 0;
  pushes = 0;
  repeated = 0;
  /** bytes of unfinished pushes of all connections */
  unfinished = 0;
  framing: PushFraming | null = null;
  lastPushAt: number | undefined;
  hint: NoiseHint | null = null;
  readonly #parts: PushDecoderParts;
  readonly #gate: ProblemGate;
  readonly #queues = new Set<PushQueue>();

  constructor(settings: ListenSettings) {
    this.settings = settings;
    this.#parts = new PushDecoderParts(settings.decoder);
    const { clock } = settings;
    this.hub = new ListenerHub((event, error) => {
      this.listenerFailed(event, error);
    });
    this.#gate = new ProblemGate(clock, (problem) => {
      this.hub.emit("problem", problem);
    });
    this.rate = new PushRate(clock.now());
    this.silence = new SilenceWatch(settings.silenceAfterMs, clock.now(), (error) => {
      const { sender } = error.details;
      // each silent meter is reported
      this.problem(error, null, typeof sender === "string" ? sender : null);
    });
  }

  decoder(options: Pick<PushDecoderOptions, "peer" | "onProblem">): PushDecoder {
    return new PushDecoder({ ...this.settings.decoder, ...options }, this.#parts);
  }

  push(push: Push): void {
    const { clock } = this.settings;
    this.pushes++;
    this.framing = push.link.framing;
    this.lastPushAt = clock.wallTime();
    this.hint = null;
    this.rate.add(clock.now());
    if (push.systemTitle !== null) {
      if (push.kind === "raw") this.unknown.add(push.systemTitle, clock.wallTime());
      else this.unknown.remove(push.systemTitle);
    }
    this.silence.heard(meterOf(push), clock.now());
    this.hub.emit("push", push);
    for (const queue of this.#queues) queue.add(push);
  }

  problem(error: DlmsError, peer: string | null, address: string | null): void {
    this.refused[error.code] = (this.refused[error.code] ?? 0) + 1;
    const { systemTitle } = error.details;
    if (error.is("PUSH_NO_KEY") && typeof systemTitle === "string") {
      this.unknown.add(systemTitle.toUpperCase(), this.settings.clock.wallTime());
    }
    this.#gate.add(error, peer, address);
  }

  facts(place: Pick<ListenerFacts, "state" | "connections" | "line">): ListenerFacts {
    const { bytes, units, pushes, repeated, refused, dropped, framing, lastPushAt, hint, unknown, rate, silence } =
      this;
    return {
      ...place,
      ...{ bytes, units, pushes, repeated, framing, hint },
      refused: { ...refused },
      dropped: { ...dropped },
      meters: silence.meters,
      unknown: unknown.list(),
      perSecond: rate.perSecond(this.settings.clock.now()),
      lastPushAt: lastPushAt === undefined ? null : new Date(lastPushAt).toISOString(),
    };
  }

  iterate(): PushQueue {
    const queue = new PushQueue(
      this.settings.limits.queue,
      () => this.dropped.queue++,
      (left) => this.#queues.delete(left),
    );
    this.#queues.add(queue);
    return queue;
  }

  sweep(): void {
    this.silence.sweep(this.settings.clock.now());
    this.#gate.sweep();
  }

  listenerFailed(event: string, error: unknown): void {
    this.#log(`push listener: a listener of "${event}" failed: ${messageOf(error)}`);
  }

  /** Ends the intake: reports suppressed problems, ends iterators and writes the counters. Never rejects. */
  async finish(): Promise<void> {
    this.#gate.end();
    for (const queue of this.#queues) queue.end();
    this.#queues.clear();
    try {
      await this.settings.decoder.receivedCounters?.flush?.();
    } catch (error) {
      this.#log(`push listener: the received counters were not written: ${messageOf(error)}`);
    }
  }

  #log(text: string): void {
    const { logger } = this.settings;
    const warn = (): void => {
      process.emitWarning(text, { type: "DlmsWarning" });
    };
    if (logger === undefined) warn();
    else callSafely(() => logger.error(text), warn);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A meter is known by its title, not by its address; without a title by its number, then by its host: ports change. */
function meterOf({ systemTitle, meterId, link }: Push): HeardMeter {
  if (systemTitle !== null) return { text: `system title ${systemTitle}`, details: { systemTitle } };
  if (meterId !== null) return { text: `meter ${meterId}`, details: { sender: meterId } };
  const host = link.peer?.replace(/:\d+$/, "") ?? "meter";
  const text = `${host}${link.source === null ? "" : `, address ${link.source}`}`;
  return { text, details: { sender: host } };
}
