/** Benchmark: the CPU cost of ciphering. */
import { type ChildProcess, spawn } from "node:child_process";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { extname, join } from "node:path";
import { attribute, connect, type DlmsClient, fromHex, memoryCounterStore } from "../../src";
import { answer, cipherKeys, clientTitle, lessons, request } from "./cipher-setup";

/**
 * What ciphering (suite 0, authenticated and encrypted) adds to the CPU of a register read over loopback TCP, beside a
 * bare createCipheriv and createDecipheriv on the same bytes. The meter is a separate process whose answers were
 * ciphered beforehand, so that only the client's work is counted and both kinds of read wait equally long. The
 * benchmark measures processor time (user and system). Plain reads, ciphered reads and bare pairs take turns in
 * batches, and the medians are compared.
 */
const batch = 250;
const warmUp = 12;
const rounds = 60;

const energy = attribute("REGISTER", "1-0:1.8.0*255", "value");
const title = fromHex(clientTitle);

async function reads(client: DlmsClient): Promise<void> {
  for (let i = 0; i < batch; i++) {
    const { value, unit } = await client.read(energy);
    if (value !== 12345678 || unit !== "Wh") throw new Error(`wrong value ${String(value)}`);
  }
}

let counter = 1;
const plainRequest = fromHex(request);
const plainAnswer = fromHex(answer);
const aad = Buffer.concat([Buffer.of(0x30), cipherKeys.authenticationKey]);
const key = cipherKeys.encryptionKey;
const options = { authTagLength: 12 } as const;

function iv(): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.set(title);
  bytes.writeUInt32BE(counter++, 8);
  return bytes;
}

function seal(nonce: Buffer, plaintext: Uint8Array): { text: Buffer; tag: Buffer } {
  const cipher = createCipheriv("aes-128-gcm", key, nonce, options);
  cipher.setAAD(aad);
  const text = cipher.update(plaintext);
  cipher.final();
  return { text, tag: cipher.getAuthTag() };
}

const answerNonce = iv();
const sealedAnswer = seal(answerNonce, plainAnswer);

/** One request sealed, one answer opened. */
function pair(): void {
  seal(iv(), plainRequest);
  const decipher = createDecipheriv("aes-128-gcm", key, answerNonce, options);
  decipher.setAAD(aad);
  decipher.setAuthTag(sealedAnswer.tag);
  decipher.update(sealedAnswer.text);
  decipher.final();
}

function pairs(): Promise<void> {
  for (let i = 0; i < batch; i++) pair();
  return Promise.resolve();
}

/** µs of processor time for one of a batch. */
async function cost(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / batch;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function startMeter(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, [...process.execArgv, join(__dirname, `cipher-meter${extname(__filename)}`)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the meter ended with ${code}`)));
    child.stdout.once("data", (text) => resolve({ child, port: Number(String(text).trim()) }));
  });
}

async function main(): Promise<void> {
  const { child, port } = await startMeter();
  const common = { transport: { kind: "tcp", host: "127.0.0.1", port }, server: { logical: 1 } } as const;
  const plain = await connect({ ...common, client: { sap: 16 } });
  // before the other: the meter learns from it how a client asks
  for (let i = 0; i < lessons; i++) await plain.read(energy);
  // the two share one connection, so both pay the same for it
  const ciphered = await connect({
    ...common,
    client: { sap: 1, systemTitle: title },
    security: { suite: 0, policy: "authenticated-encrypted", ...cipherKeys, invocationCounter: memoryCounterStore() },
  });
  const costs = { plain: [] as number[], ciphered: [] as number[], pair: [] as number[] };
  for (let round = -warmUp; round < rounds; round++) {
    const one = await cost(() => reads(plain));
    const other = await cost(() => reads(ciphered));
    const bare = await cost(pairs);
    if (round < 0) continue;
    costs.plain.push(one);
    costs.ciphered.push(other);
    costs.pair.push(bare);
  }
  await plain.close();
  await ciphered.close();
  child.kill();
  const extra = median(costs.ciphered.map((value, i) => value - (costs.plain[i] ?? 0)));
  const bare = median(costs.pair);
  const line = (what: string, value: number): void => {
    console.log(`  ${what.padEnd(52)}${value.toFixed(1).padStart(6)} us`);
  };
  console.log(`processor time of one register read, median of ${rounds} batches of ${batch}, client only:`);
  line("plain", median(costs.plain));
  line("ciphered: suite 0, authenticated and encrypted", median(costs.ciphered));
  line("what ciphering adds", extra);
  line("bare createCipheriv + createDecipheriv, same bytes", bare);
  console.log(`  ciphering adds ${(extra / bare).toFixed(2)} x the bare pair (wanted: at most 2)`);
}

void main();
