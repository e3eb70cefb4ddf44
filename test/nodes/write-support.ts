// A flow with a dlms-write, and a meter with values that may be written.
import { type MeterDefinition, householdDefinition, type SimulatedObject } from "../../src";
import { ask, flowFor, type Message, type Result, type RunningMeter } from "./support";

type Flow = ReturnType<typeof flowFor>;

/** The flow of `flowFor`, with a dlms-write named `write` beside its read. */
export function writeFlow(port: number, write: object = {}, meter: object = {}): Flow {
  return [
    ...flowFor(port, {}, { allowWriting: "ALL", ...meter }),
    {
      ...{ id: "write", type: "dlms-write", z: "tab", x: 0, y: 0, version: 1, meter: "meter" },
      ...{ action: "WRITE", logicalName: "0-0:96.50.0*255", objectType: "DATA", attributeId: "2" },
      wires: [["out"]],
      ...write,
    },
  ];
}

/** Values to be written: a number, a text, a register in tenths of a volt, and an open type. */
const writable: readonly SimulatedObject[] = [
  {
    ...{ classId: 1, logicalName: "0.0.96.50.0.255", writable: [2] },
    attributes: { 2: { type: "double-long-unsigned", value: 7 } },
  },
  {
    ...{ classId: 1, logicalName: "0.0.96.50.1.255", writable: [2] },
    attributes: { 2: { type: "visible-string", value: "cellar" } },
  },
  {
    ...{ classId: 3, logicalName: "1.0.12.31.0.255", writable: [2] },
    attributes: {
      2: { type: "long-unsigned", value: 2300 },
      3: {
        type: "structure",
        value: [
          { type: "integer", value: -1 },
          { type: "enum", value: 35 },
        ],
      },
    },
    methods: { 1: () => undefined },
  },
  {
    ...{ classId: 1, logicalName: "0.0.96.50.2.255", denied: [2], writable: [2] },
    attributes: { 2: { type: "unsigned", value: 1 } },
  },
];

export function writableMeter(more: Partial<MeterDefinition> = {}): MeterDefinition {
  const household = householdDefinition();
  return { ...household, ...more, objects: [...household.objects, ...writable] };
}

/** Sends a message into the write node and waits for its outcome. */
export const write = (msg: object = {}): Promise<Result> => ask(msg, "write");

export async function written(msg: object = {}): Promise<Message & { dlms: Record<string, unknown> }> {
  const { sent, caught } = await write(msg);
  if (sent?.dlms === undefined) throw new Error(`expected a message, got ${JSON.stringify(caught?.dlmsError)}`);
  return { ...sent, dlms: sent.dlms };
}

export async function refused(msg: object = {}): Promise<NonNullable<Message["dlmsError"]>> {
  const { sent, caught } = await write(msg);
  if (caught?.dlmsError === undefined) throw new Error(`expected an error, got ${JSON.stringify(sent?.dlms)}`);
  return caught.dlmsError;
}

/** The requests that arrive at a meter from now on, by their APDU. */
export function requestsOf({ meter }: Pick<RunningMeter, "meter">): string[] {
  const list: string[] = [];
  meter.use({
    name: "lists requests",
    request: ({ apdu }) => {
      list.push(apdu);
      return undefined;
    },
  });
  return list;
}

export const isWrite = (apdu: string): boolean => /^(set|action|write)-request/.test(apdu);
