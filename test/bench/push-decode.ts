/** Benchmark: decoding of ciphered pushes to named, scaled values, compared with Gurux for Java on the same bytes. */
import { createCipheriv } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeApdu } from "../../src/apdu";
import { encodeValueBytes, type DlmsValue } from "../../src/codec";
import { parseObis } from "../../src/cosem";
import { encodeWpdu } from "../../src/link";
import { PushDecoder } from "../../src/push";

const key = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const authenticationKey = Buffer.from("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf", "hex");
const systemTitle = Buffer.from("4d4d4d0000bc614e", "hex");
const registers = ["1.8.0", "2.8.0", "3.8.0", "4.8.0", "1.7.0", "2.7.0", "32.7.0", "52.7.0", "72.7.0", "31.7.0"];
const scalers = [0, 0, 0, 0, 0, 0, -1, -1, -1, -2];
const units = [30, 30, 32, 32, 27, 27, 35, 35, 35, 33];
const count = 2000;
const rounds = Number(process.argv[2] ?? 40);

/** Suite 0, authenticated and encrypted, in general-glo-ciphering over the wrapper. */
function push(counter: number): Uint8Array {
  const items = registers.map((groups, i): DlmsValue => ({
    type: "structure",
    value: [
      { type: "octet-string", value: parseObis(`1.0.${groups}.255`) },
      { type: "double-long-unsigned", value: 1_000_000 * i + counter },
      {
        type: "structure",
        value: [
          { type: "integer", value: scalers[i] ?? 0 },
          { type: "enum", value: units[i] ?? 255 },
        ],
      },
    ],
  }));
  const dateTime = Uint8Array.from(Buffer.from("07ea071e030c0005ffff8880", "hex"));
  const data = encodeValueBytes({ type: "array", value: items });
  const plain = encodeApdu({ apdu: "data-notification", longInvokeId: counter, dateTime, data });
  const header = Buffer.alloc(5);
  header.writeUInt8(0x30);
  header.writeUInt32BE(counter, 1);
  const iv = Buffer.concat([systemTitle, header.subarray(1)]);
  const cipher = createCipheriv("aes-128-gcm", key, iv, { authTagLength: 12 });
  cipher.setAAD(Buffer.concat([header.subarray(0, 1), authenticationKey]));
  const encrypted = Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const apdu = encodeApdu({ apdu: "general-glo-ciphering", systemTitle, content: encrypted });
  return encodeWpdu({ source: 1, destination: 102, apdu });
}

interface Decoded {
  readonly sum: number;
  /** of the last push */
  readonly time: string | null;
}

function decode(pushes: readonly Uint8Array[]): Decoded {
  const decoder = new PushDecoder({ framing: "wrapper", keys: { encryptionKey: key, authenticationKey, systemTitle } });
  let sum = 0;
  let last: string | null = null;
  for (const bytes of pushes) {
    for (const { values, time } of decoder.add(bytes, 0)) {
      sum += values["1.0.32.7.0.255"] as number;
      last = time;
    }
  }
  return { sum, time: last };
}

function main(): void {
  const pushes = Array.from({ length: count }, (_, i) => push(i + 1));
  const rates: number[] = [];
  let decoded: Decoded = { sum: 0, time: null };
  let cpu = process.cpuUsage();
  for (let round = 0; round < rounds; round++) {
    if (round === rounds / 2) cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    decoded = decode(pushes);
    rates.push((count * 1e9) / Number(process.hrtime.bigint() - start));
  }
  const { user, system } = process.cpuUsage(cpu);
  const warm = rates.slice(rounds / 2).sort((a, b) => a - b);
  const file = join(process.cwd(), ".cache", "pushes.bin");
  mkdirSync(join(process.cwd(), ".cache"), { recursive: true });
  writeFileSync(file, Buffer.concat(pushes));
  const median = warm[Math.floor(warm.length / 2)] ?? Number.NaN;
  const mean = (count * (rounds / 2) * 1e6) / (user + system);
  console.log(JSON.stringify({ pushes: count, bytes: pushes[0]?.length, ...decoded, median, mean, file }));
}

main();
