/** The events of a client, and the hub that delivers them to listeners. */
import type { Apdu } from "../../apdu/model";
import type { DlmsError } from "../../errors";
import { callSafely } from "../../errors/boundary";

export type ClientState = "idle" | "connecting" | "open" | "reconnecting" | "closing" | "closed";

/**
 * `idle`: not connected, will connect on the next request. `reconnecting`: the last attempt failed, and another follows
 * automatically in `nextTryInMs`, or is in progress.
 */
export interface StateEvent {
  readonly state: ClientState;
  readonly previous: ClientState;
  /** why the client left the state before */
  readonly error?: DlmsError;
  /** ms until the next attempt; absent if none is planned */
  readonly nextTryInMs?: number;
  /** a secret was refused, or may have been: for some minutes nothing more is sent */
  readonly refused?: true;
  /** a secret was sent and got no answer: some meters refuse a wrong secret silently */
  readonly doubtful?: true;
}

export interface NotificationEvent {
  readonly apdu: Apdu;
  readonly raw: Uint8Array;
}

/** Traffic on the line, in order. Secrets are masked in the displayed form. */
export type TraceEvent =
  | {
      readonly kind: "bytes";
      /** ISO, UTC */
      readonly time: string;
      readonly direction: "out" | "in";
      /** a frame of the link, or the APDU that its frames carry */
      readonly layer: "link" | "apdu";
      readonly link: "wrapper" | "hdlc" | "hdlc-mode-e";
      /** in bytes */
      readonly length: number;
      /** As they passed, nothing masked. Not enumerable, so that no log or message gets them by accident. */
      readonly bytes: Uint8Array;
      /** `**` for each masked byte */
      readonly hex: string;
      /** a readable tree */
      readonly decoded: string;
    }
  | { readonly kind: "note"; readonly time: string; readonly text: string };

export interface RetryEvent {
  /** the repeated request: "read 1-0:1.8.0*255/2" */
  readonly what: string;
  readonly error: DlmsError;
}

export interface ClientEvents {
  readonly state: StateEvent;
  readonly notification: NotificationEvent;
  readonly trace: TraceEvent;
  readonly retry: RetryEvent;
}

export type Unsubscribe = () => void;

/** Listeners by event. An exception or rejection of a listener is reported and changes nothing else. */
export class EventHub {
  readonly #listeners = new Map<keyof ClientEvents, Set<(event: never) => void>>();
  readonly #onThrow: (event: string, error: unknown) => void;

  constructor(onThrow: (event: string, error: unknown) => void) {
    this.#onThrow = onThrow;
  }

  on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void): Unsubscribe {
    let set = this.#listeners.get(event);
    if (set === undefined) this.#listeners.set(event, (set = new Set()));
    // one entry per call, so that each unsubscribe removes one registration of a function registered twice
    const failed = (error: unknown): void => {
      this.#onThrow(event, error);
    };
    const entry = (value: ClientEvents[E]): void => {
      callSafely(() => listener(value), failed);
    };
    set.add(entry);
    return () => {
      set.delete(entry);
    };
  }

  /** Whether there is a listener; costly events are created only then. */
  has(event: keyof ClientEvents): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  emit<E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void {
    const set = this.#listeners.get(event);
    if (set === undefined || set.size === 0) return;
    for (const listener of [...set]) (listener as (event: ClientEvents[E]) => void)(value);
  }
}
