/** Benchmark: memory and round trips of streamed profiles. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  connect,
  type ConnectOptions,
  createMeter,
  demoKeys,
  type DlmsValue,
  memoryCounterStore,
  parseObis,
} from "../../src";

/**
 * Streaming profiles of {date-time, 4 x double-long-unsigned} from a simulated meter in this process, plain and
 * ciphered: what is alive in memory (after garbage collection) at its highest, beyond what was alive before the first
 * row; and the round trips beyond the blocks that the meter sent, for the first reading and the second.
 */
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const profileName = "1.0.99.1.0.255";
const codes = ["1.0.1.8.0.255", "1.0.2.8.0.255", "1.0.3.8.0.255", "1.0.4.8.0.255"];
const systemTitle = Uint8Array.of(0x42, 0x45, 0x4e, 0, 0, 0, 0, 1);

function alive(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const number = (value: number): DlmsValue => ({ type: "double-long-unsigned", value });
const structure = (...value: DlmsValue[]): DlmsValue => ({ type: "structure", value });

function stamp(i: number): Uint8Array {
  const t = new Date(Date.UTC(2000, 0, 1) + i * 900_000);
  const year = t.getUTCFullYear();
  const [month, day, hour, minute] = [t.getUTCMonth() + 1, t.getUTCDate(), t.getUTCHours(), t.getUTCMinutes()];
  return Uint8Array.of(year >> 8, year & 0xff, month, day, 0xff, hour, minute, 0, 0, 0, 0, 0);
}

function meterWith(rows: number, ciphered: boolean) {
  const capture = (classId: number, code: string): DlmsValue =>
    structure(
      { type: "long-unsigned", value: classId },
      { type: "octet-string", value: parseObis(code) },
      { type: "integer", value: 2 },
      { type: "long-unsigned", value: 0 },
    );
  const scalerUnit = structure({ type: "integer", value: -3 }, { type: "enum", value: 30 });
  return createMeter({
    maxPduSize: 16_384,
    receivedLimit: 10,
    associations: [
      ciphered ? { client: 16, suite: 0, policy: "authenticated-encrypted", ...demoKeys } : { client: 16 },
    ],
    objects: [
      { classId: 8, logicalName: "0.0.1.0.0.255", attributes: { 2: { type: "octet-string", value: stamp(0) } } },
      ...codes.map((code) => ({ classId: 3, logicalName: code, attributes: { 2: number(0), 3: scalerUnit } })),
      {
        classId: 7,
        version: 1,
        logicalName: profileName,
        attributes: {
          3: { type: "array", value: [capture(8, "0.0.1.0.0.255"), ...codes.map((code) => capture(3, code))] },
          4: number(900),
          5: { type: "enum", value: 1 },
          7: number(rows),
          8: number(rows),
        },
        rows: {
          count: () => rows,
          row: (i) => [{ type: "octet-string", value: stamp(i) }, ...codes.map((_, c) => number(1000 * c + i))],
        },
      },
    ],
  });
}

async function stream(rows: number, ciphered: boolean): Promise<void> {
  const meter = meterWith(rows, ciphered);
  const security = {
    suite: 0,
    policy: "authenticated-encrypted",
    ...demoKeys,
    invocationCounter: memoryCounterStore(1),
  } as const;
  const options: ConnectOptions = {
    transport: meter.transport(),
    client: { sap: 16, systemTitle },
    server: { logical: 1 },
    association: { maxPduSize: 16_384 },
    ...(ciphered ? { security } : {}),
  };
  const client = await connect(options);
  const extra: number[] = [];
  let peak = 0;
  for (let round = 0; round < 2; round++) {
    const before = client.statistics.roundTrips;
    let blocks = 0;
    let count = 0;
    const base = alive();
    for await (const row of client.profile(profileName, undefined, { onProgress: (p) => (blocks = p.blocks) })) {
      if (Object.keys(row).length !== 5) throw new Error("a row is not whole");
      if (count++ % Math.ceil(rows / 20) === 0 || count === rows) peak = Math.max(peak, alive() - base);
    }
    if (count !== rows) throw new Error(`expected ${rows} rows, got ${count}`);
    extra.push(client.statistics.roundTrips - before - blocks);
  }
  await client.close();
  const [first, second] = extra;
  console.log(
    `  ${String(rows).padStart(8)} rows ${ciphered ? "ciphered" : "plain   "}  ${(peak / 1e6).toFixed(2).padStart(6)} MB at most, ` +
      `${first} round trips besides the blocks the first time, ${second} later`,
  );
}

async function main(): Promise<void> {
  console.log("memory while streaming a profile, blocks of 16 kB, after garbage collection:");
  for (const ciphered of [false, true])
    for (const rows of [10_000, 100_000, Number(process.argv[2] ?? 1_000_000)]) await stream(rows, ciphered);
}

void main();
