/** Simulated meters and the bench that joins one with a client on a virtual clock. */
import type { DlmsValue } from "../../src/codec/value";
import type { ClientParts } from "../../src/client/connection/establish";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import type { ConnectOptions } from "../../src/client/options/options";
import { type Behaviour, createMeter, type MeterDefinition, type SimulatedMeter } from "../../src/simulator";
import type { SimulatedObject } from "../../src/simulator/definition/definition";
import { VirtualClock } from "./virtual-clock";

export const number = (value: number): DlmsValue => ({ type: "double-long-unsigned", value });

/** A Register with a scaler of -1 and the unit Wh unless told otherwise. */
export function register(logicalName: string, value: number, scaler = -1, unitCode = 30): SimulatedObject {
  return {
    classId: 3,
    logicalName,
    attributes: {
      2: number(value),
      3: {
        type: "structure",
        value: [
          { type: "integer", value: scaler },
          { type: "enum", value: unitCode },
        ],
      },
    },
  };
}

/** 1.0.1.8.<n>.255 with the value 1000 + n, n from 0. */
export function registers(count: number): SimulatedObject[] {
  return Array.from({ length: count }, (_, n) => register(`1.0.1.8.${n}.255`, 1000 + n));
}

export const registerRef = (
  n: number,
  attributeId = 2,
): { classId: number; logicalName: string; attributeId: number } => ({
  classId: 3,
  logicalName: `1.0.1.8.${n}.255`,
  attributeId,
});

export interface Bench {
  readonly clock: VirtualClock;
  readonly meter: SimulatedMeter;
  readonly client: DlmsClient;
}

/** Joins a client and a simulated meter on one virtual clock by an in-memory line. */
export function bench(
  definition: Partial<MeterDefinition> = {},
  options: Partial<ConnectOptions> = {},
  behaviours: readonly Behaviour[] = [],
  parts: Partial<ClientParts> = {},
): Bench {
  const clock = new VirtualClock();
  const meter = createMeter(
    { associations: [{ client: 16 }], objects: registers(5), maxPduSize: 4096, ...definition },
    { clock },
  );
  if (behaviours.length > 0) meter.use(...behaviours);
  const client = new DlmsClient(
    {
      transport: meter.transport(),
      client: { sap: 16 },
      server: { logical: 1 },
      clock,
      // no jitter
      random: (count) => new Uint8Array(count).fill(0xff),
      ...(definition.framing === "HDLC" ? { link: { kind: "hdlc" } } : {}),
      ...options,
    },
    { lines: new SharedLines(), ...parts },
  );
  return { clock, meter, client };
}

/** The names of the requests that the meter received. */
export function requests(meter: SimulatedMeter): string[] {
  return meter.received.flatMap((item) => (item.kind === "apdu" ? [item.apdu.apdu] : []));
}

/** Leaves requests unanswered for which `when` returns true. */
export function silentWhen(when: (request: string) => boolean): Behaviour {
  return { name: "silent", request: (request) => (when(request.apdu) ? [] : undefined) };
}
