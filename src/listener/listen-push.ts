/** Listens for pushes of meters: on a port, on a serial line, or at a gateway. */
import type { TimerHandle } from "../clock";
import type { Push } from "../push";
import type { ListenState, ListenStateEvent, PushListenerEvents } from "./events";
import type { ListenerFacts } from "./facts";
import { Intake } from "./intake";
import { LineSource } from "./line-source";
import { type ListenPushOptions, resolveListenOptions } from "./options";
import type { Source } from "./source";
import { TcpSource } from "./tcp-source";
import { UdpSource } from "./udp-source";

/** ms between two checks for expired items, for all connections together. */
const sweepMs = 1000;

/**
 * Pushes as they arrive: `for await (const push of listener)`, or `listener.on("push", ...)`. An iterator holds a bounded
 * number of pushes; the oldest go, and `facts.dropped.queue` counts them.
 */
export interface PushListener extends AsyncIterable<Push>, AsyncDisposable {
  /** for messages: "tcp 127.0.0.1:4059" */
  readonly endpoint: string;
  /** address to which meters send; null for a serial line and for a gateway */
  readonly address: { readonly host: string; readonly port: number } | null;
  readonly facts: ListenerFacts;
  /**
   * Adds a listener and returns a function that removes it. Errors that it throws go to the logger, or become a warning
   * of the process.
   */
  on<E extends keyof PushListenerEvents>(event: E, listener: (event: PushListenerEvents[E]) => void): () => void;
  /** Frees the port at once. Received bytes are still decoded and reported. Idempotent, never rejects. */
  close(): Promise<void>;
}

/**
 * Starts to listen. Rejects if a port cannot be opened. A serial line or a gateway that does not open is retried with
 * exponential back-off until `close`; the event "state" reports it.
 * @throws DlmsConfigError for the options; DlmsConnectionError CONN_PORT_BUSY, CONN_PORT_FORBIDDEN
 */
export async function listenPush(options: ListenPushOptions): Promise<PushListener> {
  const settings = resolveListenOptions(options);
  await settings.decoder.receivedCounters?.ready?.();
  const listener = new Listener(new Intake(settings));
  await listener.open();
  return listener;
}

class Listener implements PushListener {
  readonly #intake: Intake;
  #source: Source | undefined;
  #state: ListenState = "opening";
  #timer: TimerHandle | undefined;
  #closing: Promise<void> | undefined;

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  async open(): Promise<void> {
    const { transport } = this.#intake.settings;
    if ("open" in transport || transport.kind === "tcp" || transport.kind === "tls" || transport.kind === "serial") {
      const line = new LineSource(this.#intake, transport, (event) => {
        this.#became(event);
      });
      this.#source = line;
      await line.open();
    } else if (transport.kind === "tcp-server") {
      this.#source = await TcpSource.listen(this.#intake, transport);
      this.#became({ state: "listening" });
    } else {
      this.#source = await UdpSource.listen(this.#intake, transport);
      this.#became({ state: "listening" });
    }
    this.#planSweep();
  }

  get endpoint(): string {
    return this.#source?.endpoint ?? "";
  }

  get address(): { readonly host: string; readonly port: number } | null {
    return this.#source?.address ?? null;
  }

  get facts(): ListenerFacts {
    const { connections = 0, line = null } = this.#source ?? {};
    return this.#intake.facts({ state: this.#state, connections, line });
  }

  on<E extends keyof PushListenerEvents>(event: E, listener: (event: PushListenerEvents[E]) => void): () => void {
    return this.#intake.hub.on(event, listener);
  }

  [Symbol.asyncIterator](): AsyncIterator<Push> {
    const queue = this.#intake.iterate();
    if (this.#closing !== undefined) queue.end();
    return queue;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#intake.settings.clock.clearTimeout(this.#timer);
    await this.#source?.close();
    this.#became({ state: "closed" });
    await this.#intake.finish();
  }

  #became(event: ListenStateEvent): void {
    this.#state = event.state;
    this.#intake.hub.emit("state", event);
  }

  #planSweep(): void {
    if (this.#closing !== undefined) return;
    const { clock } = this.#intake.settings;
    this.#timer = clock.setTimeout(() => {
      this.#planSweep();
      this.#source?.sweep();
      this.#intake.sweep();
    }, sweepMs);
  }
}
