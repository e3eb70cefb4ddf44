/** Address search: tries server addresses on a line and reports which ones answer. */
import { latin1, toHex } from "../../bytes";
import { afterRunning, type RunningWait, sleep } from "../../clock";
import { attribute, obisPrinted, parseObis, wellKnownObjects } from "../../cosem";
import { decodeValueBytes } from "../../codec";
import { DlmsAssociationError, type DlmsError, isDlmsError } from "../../errors";
import {
  encodeAddress,
  type LinkOutput,
  type LinkProtocol,
  type LinkSendOptions,
  modeELink,
  serverAddress,
} from "../../link";
import { Association } from "../association/association";
import { type AddressCandidate, hdlcCandidates, wrapperCandidates } from "./address-candidates";
import { type Attempt, attemptOn } from "./connection-attempt";
import { type SharedLines, processLines } from "../../driver/shared-line";
import { integer, invalid, missing, object } from "../../errors/arguments";
import { checkOperation } from "../options/check-arguments";
import type { AddressSize, ConnectOptions, OperationOptions, Timeouts } from "../options/options";
import { resolveSettings, type Settings } from "../options/resolve-options";
import { hdlcOptionsOf, makeLink, makeSession } from "../connection/factories";

/** Where to search, and for what. The options contain no secret, because only the public client is used. */
export interface FindAddressOptions extends Pick<ConnectOptions, "transport" | "link" | "quirks" | "clock" | "logger"> {
  /** client SAP that asks (16, the public client) */
  readonly client?: number;
  /** The serial number on the meter: makers derive the physical address from it. */
  readonly serialNumber?: string;
  /** Addresses to try instead of the usual ones. */
  readonly candidates?: readonly AddressCandidate[];
  /** Continue after the first answer, for lines with several meters (false). */
  readonly all?: boolean;
  /** `response`: time-out for each address (1500 ms, and the transmission time of the frames) */
  readonly timeouts?: Partial<Pick<Timeouts, "connect" | "response">>;
}

/** The result of one address. */
export interface AddressTrial {
  /** 1-based, of `total` */
  readonly index: number;
  readonly total: number;
  readonly logical: number;
  readonly physical: number | undefined;
  readonly addressSize: AddressSize | undefined;
  /** the server address on the line in hex; on the wrapper, the two bytes in its header */
  readonly bytes: string;
  readonly why: string;
  /** A station with this address exists. */
  readonly answered: boolean;
  /**
   * `accepted`: the public client was accepted. `refused`: the meter is present, but refuses this client. `linked`: the
   * link was set up, the association request was not answered. `silent`: no answer.
   */
  readonly result: "accepted" | "refused" | "linked" | "silent";
  /** the answer, in a sentence */
  readonly text: string;
  /** its logical device name, where the public client may read it */
  readonly device?: string;
  readonly error?: DlmsError;
  readonly durationMs: number;
}

export interface FindAddressParts {
  readonly lines: SharedLines;
}

const defaultResponse = 1500;
/** A gateway that closed the connection may need a moment before it accepts the next. */
const gatewayRest = 1000;
const deviceName = attribute("DATA", wellKnownObjects.logicalDeviceName, "value");

/**
 * Tries the usual forms of server address on a line in order, and reports the result of each; ends after the first that
 * answered unless `all` is set. It uses the public client and sends no secret. Meters that are in use on the same line
 * keep their turns.
 *
 * Throws DlmsConfigError, the error of a transport that cannot be opened, DlmsLinkError and DlmsTimeoutError when a
 * mode E sign-on fails, and `signal.reason` when it is aborted. It always closes everything that it opened.
 */
export function findAddress(
  options: FindAddressOptions,
  init?: OperationOptions,
): AsyncGenerator<AddressTrial, void, undefined>;
/** @internal */
export function findAddress(
  options: FindAddressOptions,
  init?: OperationOptions,
  parts?: FindAddressParts,
): AsyncGenerator<AddressTrial, void, undefined>;
export async function* findAddress(
  options: FindAddressOptions,
  init: OperationOptions = {},
  parts: FindAddressParts = { lines: processLines },
): AsyncGenerator<AddressTrial, void, undefined> {
  const search = new Search(options, init, parts);
  try {
    yield* search.run();
  } finally {
    await search.end();
  }
}

function checkOptions(options: FindAddressOptions): void {
  object("options", options);
  const { transport, link, serialNumber, candidates, timeouts } = options;
  if (typeof transport !== "object" || transport === null)
    throw missing("transport", "{ kind, host, port } or another");
  if (link !== undefined) object("link", link);
  if (timeouts !== undefined) object("timeouts", timeouts);
  if (serialNumber !== undefined && typeof serialNumber !== "string")
    throw invalid("serialNumber", "a text", serialNumber);
  if (candidates === undefined) return;
  if (!Array.isArray(candidates)) throw invalid("candidates", "a list of addresses", candidates);
  for (const one of candidates) object("candidates", one, "{ logical, physical, addressSize }");
}

