/** A connection of a connection test or an address search: opened step by step, closed in any case. */
import type { Apdu } from "../../apdu/model";
import { onAbort, settledWithin } from "../../clock";
import { DlmsStateError } from "../../errors";
import type { LinkProtocol } from "../../link";
import type { Association, AssociationEvents } from "../association/association";
import { LinkDriver } from "../../driver/link-driver";
import type { SharedLine, SharedLines, LineUser } from "../../driver/shared-line";
import type { Settings } from "../options/resolve-options";
import { linkAddress } from "../connection/factories";

/** A connection of a test. `end` closes everything within a bound, and never rejects. */
export interface Attempt extends AssociationEvents {
  openLine(): Promise<void>;
  /** `settings`: of the client and the server that the link joins */
  openLink(link: LinkProtocol, settings: Settings): Promise<LinkDriver>;
  /** `line`: the connection too */
  closeLink(options: { readonly line: boolean }): Promise<void>;
  /** released at the end, if it associated */
  use(active: Association): Association;
  end(): Promise<void>;
}

export function attemptOn(settings: Settings, lines: SharedLines, signal: AbortSignal): Attempt {
  return new LineAttempt(settings, lines, signal);
}

class LineAttempt implements Attempt {
  readonly #settings: Settings;
  readonly #lines: SharedLines;
  readonly #signal: AbortSignal;
  /** keeps the connection open while no link uses it */
  readonly #holder: LineUser = {
    settings: undefined,
    data: () => undefined,
    // other users may have opened the next one on another line
    lost: () => {
      this.#line = undefined;
    },
  };
  #line: SharedLine | undefined;
  #channel: LinkDriver | undefined;
  #active: Association | undefined;
  readonly #stopListening: () => void;

  constructor(settings: Settings, lines: SharedLines, signal: AbortSignal) {
    this.#settings = settings;
    this.#lines = lines;
    this.#signal = signal;
    this.#stopListening = onAbort(signal, () => void this.#channel?.destroy(signal.reason as Error));
  }

  async openLine(): Promise<void> {
    const { transport, timeouts } = this.#settings;
    this.#line = this.#lines.lineFor(transport);
    await this.#line.attach(this.#holder, { timeoutMs: timeouts.connect, signal: this.#signal });
  }

  async openLink(link: LinkProtocol, settings: Settings): Promise<LinkDriver> {
    const { transport, clock, timeouts } = this.#settings;
    if (this.#line === undefined) await this.openLine();
    this.#signal.throwIfAborted();
    const line = this.#line ?? this.#lines.lineFor(transport);
    const { baudRate } = transport;
    const nothing = (): void => undefined;
    const channel = new LinkDriver({
      line,
      link,
      clock,
      address: linkAddress(settings),
      probe: true,
      response: timeouts.response,
      traffic: { bytesIn: 0, bytesOut: 0, roundTrips: 0 },
      events: { notification: nothing, down: nothing, frame: nothing, apdu: nothing, note: nothing },
      ...(baudRate === undefined ? {} : { settings: { baudRate, dataBits: 8, parity: "none" } as const }),
    });
    this.#channel = channel;
    await channel.open({ timeoutMs: timeouts.connect, signal: this.#signal });
    return channel;
  }

  async closeLink({ line }: { readonly line: boolean }): Promise<void> {
    const channel = this.#channel;
    this.#channel = undefined;
    if (channel !== undefined) {
      await this.#bounded(channel.close());
      await channel.destroy(given());
    }
    if (!line) return;
    await this.#line?.detach(this.#holder);
    this.#line = undefined;
  }

  use(active: Association): Association {
    this.#active = active;
    return active;
  }

  async end(): Promise<void> {
    this.#stopListening();
    const active = this.#active;
    if (active?.session.association !== undefined && active.channel.usable) {
      await this.#bounded(active.run(active.session.release()));
    }
    await this.closeLink({ line: true });
  }

  note(_text: string): void {
    // a test reports only its steps
  }

  notification(_apdu: Apdu, _raw: Uint8Array): void {
    // a test does not use it
  }

  /** Ignores the meter's answer to the release: the line is closed in any case. */
  async #bounded(work: Promise<unknown>): Promise<void> {
    const { clock, timeouts } = this.#settings;
    await settledWithin(clock, timeouts.close, work);
  }
}

const given = (): DlmsStateError => new DlmsStateError("STATE_CLOSED", "the connection test has ended");
