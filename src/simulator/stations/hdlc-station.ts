/** The secondary HDLC station of a simulated meter. */
import { concatBytes, GrowingBuffer } from "../../bytes";
import {
  decodeParameters,
  encodeControl,
  encodeHdlcFrame,
  encodeParameters,
  type HdlcAddress,
  type HdlcControl,
  type HdlcFrame,
  HdlcFramer,
  type HdlcParameters,
  negotiate,
  serverAddress,
} from "../../link";
import type { MeterDefinition } from "../definition/definition";
import type { Station, StationHost } from "./station";

const requestLlc = [0xe6, 0xe6, 0x00] as const;
const responseLlc = Uint8Array.of(0xe6, 0xe7, 0x00);
/** The longest APDU that is reassembled from segments. */
const maxApduBytes = 0x20000;
/** Consecutive empty segments after which a request is rejected. */
const maxEmptySegments = 8;
/** The most links, each with another client address. */
const maxLinks = 64;
const noInfo = new Uint8Array(0);

/** FRMR reasons: control field, information that is not permitted, information too long, N(R). */
const reject = { control: 0x01, information: 0x03, length: 0x04, sequence: 0x08 } as const;

interface Segment {
  readonly info: Uint8Array;
  readonly more: boolean;
}

/** The link with one client. Sequence numbers as in ISO/IEC 13239, modulo 8. */
interface Link {
  readonly client: number;
  parameters: HdlcParameters;
  /** N(S) expected next */
  receiveState: number;
  /** N(S) of the first segment of `queue` */
  sendState: number;
  /** Segments not yet acknowledged, sent or not. */
  queue: Segment[];
  /** The number of them that were sent. */
  sent: number;
  readonly incoming: GrowingBuffer;
  /** the FRMR information to repeat until the link is set up again */
  rejected: Uint8Array | undefined;
}

/** Links by client address. */
export type HdlcLinks = Map<number, Link>;

const mod8 = (value: number): number => ((value % 8) + 8) % 8;

/** A secondary station in normal response mode (IEC 62056-46): it sends only when polled. */
export class SimulatedHdlcStation implements Station {
  readonly #host: StationHost;
  readonly #definition: MeterDefinition;
  readonly #own: HdlcParameters;
  readonly #framer = new HdlcFramer();
  readonly #links: HdlcLinks;