class Search {
  readonly #options: FindAddressOptions;
  readonly #settings: Settings;
  readonly #candidates: readonly AddressCandidate[];
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #attempt: Attempt;
  readonly #wait: RunningWait | undefined;
  #timedOut = false;
  /** mode E: the rate of the HDLC that the sign-on led to */
  #signedOnAt: number | undefined;

  constructor(options: FindAddressOptions, init: OperationOptions, parts: FindAddressParts) {
    checkOptions(options);
    checkOperation(init);
    this.#options = options;
    this.#settings = this.#settingsFor({ logical: 1, why: "" });
    const wrapper = this.#settings.link.kind === "wrapper";
    this.#candidates =
      options.candidates ?? (wrapper ? wrapperCandidates() : hdlcCandidates(options.serialNumber || undefined));
    for (const one of this.#candidates) this.#settingsFor(one);
    this.#signal = init.signal === undefined ? this.#stop.signal : AbortSignal.any([init.signal, this.#stop.signal]);
    this.#signal.throwIfAborted();
    this.#attempt = attemptOn(this.#settings, parts.lines, this.#signal);
    if (init.timeoutMs !== undefined) {
      const late = (): void => {
        this.#timedOut = true;
        this.#stop.abort(new Error("the time for the search is over"));
      };
      this.#wait = afterRunning(this.#settings.clock, late, init.timeoutMs);
    }
  }

  async *run(): AsyncGenerator<AddressTrial, void, undefined> {
    await this.#attempt.openLine();
    for (const [at, candidate] of this.#candidates.entries()) {
      let trial: AddressTrial;
      try {
        trial = await this.#try(candidate, at + 1);
      } catch (error) {
        // all results up to this point were reported
        if (this.#timedOut) return;
        if (this.#signal.aborted) throw this.#signal.reason as Error;
        throw error;
      }
      yield trial;
      if (trial.answered && this.#options.all !== true) return;
    }
  }

  async end(): Promise<void> {
    this.#wait?.cancel();
    await this.#attempt.end();
  }

  #settingsFor({ logical, physical, addressSize }: AddressCandidate): Settings {
    const { transport, link, quirks, clock, logger, timeouts } = this.#options;
    const sized = link !== undefined && link.kind !== "wrapper" && addressSize !== undefined ? { addressSize } : {};
    const serial = "kind" in transport && transport.kind === "serial" && link === undefined;
    return resolveSettings({
      transport: this.#settings === undefined ? transport : this.#settings.transport,
      ...(link !== undefined ? { link: { ...link, ...sized } } : {}),
      ...(serial && addressSize !== undefined ? { link: { kind: "hdlc", addressSize } } : {}),
      client: { sap: integer("client", this.#options.client ?? 16, 0, 0xffff) },
      server: { logical, ...(physical === undefined ? {} : { physical }) },
      timeouts: { response: defaultResponse, retries: 0, close: 1000, ...timeouts },
      ...(quirks === undefined ? {} : { quirks }),
      ...(clock === undefined ? {} : { clock }),
      ...(logger === undefined ? {} : { logger }),
    });
  }

  async #try(candidate: AddressCandidate, index: number): Promise<AddressTrial> {
    const settings = this.#settingsFor(candidate);
    const started = settings.clock.now();
    const found = await this.#ask(settings);
    const { logical, physical, addressSize, why } = candidate;
    return {
      index,
      total: this.#candidates.length,
      logical,
      physical,
      addressSize,
      bytes: addressBytes(settings),
      why,
      answered: found.result !== "silent",
      ...found,
      durationMs: Math.round(settings.clock.now() - started),
    };
  }

  async #ask(settings: Settings): Promise<Found> {
    const link = this.#linkFor(settings);
    try {
      const channel = await this.#open(link, settings);
      const active = this.#attempt.use(new Association(makeSession(settings), channel, undefined, this.#attempt));
      return await associate(active, settings);
    } catch (error) {
      if (!isDlmsError(error) || this.#signal.aborted) throw error;
      // an address in use by another session does not affect the next ones
      const taken = error.is("STATE_BUSY");
      if (settings.link.kind === "hdlc-mode-e" && !link.sentFrames && !taken) throw error;
      return await this.#failed(error, settings);
    } finally {
      if (link.sentFrames) this.#signedOnAt = link.baudRate ?? this.#signedOnAt;
      await this.#attempt.closeLink({ line: false });
      // a meter whose session ended properly waits for a sign-on again
      if (link.closedInOrder) this.#signedOnAt = undefined;
    }
  }

  /** Opens a lost line again. If that fails, the search ends. */
  async #open(link: SpiedLink, settings: Settings): ReturnType<Attempt["openLink"]> {
    try {
      return await this.#attempt.openLink(link, settings);
    } catch (error) {
      if (!isDlmsError(error) || error.layer !== "transport" || link.opened) throw error;
      await this.#attempt.closeLink({ line: true });
      await sleep(this.#settings.clock, gatewayRest, this.#signal);
      return this.#attempt.openLink(link, settings);
    }
  }

  async #failed(error: DlmsError, settings: Settings): Promise<Found> {
    if (error.layer === "transport") await this.#attempt.closeLink({ line: true });
    if (error.is("LINK_REFUSED")) {
      return { result: "refused", text: `the meter answered: ${error.message}`, error };
    }
    const text =
      settings.link.kind === "wrapper" && error.layer === "transport"
        ? `the meter or gateway closed the connection: ${error.message}`
        : error.message;
    return { result: "silent", text, error };
  }

  #linkFor(settings: Settings): SpiedLink {
    const { link } = settings;
    if (link.kind !== "hdlc-mode-e" || this.#signedOnAt === undefined) return new SpiedLink(makeLink(settings));
    const rate = { startBaud: this.#signedOnAt, maxBaud: this.#signedOnAt, directHdlc: true };
    return new SpiedLink(modeELink({ ...hdlcOptionsOf(settings, link), ...rate }));
  }
}

type Found = Pick<AddressTrial, "result" | "text" | "device" | "error">;

/** Associates the public client on an established link, and reads the logical device name. */
async function associate(active: Association, settings: Settings): Promise<Found> {
  const linked = settings.link.kind === "wrapper" ? "" : "link established; ";
  try {
    await active.run(active.session.associate());
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    if (answers(error)) return { result: "refused", text: `${linked}the meter answered: ${error.message}`, error };
    if (linked === "") throw error;
    return { result: "linked", text: `${linked}${error.message}`, error };
  }
  const device = await nameOf(active);
  const called = device === undefined ? "" : `; device name ${device}`;
  return {
    result: "accepted",
    text: `${linked}client ${settings.client.sap} accepted${called}`,
    ...(device === undefined ? {} : { device }),
  };
}

/** Whether the error contains an answer of the meter. */
function answers(error: DlmsError): boolean {
  return error instanceof DlmsAssociationError || error.is("EXCEPTION") || error.layer === "codec";
}

async function nameOf(active: Association): Promise<string | undefined> {
  const descriptor = { classId: deviceName.classId, instanceId: parseObis(deviceName.logicalName), attributeId: 2 };
  try {
    const result = await active.run(active.session.get(descriptor, `read ${obisPrinted(deviceName.logicalName)}/2`));
    if (!result.ok) return undefined;
    const { value } = decodeValueBytes(result.data);
    if (typeof value === "string") return value.slice(0, 64);
    if (!(value instanceof Uint8Array)) return undefined;
    const text = latin1(value.subarray(0, 64));
    return /^[\x20-\x7e]+$/.test(text) ? text : toHex(value);
  } catch (error) {
    // the name is optional: the meter was found
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}

function addressBytes({ link, server }: Settings): string {
  if (link.kind === "wrapper") return server.logical.toString(16).padStart(4, "0");
  return toHex(encodeAddress(serverAddress(server.logical, server.physical, link.addressSize ?? "auto")));
}

/** A link that records the frames that it sends. */
class SpiedLink implements LinkProtocol {
  readonly kind: LinkProtocol["kind"];
  readonly #link: LinkProtocol;
  opened = false;
  /** HDLC frames, rather than the text of a sign-on */
  sentFrames = false;
  closedInOrder = false;
  baudRate: number | undefined;

  constructor(link: LinkProtocol) {
    this.#link = link;
    this.kind = link.kind;
  }

  get state(): LinkProtocol["state"] {
    return this.#link.state;
  }

  get deadline(): number | undefined {
    return this.#link.deadline;
  }

  open(now: number): LinkOutput[] {
    this.opened = true;
    return this.#see(this.#link.open(now));
  }

  send(apdu: Uint8Array, now: number, options?: LinkSendOptions): LinkOutput[] {
    return this.#see(this.#link.send(apdu, now, options));
  }

  await(now: number, options?: LinkSendOptions): LinkOutput[] {
    return this.#see(this.#link.await(now, options));
  }

  close(now: number): LinkOutput[] {
    return this.#see(this.#link.close(now));
  }

  receive(bytes: Uint8Array, now: number): LinkOutput[] {
    return this.#see(this.#link.receive(bytes, now));
  }

  tick(now: number): LinkOutput[] {
    return this.#see(this.#link.tick(now));
  }

  reset(): void {
    this.#link.reset();
  }

  #see(outputs: LinkOutput[]): LinkOutput[] {
    for (const output of outputs) {
      if (output.kind === "line") this.baudRate = output.settings.baudRate;
      else if (output.kind === "transmit") this.sentFrames ||= output.bytes[0] === 0x7e;
      else if (output.kind === "closed") this.closedInOrder = true;
    }
    return outputs;
  }
}
