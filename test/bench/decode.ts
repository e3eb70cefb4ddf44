import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ByteWriter } from "../../src/bytes";
import { ArrayElementStream, decodeValueBytes } from "../../src/codec";
import { createRowMapper, profileColumns } from "../../src/cosem";

/**
 * Decoding 1 MB of profile rows {date-time, 4 x double-long-unsigned} to plain values, and to rows with dates,
 * scaling and column names; beside it Gurux' Java decoder and profile reader on the same payload.
 */
const root = join(__dirname, "..", "..");
const rowBytes = 2 + 14 + 4 * 5;
const rows = Math.floor(1_000_000 / rowBytes);
const rounds = 60;

function payload(): Uint8Array {
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

/** Median of the second half, in MB/s. */
function rate(bytes: number, work: () => number): number {
  const times: number[] = [];
  let sink = 0;
  for (let i = 0; i < rounds; i++) {
    const start = process.hrtime.bigint();
    sink += work();
    times.push(Number(process.hrtime.bigint() - start));
  }
  if (sink !== rounds * rows) throw new Error(`expected ${rounds * rows} rows, got ${sink}`);
  const warm = times.slice(rounds / 2).sort((a, b) => a - b);
  return bytes / ((warm[Math.floor(warm.length / 2)] ?? Number.NaN) / 1e9) / 1e6;
}

function main(): void {
  const bytes = payload();
  const objects = [
    { classId: 8, logicalName: "0.0.1.0.0.255", attributeId: 2, dataIndex: 0 },
    ...[1, 2, 3, 4].map((c) => ({ classId: 3, logicalName: `1.0.${c}.8.0.255`, attributeId: 2, dataIndex: 0 })),
  ];
  const columns = profileColumns(objects, (object) =>
    object.classId === 3 ? { scaler: -3, unitCode: 30 } : undefined,
  );
  const plain = rate(bytes.length, () => (decodeValueBytes(bytes).value as readonly unknown[]).length);
  const mapped = rate(bytes.length, () => {
    const map = createRowMapper(columns, { capturePeriod: 900 });
    const stream = new ArrayElementStream();
    let count = 0;
    for (const element of stream.push(bytes).elements) {
      map(element);
      count++;
    }
    return count;
  });
  console.log(`decoding ${bytes.length} bytes of profile rows, median of the warm half of ${rounds}:`);
  console.log(`  to values            ${plain.toFixed(1)} MB/s`);
  console.log(`  to rows              ${mapped.toFixed(1)} MB/s`);

  const target = join(root, "test", "interop", "java", "target");
  if (!existsSync(join(target, "interop-peer.jar"))) {
    console.log("  Gurux Java: not built (npm run interop:setup)");
    return;
  }
  const file = join(root, ".cache", "profile.bin");
  mkdirSync(join(root, ".cache"), { recursive: true });
  writeFileSync(file, bytes);
  const classPath = `${join(target, "interop-peer.jar")}:${join(target, "lib", "*")}`;
  const args = ["-cp", classPath, "peer.Main", "bench-decode", "--file", file, "--rounds", String(rounds)];
  const result = spawnSync("java", args, { encoding: "utf8" });
  const peer = JSON.parse(result.stdout) as { plainMBps: number; rowsMBps: number };
  console.log(
    `  Gurux Java to values ${peer.plainMBps.toFixed(1)} MB/s  (ours ${(plain / peer.plainMBps).toFixed(2)} x)`,
  );
  console.log(
    `  Gurux Java to rows   ${peer.rowsMBps.toFixed(1)} MB/s  (ours ${(mapped / peer.rowsMBps).toFixed(2)} x)`,
  );
}

main();
