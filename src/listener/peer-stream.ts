/** The bytes of one connection, line or UDP peer: statistics and a decoder, which is created with the first byte. */
import type { DlmsError } from "../errors";
import { DlmsPushError } from "../errors";
import { type Push, pushConfirmation, type PushDecoder } from "../push";
import { toHex } from "../bytes";
import type { Intake } from "./intake";
import { NoiseStatistics } from "./noise";

/** Time in ms and number of bytes without a unit after which the listener reports it. */
export const noiseMs = 30_000;
export const noiseBytes = 200;
/** ms after the last byte in which unfinished pushes may still get too old. */
const settleMs = 35_000;

export interface PeerName {
  /** address and port, or the line; for messages and keys */
  readonly peer: string;
  /** without the port, which differs for each connection */
  readonly address: string;
  /** the bytes arrive over a serial line, whose settings may be wrong */
  readonly serial?: boolean;
}

export class PeerStream {
  readonly name: PeerName;
  /** A client uses this connection, so an APDU other than a push is a response to it. */
  isQuiet = false;
  readonly #intake: Intake;
  readonly #reply: ((bytes: Uint8Array) => void) | undefined;
  #decoder: PushDecoder | undefined;
  #noise: NoiseStatistics | undefined;
  #firstAt = 0;
  #lastAt = 0;
  #units = 0;
  #repeated = 0;
  #unfinished = 0;
  #isTold = false;

  /** @param reply sends bytes to the peer, if pushes may be confirmed */
  constructor(intake: Intake, name: PeerName, reply?: (bytes: Uint8Array) => void) {
    this.#intake = intake;
    this.name = name;
    this.#reply = intake.settings.confirm ? reply : undefined;
  }

  /** Whole APDUs and telegrams, also those that were refused. */
  get units(): number {
    return this.#units;
  }

  /** A push was decoded, or a frame had a valid check: noise produces neither. */
  get isProven(): boolean {
    if (this.#units === 0 || this.#decoder === undefined) return false;
    const { pushes, framing } = this.#decoder.facts;
    return pushes > 0 || (framing !== "apdu" && framing !== "wrapper");
  }

  /** PUSH_NO_UNIT was reported: the stream contains no push. */
  get isNoise(): boolean {
    return this.#isTold;
  }

  get hasBytes(): boolean {
    return this.#decoder !== undefined;
  }

  get unfinished(): number {
    return this.#unfinished;
  }

  /** Whether bytes were received recently enough that `tick` may find an expired item. */
  isRecent(now: number): boolean {
    return this.#decoder !== undefined && now - this.#lastAt <= settleMs;
  }

  /** Reports the complete pushes; returns the number of units that these bytes completed. */
  add(bytes: Uint8Array): number {
    const { clock } = this.#intake.settings;
    const intake = this.#intake;
    this.#lastAt = clock.now();
    intake.bytes += bytes.length;
    if (intake.hub.has("bytes")) intake.hub.emit("bytes", { peer: this.name.peer, bytes });
    const decoder = (this.#decoder ??= this.#begin());
    if (this.#units === 0) this.#noise?.add(bytes);
    for (const push of decoder.add(bytes, clock.wallTime())) this.#push(push);
    return this.#account(decoder);
  }

  /** Drops expired items, and reports once that bytes arrive without any push. */
  tick(): void {
    const decoder = this.#decoder;
    if (decoder === undefined) return;
    const { clock } = this.#intake.settings;
    for (const push of decoder.tick(clock.wallTime())) this.#push(push);
    this.#account(decoder);
    const noise = this.#noise;
    if (noise === undefined || this.#isTold || noise.bytes < noiseBytes) return;
    if (clock.now() - this.#firstAt >= noiseMs) this.noUnit();
  }

  /** The connection has ended: decodes the bytes received before. */
  end(): void {
    const decoder = this.#decoder;
    if (decoder === undefined) return;
    for (const push of decoder.end(this.#intake.settings.clock.wallTime())) this.#intake.push(push);
    this.#account(decoder);
    this.#decoder = undefined;
    this.#intake.unfinished -= this.#unfinished;
    this.#unfinished = 0;
  }

  /** Reports once that the stream contains no push. */
  noUnit(): void {
    const noise = this.#noise;
    if (this.#isTold || noise === undefined || this.isQuiet) return;
    this.#isTold = true;
    const { peer, serial = false } = this.name;
    const hint = noise.hint(serial);
    this.#intake.hint = hint;
    this.#report(
      new DlmsPushError("PUSH_NO_UNIT", `no push in ${noise.bytes} bytes from ${peer}: ${hint.text}`, {
        details: { bytes: noise.bytes, first: toHex(noise.first), hint: hint.kind, sender: peer },
      }),
    );
  }

  #begin(): PushDecoder {
    this.#noise = new NoiseStatistics();
    this.#firstAt = this.#lastAt;
    return this.#intake.decoder({
      peer: this.name.peer,
      onProblem: (error) => {
        // the statistics of the listener are more precise than the first bytes
        if (error.is("PUSH_NO_UNIT")) this.noUnit();
        else this.#report(error);
      },
    });
  }

  #push(push: Push): void {
    this.#intake.push(push);
    if (this.#reply === undefined || !push.confirmed || this.isQuiet) return;
    const confirmation = pushConfirmation(push);
    if (confirmation !== undefined) this.#reply(confirmation);
  }

  #report(error: DlmsError): void {
    if (!this.isQuiet) this.#intake.problem(error, this.name.peer, this.name.address);
  }

  #account(decoder: PushDecoder): number {
    const { units, repeated, unfinishedBytes } = decoder.progress;
    const added = units - this.#units;
    this.#units = units;
    if (added > 0) this.#noise = undefined;
    const intake = this.#intake;
    intake.units += added;
    intake.repeated += repeated - this.#repeated;
    this.#repeated = repeated;
    intake.unfinished += unfinishedBytes - this.#unfinished;
    this.#unfinished = unfinishedBytes;
    return added;
  }
}
