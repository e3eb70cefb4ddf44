import { fromHex, toHex } from "../../../src/bytes";
import type { SimulatedMeter } from "../../../src/simulator";

/** A line to a simulated meter that is driven by hand: hex in, hex out, nothing in between. */
export interface HandLine {
  /** What came out of the meter since the last call, one entry for each piece that it put on the line. */
  exchange(hex: string): string[];
  /** One APDU in the wrapper from this client; the APDUs that came back, headers checked and taken off. */
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
  const word = (value: number): string => value.toString(16).padStart(4, "0");
  const exchange = (hex: string): string[] => {
    peer.receive(fromHex(hex));
    return taken();
  };
  return {
    exchange,
    taken,
    dropped,
    apdu: (hex, client = 16) => {
      const bytes = hex.replace(/\s/g, "");
      const answers = exchange(`0001${word(client)}${word(logical)}${word(bytes.length / 2)}${bytes}`);
      return answers.map((frame) => {
        const header = `0001${word(logical)}${word(client)}${word(frame.length / 2 - 8)}`;
        if (!frame.startsWith(header)) throw new Error(`wrapper header of ${frame}, expected ${header}`);
        return frame.slice(16);
      });
    },
    close: () => {
      peer.closed();
    },
  };
}

/** AARQ of the Green Book's example: LN, no authentication, conformance 007E1F, PDU 1200. */
export const AARQ_NONE = "601da109060760857405080101be10040e01000000065f1f0400007e1f04b0";
/** The same with LLS and the password "12345678". */
export const AARQ_LLS =
  "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400007e1f04b0";

/** aarqWith(pduSize, conformance): the example's AARQ with another proposal. */
export function aarqWith(pduSize: number, conformance = "007e1f"): string {
  return `601da109060760857405080101be10040e01000000065f1f0400${conformance}${pduSize.toString(16).padStart(4, "0")}`;
}
