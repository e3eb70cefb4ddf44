/** Collects what the line showed during an exchange, so that the error after a time-out can name the cause. */
import type { CodesOf } from "../../errors";
import { type DlmsError, DlmsLinkError, DlmsTimeoutError } from "../../errors";
import { looksLike, shownBytes } from "../guess-protocol";
import { prefix } from "../request-prefix";
import { silentAfterAnswers } from "../silent-meter";
import { type HdlcAddress, addressText } from "./address";
import type { FramerReport } from "./framer";
import type { SevenBitEvidence } from "./parity";

export interface Failure {
  /** "connect", "read 1-0:1.8.0*255/2" */
  readonly request: string;
  /** "server 1/17" */
  readonly name: string;
  /** ms that each answer was awaited */
  readonly awaited: number;
  readonly tries: number;
  readonly timeout: CodesOf<"DlmsTimeoutError">;
  /** received bytes of the incomplete answer */
  readonly part: number;
  readonly report: FramerReport;
  /** the received bytes are a frame in seven bits */
  readonly sevenBits?: SevenBitEvidence | undefined;
}

/** Evidence from the line since an exchange began, so that the error can say more than "time-out". */
export class Evidence {
  own = 0;
  echoes = 0;
  notReady = 0;
  /** something about sequence numbers that did not fit */
  sequence: string | undefined;
  #others: string[] = [];
  /** addresses from and to which the meter pushed */
  #pushes: string[] = [];

  /** the meter has answered an earlier exchange of this session */
  #answered = false;

  /** The link is down. */
  clear(): void {
    this.begin();
    this.#answered = false;
  }

  begin(): void {
    this.#answered ||= this.own > 0;
    this.own = this.echoes = this.notReady = 0;
    this.sequence = undefined;
    this.#others = [];
    this.#pushes = [];
  }

  other(source: HdlcAddress, destination: HdlcAddress): string {
    return added(this.#others, source, destination);
  }

  /** The meter pushed to this client, or to another. */
  pushed(source: HdlcAddress, destination: HdlcAddress): void {
    added(this.#pushes, source, destination);
  }

  /** The error for an exchange that ended without an answer. */
  failure(failure: Failure): DlmsError {
    const { request, name, awaited, tries, report } = failure;
    const details = {
      bytes: report.bytes,
      frames: report.frames,
      badCheckSequences: report.badFrames + report.badHeaders,
      echoes: this.echoes,
      others: [...this.#others, ...this.#pushes],
      tries,
      first: shownBytes(report.first),
    };
    const head = `${prefix(request)}${name} did not answer within ${Math.round(awaited)} ms, ${tries} ${tries === 1 ? "try" : "tries"}`;
    const found = this.#finding(failure) ?? this.#withoutFrames(failure);
    const text = `${head}: ${found.text}`;
    if ("timeout" in found) return new DlmsTimeoutError(found.timeout, text, { details });
    return new DlmsLinkError(found.link, text, { details: { ...details, ...found.details } });
  }

  /** What the received frames show; undefined without a valid frame of another station. */
  #finding({ timeout, part, report }: Failure): Finding | undefined {
    if (this.sequence !== undefined) {
      return { link: "LINK_SEQUENCE", text: `${this.sequence}; the link must be set up again` };
    }
    if (part > 0) {
      const text = `the answer stopped after ${part} bytes${badChecks(report)}; check the line, or a smaller maximum information length`;
      return { timeout: "TIMEOUT_INTERFRAME", text };
    }
    if (this.own > 0) {
      const text =
        this.notReady > 0
          ? `it reported receiver not ready ${this.notReady} times, but sent no answer; it may need more time`
          : `some of its frames were received, but not the answer${badChecks(report)}; check the line`;
      return { timeout, text };
    }
    if (this.#others.length > 0) {
      const text = `only frames of other stations were received (${this.#others.join(", ")}); check client and server address`;
      return { link: "LINK_ADDRESS", text };
    }
    if (this.#pushes.length > 0) {
      const text = `it pushed (${this.#pushes.join(", ")}), and did not answer; check the client address, and whether another client holds the meter`;
      return { timeout, text };
    }
    return undefined;
  }

  /** What the received bytes show if none of them is a valid frame of another station. */
  #withoutFrames({ timeout, sevenBits, report }: Failure): Finding {
    if (sevenBits !== undefined) {
      const details = { sevenBits: sevenBits.where };
      return { link: "LINK_FRAME_INVALID", text: sevenBitsText(sevenBits), details };
    }
    if (report.badFrames + report.badHeaders > 0) {
      const text = `${report.bytes} bytes received${badChecks(report)}; check baud rate, wiring and termination`;
      return { link: "LINK_FCS", text };
    }
    if (this.echoes > 0) {
      const text =
        "only our own frames were received (the adapter echoes); the meter itself was silent: check address and wiring";
      return { timeout, text };
    }
    if (report.bytes > 0) {
      const hint = looksLike(report.first, "hdlc");
      const advice = hint === "" ? "check baud rate, parity and framing" : hint;
      return {
        timeout,
        text: `${report.bytes} bytes received, but no valid frame (${shownBytes(report.first)}); ${advice}`,
      };
    }
    if (this.#answered) return { timeout, text: silentAfterAnswers };
    const text =
      "no bytes received; check wiring and baud rate, the server address (logical, physical, size), and whether another client holds the meter";
    return { timeout, text };
  }
}

type Finding =
  | { readonly timeout: CodesOf<"DlmsTimeoutError">; readonly text: string }
  | {
      readonly link: CodesOf<"DlmsLinkError">;
      readonly text: string;
      readonly details?: { readonly sevenBits: SevenBitEvidence["where"] };
    };

/** Pairs of addresses that an error names. */
const maxPairs = 4;

function added(pairs: string[], source: HdlcAddress, destination: HdlcAddress): string {
  const text = `from ${addressText(source)} to ${addressText(destination)}`;
  if (pairs.length < maxPairs && !pairs.includes(text)) pairs.push(text);
  return text;
}

function sevenBitsText({ where, whose }: SevenBitEvidence): string {
  const frames = whose === "own" ? "these are our own frames" : `this is the meter's answer (${whose})`;
  return where === "line"
    ? `${frames} with a parity bit: the line is at 7E1; set it to 8N1 at the meter, the adapter or the gateway`
    : `${frames} without bit 8: the port is at 7E1; set it to 8N1 (serialMode, transport.mode)`;
}

function badChecks(report: FramerReport): string {
  const bad = report.badFrames + report.badHeaders;
  return bad === 0 ? "" : `, ${bad} with a wrong check sequence`;
}