  /** `links`: the links that outlive the connection, for a meter that keeps them */
  constructor(host: StationHost, definition: MeterDefinition, links: HdlcLinks = new Map()) {
    this.#host = host;
    this.#links = links;
    this.#definition = definition;
    const { hdlc = {} } = definition;
    this.#own = {
      maxInfoTransmit: hdlc.maxInfoTransmit ?? 2030,
      maxInfoReceive: hdlc.maxInfoReceive ?? 2030,
      windowTransmit: hdlc.windowTransmit ?? 7,
      windowReceive: hdlc.windowReceive ?? 7,
    };
  }

  receive(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#framer.push(bytes).flatMap(({ frame, raw }) => {
      if (!this.#isForMe(frame.destination)) return [];
      const client = frame.source.logical;
      const verdict = this.#host.frameCame({ frame: frame.control.type, bytes: raw, client });
      if (verdict === "drop") return [];
      return this.#take(frame, verdict === "busy").map((answer) => this.#encode(frame, answer));
    });
  }

  notify(apdu: Uint8Array, client: number): readonly Uint8Array[] {
    const asked = serverAddress(this.#logical, this.#definition.physicalAddress);
    const to: HdlcFrame = {
      destination: asked,
      source: { logical: client, size: 1 },
      control: { type: "UI", pollFinal: false },
      segmented: false,
      info: noInfo,
    };
    return segments(concatBytes(responseLlc, apdu), this.#own.maxInfoTransmit).map(({ info, more }) =>
      this.#encode(to, { control: { type: "UI", pollFinal: false }, info, segmented: more }),
    );
  }

  reset(): void {
    this.#framer.clear();
    this.#links.clear();
  }

  get #logical(): number {
    return this.#definition.serverAddress ?? 1;
  }

  #isForMe(to: HdlcAddress): boolean {
    const { physicalAddress } = this.#definition;
    const everyone = to.size === 4 ? 0x3fff : 0x7f;
    if (to.logical !== this.#logical && to.logical !== everyone) return false;
    if (to.physical === everyone && to.size > 1) return true;
    return (to.physical ?? 0) === (physicalAddress ?? 0);
  }

  #take(frame: HdlcFrame, busy: boolean): Answer[] {
    const client = frame.source.logical;
    const { control } = frame;
    const link = this.#links.get(client);
    if (control.type === "SNRM") {
      const stubborn = link !== undefined && this.#definition.hdlc?.keepsLinks === true;
      return stubborn ? [] : [this.#connect(client, frame.info)];
    }
    if (control.type === "DISC") return [this.#disconnect(client, link)];
    if (control.type === "UI") return [];
    if (link === undefined) return control.pollFinal ? [unnumbered("DM")] : [];
    if (link.rejected !== undefined) return [unnumbered("FRMR", link.rejected)];
    if (busy) return control.pollFinal ? [{ control: supervisory("RNR", link) }] : [];
    return this.#numbered(link, frame);
  }

  #connect(client: number, info: Uint8Array): Answer {
    const parameters = negotiate(this.#own, decodeParameters(info));
    this.#host.linkReset(client);
    this.#makeRoom(client);
    this.#links.set(client, {
      client,
      parameters,
      receiveState: 0,
      sendState: 0,
      queue: [],
      sent: 0,
      incoming: new GrowingBuffer(maxApduBytes, maxEmptySegments),
      rejected: undefined,
    });
    return unnumbered("UA", encodeParameters(parameters));
  }

  /** Drops the oldest link when the limit is exceeded. */
  #makeRoom(client: number): void {
    const [oldest] = this.#links.keys();
    if (oldest === undefined || this.#links.size < maxLinks || this.#links.has(client)) return;
    this.#links.delete(oldest);
    this.#host.linkReset(oldest);
  }

  #disconnect(client: number, link: Link | undefined): Answer {
    if (link === undefined) return unnumbered("DM");
    this.#links.delete(client);
    this.#host.linkReset(client);
    return unnumbered("UA");
  }

  #numbered(link: Link, frame: HdlcFrame): Answer[] {
    const { control, info } = frame;
    if (control.type !== "I" && control.type !== "RR" && control.type !== "RNR" && control.type !== "REJ") {
      return this.#reject(link, control, reject.control);
    }
    if (control.type !== "I" && info.length > 0) return this.#reject(link, control, reject.information);
    if (info.length > link.parameters.maxInfoReceive) return this.#reject(link, control, reject.length);
    if (!acknowledge(link, control.receiveSequence)) return this.#reject(link, control, reject.sequence);
    if (control.type === "I" && control.sendSequence === link.receiveState) {
      link.receiveState = mod8(link.receiveState + 1);
      if (!this.#collect(link, info, frame.segmented)) return this.#reject(link, control, reject.length);
    }
    if (!control.pollFinal) return [];
    if (control.type === "RNR" || link.queue.length === 0) return [{ control: supervisory("RR", link) }];
    return transmit(link);
  }

  /** Returns false when the request exceeds its bound or has too many empty segments. */
  #collect(link: Link, info: Uint8Array, more: boolean): boolean {
    if (link.incoming.add(info) !== undefined) return false;
    if (more) return true;
    const whole = link.incoming.take();
    // A new request discards the rest of the last answer; the sequence numbers continue.
    link.queue = [];
    link.sent = 0;
    if (requestLlc.some((byte, index) => whole[index] !== byte)) return true;
    const answers = this.#host.handle(whole.subarray(requestLlc.length), link.client);
    for (const apdu of answers) {
      link.queue = link.queue.concat(segments(concatBytes(responseLlc, apdu), link.parameters.maxInfoTransmit));
    }
    return true;
  }

  #reject(link: Link, control: HdlcControl, reason: number): Answer[] {
    const sequences = (link.receiveState << 5) | 0x10 | (mod8(link.sendState + link.sent) << 1);
    link.rejected = Uint8Array.of(encodeControl(control), sequences, reason);
    return [unnumbered("FRMR", link.rejected)];
  }

  #encode(asked: HdlcFrame, answer: Answer): Uint8Array {
    const { physicalAddress } = this.#definition;
    const size = this.#definition.hdlc?.addressSize ?? asked.destination.size;
    const physical = physicalAddress ?? 0;
    const source = size === 1 ? { logical: this.#logical, size } : { logical: this.#logical, physical, size };
    return encodeHdlcFrame({
      destination: asked.source,
      source,
      control: answer.control,
      segmented: answer.segmented ?? false,
      info: answer.info ?? noInfo,
    });
  }
}

interface Answer {
  readonly control: HdlcControl;
  readonly info?: Uint8Array;
  readonly segmented?: boolean;
}

function unnumbered(type: "UA" | "DM" | "FRMR", info: Uint8Array = noInfo): Answer {
  return { control: { type, pollFinal: true }, info };
}

function supervisory(type: "RR" | "RNR", link: Link): HdlcControl {
  return { type, receiveSequence: link.receiveState, pollFinal: true };
}

/** Drops the segments that N(R) acknowledges; false for an N(R) outside the window. */
function acknowledge(link: Link, receiveSequence: number): boolean {
  const arrived = mod8(receiveSequence - link.sendState);
  if (arrived > link.sent) return false;
  link.queue.splice(0, arrived);
  link.sent -= arrived;
  link.sendState = receiveSequence;
  return true;
}

/** One window of segments, starting with the first unacknowledged one; the last has the final bit. */
function transmit(link: Link): Answer[] {
  const window = link.queue.slice(0, link.parameters.windowTransmit);
  link.sent = Math.max(link.sent, window.length);
  return window.map(({ info, more }, index) => ({
    control: {
      type: "I",
      sendSequence: mod8(link.sendState + index),
      receiveSequence: link.receiveState,
      pollFinal: index === window.length - 1,
    },
    info,
    segmented: more,
  }));
}

function segments(bytes: Uint8Array, size: number): Segment[] {
  const list: Segment[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    list.push({ info: bytes.subarray(at, at + size), more: at + size < bytes.length });
  }
  return list;
}
