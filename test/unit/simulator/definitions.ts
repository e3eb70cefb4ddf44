/** Definitions of the meters in these tests. */
import type { MeterDefinition, SimulatedObject } from "../../../src/simulator";

const u32 = (value: number) => ({ type: "double-long-unsigned", value }) as const;
const scaler = {
  type: "structure",
  value: [
    { type: "integer", value: -3 },
    { type: "enum", value: 30 },
  ],
} as const;

/** 40 octets, 00 to 27. */
export const longOctets = Uint8Array.from({ length: 40 }, (_, index) => index);

export const objects: readonly SimulatedObject[] = [
  { classId: 3, logicalName: "1.0.1.8.0.255", attributes: { 2: u32(1005), 3: scaler } },
  { classId: 1, logicalName: "0.0.96.1.0.255", attributes: { 2: { type: "octet-string", value: longOctets } } },
  {
    classId: 1,
    logicalName: "0.0.96.1.1.255",
    attributes: { 2: u32(7), 3: u32(8) },
    writable: [2, 3],
    denied: [3],
  },
  {
    classId: 8,
    logicalName: "0.0.1.0.0.255",
    attributes: { 2: { type: "octet-string", value: new Uint8Array(12) } },
    writable: [2],
  },
];

/** Client 16 without authentication, client 17 with a password. */
export const plain: MeterDefinition = {
  maxPduSize: 1024,
  associations: [{ client: 16 }, { client: 17, mechanism: "lls", secret: "12345678" }],
  objects,
};

/** Green Book's example keys and meter title. */
export const exampleKeys = {
  encryptionKey: Uint8Array.from({ length: 16 }, (_, index) => index),
  authenticationKey: Uint8Array.from({ length: 16 }, (_, index) => 0xd0 + index),
} as const;
