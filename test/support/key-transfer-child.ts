/** Child process that transfers keys to a meter on a TCP port, and kills itself at one step. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { connect, fromHex, type KeyTransferStore, transferKeys } from "../../src";

const [port = "", file = "", dieAt = ""] = process.argv.slice(2);

function step(name: string): void {
  writeSync(1, `${name}\n`);
  if (name === dieAt) process.kill(process.pid, "SIGKILL");
}

/** A small store: a new file takes the place of the old one when it is complete. */
const store: KeyTransferStore = {
  keep: (state, keys) => {
    step(`${state}: before`);
    const handle = openSync(`${file}.new`, "w");
    step(`${state}: opened`);
    writeSync(handle, JSON.stringify({ state, encryption: Buffer.from(keys.encryption ?? []).toString("hex") }));
    step(`${state}: written`);
    fsyncSync(handle);
    closeSync(handle);
    step(`${state}: synced`);
    renameSync(`${file}.new`, file);
    step(`${state}: stored`);
    return Promise.resolve();
  },
};

async function run(): Promise<void> {
  const client = await connect({
    transport: { kind: "tcp", host: "127.0.0.1", port: Number(port) },
    client: { sap: 16 },
    server: { logical: 1 },
  });
  step("connected");
  let events = 0;
  client.on("trace", (event) => {
    step(`trace ${++events} ${event.kind}`);
  });
  await transferKeys(client, {
    keys: { encryption: fromHex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf") },
    masterKey: fromHex("000102030405060708090a0b0c0d0e0f"),
    store,
  });
  step("done");
  await client.close();
}

void run();
