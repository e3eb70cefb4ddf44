/** The sending side of the sliding window of HDLC. */
/** The content of one I frame to be sent. */
export interface Segment {
  readonly info: Uint8Array;
  readonly segmented: boolean;
}

export interface NumberedSegment extends Segment {
  readonly sendSequence: number;
}

/** Segments that were not sent, or sent and not acknowledged. */
export class SendWindow {
  /** the first one has N(S) #acknowledged */
  #segments: Segment[] = [];
  #acknowledged = 0;
  /** segments at the front that count as sent; 0 after a rewind */
  #sent = 0;
  /** segments at the front that were ever sent: the meter may acknowledge them even after a rewind */
  #everSent = 0;

  get empty(): boolean {
    return this.#segments.length === 0;
  }

  /** sent and not acknowledged */
  get outstanding(): number {
    return this.#sent;
  }

  /** Splits an APDU into segments of at most `maxInfo` bytes. */
  add(bytes: Uint8Array, maxInfo: number): void {
    for (let at = 0; at < bytes.length; at += maxInfo) {
      this.#segments.push({ info: bytes.subarray(at, at + maxInfo), segmented: at + maxInfo < bytes.length });
    }
  }

  /** The segments that may go now; they count as sent. */
  take(window: number): NumberedSegment[] {
    const taken: NumberedSegment[] = [];
    while (this.#sent < window) {
      const segment = this.#segments[this.#sent];
      if (!segment) break;
      taken.push({ ...segment, sendSequence: (this.#acknowledged + this.#sent) & 7 });
      this.#sent++;
    }
    this.#everSent = Math.max(this.#everSent, this.#sent);
    return taken;
  }

  /** The N(R) of a received frame: how many segments it acknowledges, or undefined when it cannot be. */
  acknowledge(receiveSequence: number): number | undefined {
    const count = (receiveSequence - this.#acknowledged) & 7;
    if (count > this.#everSent) return undefined;
    this.#segments.splice(0, count);
    this.#acknowledged = receiveSequence;
    this.#sent = Math.max(0, this.#sent - count);
    this.#everSent -= count;
    return count;
  }

  /** Sends unacknowledged segments again, with unchanged N(S). */
  rewind(): void {
    this.#sent = 0;
  }
}
