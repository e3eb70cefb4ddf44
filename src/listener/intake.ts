/** Where all connections of a listener hand on their pushes and problems; counts them and gives them to the user. */
import type { DlmsError, ErrorCode } from "../errors";
import { type Push, type PushDecoderOptions, PushDecoder, PushDecoderParts, type PushFraming } from "../push";
import { ListenerHub } from "./event-hub";
import { PushRate, UnknownTitles } from "./facts";
import type { NoiseHint } from "./noise";
import type { ListenSettings } from "./options";
import { ProblemGate } from "./problem-gate";
import { PushQueue } from "./push-queue";
import { SilenceWatch } from "./silence";

export class Intake {
  readonly settings: ListenSettings;
  readonly hub: ListenerHub;
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
    const { clock, logger } = settings;
    this.hub = new ListenerHub((event, error) => {
      const text = `push listener: a listener of "${event}" failed: ${error instanceof Error ? error.message : String(error)}`;
      if (logger === undefined) process.emitWarning(text, { type: "DlmsWarning" });
      else logger.error(text);
    });
    this.#gate = new ProblemGate(clock, (problem) => {
      this.hub.emit("problem", problem);
    });
    this.rate = new PushRate(clock.now());
    this.silence = new SilenceWatch(settings.silenceAfterMs, clock.now(), (error) => {
      this.problem(error, null, null);
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
    if (push.systemTitle !== null) this.unknown.remove(push.systemTitle);
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

  end(): void {
    this.#gate.end();
    for (const queue of this.#queues) queue.end();
    this.#queues.clear();
  }
}

/** A meter is known by its title, not by its address; without a title by its number, then by the peer. */
function meterOf({ systemTitle, meterId, link }: Push): string {
  if (systemTitle !== null) return `system title ${systemTitle}`;
  if (meterId !== null) return `meter ${meterId}`;
  return `${link.peer ?? "meter"}${link.source === null ? "" : `, address ${link.source}`}`;
}
