/** Drives a simulated meter by hand, hex in and hex out. */
import { fromHex, toHex } from "../../../src/bytes";
import type { SimulatedMeter } from "../../../src/simulator";
import { wpdu } from "../../support/apdus";

/** A line to a simulated meter that the test drives: hex in, hex out, without a transport. */
export interface HandLine {
  /** Bytes that the meter sent since the last call, one entry for each piece. */
  exchange(hex: string): string[];
  /** One APDU in the wrapper from this client; returns the APDUs of the answer, with headers checked and removed. */
  apdu(hex: string, client?: number): string[];
  taken(): string[];
  readonly dropped: string[];
  close(): void;
}

export function openLine(meter: Pick<SimulatedMeter, "connect">, logical = 1): HandLine {
  let out: string[] = [];
  const dropped: string[] = [];
  const peer = meter.connect({
    send: (bytes) => out.push(toHex(bytes)),
    drop: (reason = "") => dropped.push(reason),
  });
  const taken = (): string[] => {
    const all = out;
    out = [];
    return all;
  };
  const exchange = (hex: string): string[] => {
    peer.receive(fromHex(hex));
    return taken();
  };
  return {
    exchange,
    taken,
    dropped,
    apdu: (hex, client = 16) => {
      return exchange(wpdu(client, logical, hex.replace(/\s/g, ""))).map((frame) => {
        const expected = wpdu(logical, client, frame.slice(16));
        if (frame !== expected) throw new Error(`wrapper header of ${frame}, expected ${expected.slice(0, 16)}`);
        return frame.slice(16);
      });
    },
    close: () => {
      peer.closed();
    },
  };
}
