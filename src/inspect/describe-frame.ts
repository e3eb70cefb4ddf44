/** Describes a frame as lines of text. */
import { controlText, type HdlcAddress } from "../link";
import { apduLines, attempt, type InspectOptions } from "./describe-apdu";
import { indent } from "./data";
import { decodeFrame, type Frame, type HdlcFrameInfo } from "./frame";
import type { BytesLike } from "./input";
import { carriesSecret } from "./secrets";
import { TextRoom } from "./text-room";

/** A link frame with its APDU as a readable tree, secrets masked. Never throws for unreadable bytes. */
export function describeFrame(input: BytesLike, link: "hdlc" | "wrapper", options: InspectOptions = {}): string {
  return attempt(() => frameLines(decodeFrame(input, link), options)).join("\n");
}

export function frameLines(frame: Frame, options: InspectOptions = {}): string[] {
  if (frame.link === "wrapper") {
    return [
      `wrapper ${frame.source} -> ${frame.destination}, ${frame.payload.length} bytes`,
      ...indent(payloadLines(frame, options)),
    ];
  }
  const route = `${addressText(frame.source)} -> ${addressText(frame.destination)}`;
  const head = `HDLC ${controlText(frame.control)}, ${route}${frame.segmented ? ", segmented" : ""}`;
  return [head, ...indent([...hdlcDetails(frame), ...payloadLines(frame, options)])];
}

function hdlcDetails({ parameters, rejected }: HdlcFrameInfo): string[] {
  if (rejected !== undefined) return [rejected];
  if (parameters === undefined) return [];
  const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = parameters;
  return [
    `transmits at most ${maxInfoTransmit} bytes in a window of ${windowTransmit}`,
    `receives at most ${maxInfoReceive} bytes in a window of ${windowReceive}`,
  ];
}

function payloadLines(frame: Frame, options: InspectOptions): string[] {
  const { payload, apdu, apdus } = frame;
  if (apdus) return apdus.flatMap((each) => apduLines(each, options));
  if (apdu) return apduLines(apdu, options);
  if (payload === undefined || payload.length === 0) return [];
  const shown = options.hlsAnswer || carriesSecret(payload) ? "masked" : new TextRoom().hex(payload);
  return [`${payload.length} bytes of an APDU: ${shown}`];
}

function addressText({ logical, physical }: HdlcAddress): string {
  return physical === undefined ? String(logical) : `${logical}/${physical}`;
}
