/** Benchmark: decoding of profile rows. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ByteWriter } from "../../src/bytes";
import { decodePlainBytes, decodeValueBytes, ElementStream, type PlainValue } from "../../src/codec";
import { RowTable } from "../../src/client/profile/row-table";
import { createTimedRowReader, profileColumns, type ProfileRow } from "../../src/cosem";

/**
 * Decoding about 1 MB of profile rows {date-time, 4 x double-long-unsigned}: to plain values (numbers, bytes, arrays; the
 * Java decoder beside it makes the like: boxed numbers, byte arrays, lists), all at once as Java does, or block by block
 * as they come from a meter and are let go (only that is not held until the end), to values with their types, which Java's
 * does not keep, and to rows with dates, scaling and column names, in blocks as they come from a meter; beside it
 * Gurux' Java profile reader. Results are kept until all are there, on both sides. Two figures each, over the second
 * half of the rounds: the median by the clock, and the mean by the processor time of the whole process, which has all
 * garbage collection in it and is disturbed less by other processes.
 *
 * The rounds decode different numbers of rows. With equal ones, collections fall on the same place of each round (a
 * result takes a third of V8's young generation): those of one process copy nothing, those of the next the whole
 * result each time, so that the same code seems to be twice as fast or slow from one start to the next.
 */
const root = join(__dirname, "..", "..");
const rowBytes = 2 + 14 + 4 * 5;
const rows = Math.floor(1_000_000 / rowBytes);
/** rows of the rounds in turn, in parts of `rows` */
const parts = [1, 0.83, 1.21, 0.94, 1.13, 0.77, 1.06, 1.27, 0.71, 0.89, 1.17];
const rounds = 160;
const blockBytes = 4000;

function payload(rows: number): Uint8Array {
  const writer = new ByteWriter(1 << 20);
  writer.u8(1).u8(0x82).u16(rows);
  for (let i = 0; i < rows; i++) {
    const time = new Date(Date.UTC(2025, 0, 1) + i * 900_000);
    writer
      .u8(2)
      .u8(5)
      .u8(9)
      .u8(12)
      .u16(time.getUTCFullYear())
      .u8(time.getUTCMonth() + 1)
      .u8(time.getUTCDate());
    writer.u8(0xff).u8(time.getUTCHours()).u8(time.getUTCMinutes()).u8(0).u8(0).i16(-60).u8(0);
    for (let column = 1; column <= 4; column++) writer.u8(6).u32(1_000_000 * column + 13 * i);
  }
  return writer.toBytes();
}

interface Payload {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** MB/s over the second half of the rounds. */
interface Rate {
  readonly median: number;
  readonly mean: number;
}

function rate(payloads: readonly Payload[], work: (bytes: Uint8Array) => number): Rate {
  const rates: number[] = [];
  let total = 0;
  let cpu = process.cpuUsage();
  for (let i = 0; i < rounds; i++) {
    const { bytes, rows } = payloads[i % payloads.length] ?? { bytes: new Uint8Array(0), rows: 0 };
    if (i === rounds / 2) cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    const count = work(bytes);
    const time = Number(process.hrtime.bigint() - start);
    if (count !== rows) throw new Error(`expected ${rows} rows, got ${count}`);
    if (i < rounds / 2) continue;
    rates.push((bytes.length * 1e3) / time);
    total += bytes.length;
  }
  const { user, system } = process.cpuUsage(cpu);
  rates.sort((a, b) => a - b);
  return { median: rates[Math.floor(rates.length / 2)] ?? Number.NaN, mean: total / (user + system) };
}

function report(name: string, own: Rate, beside?: Rate): void {
  const times = (kind: keyof Rate): string => (beside ? ` (ours ${(beside[kind] / own[kind]).toFixed(2)} x)` : "");
  const part = (kind: keyof Rate): string => `${own[kind].toFixed(1).padStart(7)} MB/s${times(kind)}`;
  console.log(`  ${name.padEnd(21)} median ${part("median")}, mean ${part("mean")}`);
}

function main(): void {
  const payloads = parts.map((part) => {
    const count = Math.floor(rows * part);
    return { bytes: payload(count), rows: count };
  });
  const objects = [
    { classId: 8, logicalName: "0.0.1.0.0.255", attributeId: 2, dataIndex: 0 },
    ...[1, 2, 3, 4].map((c) => ({ classId: 3, logicalName: `1.0.${c}.8.0.255`, attributeId: 2, dataIndex: 0 })),
  ];
  const columns = profileColumns(objects, (object) =>
    object.classId === 3 ? { scaler: -3, unitCode: 30 } : undefined,
  );
  const plain = rate(payloads, (bytes) => (decodePlainBytes(bytes) as readonly unknown[]).length);
  const streamed = rate(payloads, (bytes) => {
    const stream = new ElementStream<PlainValue>({
      fromBytes: (cursor) => cursor.plain(),
      fromValue: (value) => value.value as PlainValue,
      stateless: true,
    });
    let count = 0;
    for (let at = 0; at < bytes.length; at += blockBytes) {
      count += stream.push(bytes.subarray(at, at + blockBytes)).elements.length;
    }
    return count;
  });
  const tagged = rate(payloads, (bytes) => (decodeValueBytes(bytes).value as readonly unknown[]).length);
  const mapped = rate(payloads, (bytes) => {
    const stream = new ElementStream(createTimedRowReader(columns, { capturePeriod: 900, timeKey: columns[0]?.key }));
    const table = new RowTable<ProfileRow>();
    for (let at = 0; at < bytes.length; at += blockBytes) {
      table.push(stream.push(bytes.subarray(at, at + blockBytes)).elements.map(({ row }) => row));
    }
    return table.all().length;
  });
  console.log(`decoding about ${rows * rowBytes} bytes of profile rows, second half of ${rounds} rounds:`);
  report("to plain values", plain);
  report("the same, streamed", streamed);
  report("to typed values", tagged);
  report("to rows", mapped);

  const target = join(root, "test", "interop", "java", "target");
  if (!existsSync(join(target, "interop-peer.jar"))) {
    console.log("  Gurux Java: not built (npm run interop:setup)");
    return;
  }
  const file = join(root, ".cache", "profile.bin");
  mkdirSync(join(root, ".cache"), { recursive: true });
  writeFileSync(file, payload(rows));
  const classPath = `${join(target, "interop-peer.jar")}:${join(target, "lib", "*")}`;
  const args = ["-cp", classPath, "peer.Main", "bench-decode", "--file", file, "--rounds", String(rounds)];
  const result = spawnSync("java", args, { encoding: "utf8" });
  const peer = JSON.parse(result.stdout.split("\n").find((line) => line.startsWith("{")) ?? "{}") as {
    values: Rate;
    rows: Rate;
  };
  report("Gurux Java to values", peer.values, plain);
  report("the same, streamed", peer.values, streamed);
  report("Gurux Java to rows", peer.rows, mapped);
}

main();
