/** The DLMS transport layer over wired M-Bus (EN 13757-1): joins segments to APDUs. */
import { type DroppedSeries, type SeriesLimits, toHex, UnfinishedSeries } from "../../bytes";
import type { MbusFrame } from "./frame";

/** CI fields of DLMS transport segments (EN 13757-1): bits 0 to 3 count, bit 4 (FIN) marks the last. */
const lastSegment = 0x10;
const sequenceBits = 0x0f;
/** STSAP and DTSAP precede the piece of the APDU. */
const addressBytes = 2;

export interface MbusApdu {
  readonly apdu: Uint8Array;
  /** source and destination transport service access points: 1 and 103 in pushes */
  readonly source: number;
  readonly destination: number;
  readonly frames: number;
}

/** Whether the frame carries a segment of a DLMS APDU. */
export function isMbusSegment({ controlInformation, data }: MbusFrame): boolean {
  return controlInformation <= 0x1f && data.length >= addressBytes;
}

/** Puts the segments of DLMS APDUs together, those of each sender for themselves. A hole drops the whole series. */
export class MbusTransport {
  readonly #series: UnfinishedSeries;

  constructor(limits?: SeriesLimits) {
    this.#series = new UnfinishedSeries(limits);
  }

  get unfinished(): number {
    return this.#series.size;
  }

  /** Bytes of all unfinished messages. */
  get bytes(): number {
    return this.#series.bytes;
  }

  /** Adds a frame; returns the APDU that it completes. Frames without a segment are ignored. */
  add(frame: MbusFrame, now?: number): MbusApdu | undefined {
    this.#series.expire(now);
    if (!isMbusSegment(frame)) return undefined;
    const { controlInformation, data, address } = frame;
    const [source = 0, destination = 0] = data;
    const sender = `M-Bus ${toHex(Uint8Array.of(address, source, destination))}`;
    const sequence = controlInformation & sequenceBits;
    const piece = data.subarray(addressBytes);
    const next = (sequence + 1) & sequenceBits;
    const due = this.#series.next(sender);
    if (due !== undefined && due === sequence) this.#series.append(sender, piece, next);
    else if (sequence === 0) this.#series.begin(sender, piece, next, now);
    else {
      this.#series.drop(sender, `expected segment ${due ?? 0}, got segment ${sequence}`);
      return undefined;
    }
    if ((controlInformation & lastSegment) === 0) return undefined;
    const frames = this.#series.pieces(sender);
    const apdu = this.#series.take(sender);
    return apdu === undefined ? undefined : { apdu, source, destination, frames };
  }

  expire(now: number | undefined): void {
    this.#series.expire(now);
  }

  /** Ends the stream; unfinished messages are dropped. */
  end(why: string): void {
    this.#series.dropAll(why);
  }

  takeDropped(): readonly DroppedSeries[] {
    return this.#series.takeDropped();
  }
}

/** The segments of an APDU as frames carry them, `size` bytes of it in each. */
export function mbusSegments(apdu: Uint8Array, size = 245, source = 1, destination = 103): MbusFrame[] {
  const frames: MbusFrame[] = [];
  for (let at = 0, sequence = 0; at === 0 || at < apdu.length; at += size, sequence++) {
    const piece = apdu.subarray(at, at + size);
    const data = new Uint8Array(addressBytes + piece.length);
    data.set([source, destination]);
    data.set(piece, addressBytes);
    const last = at + size >= apdu.length ? lastSegment : 0;
    const controlInformation = last | (sequence & sequenceBits);
    frames.push({ control: sequence % 2 === 0 ? 0x53 : 0x73, address: 0xff, controlInformation, data });
  }
  return frames;
}
