/** Child process that reads a recorded session. */
import { readFileSync } from "node:fs";
import { connect, fileReceivedCounters, fromHex, isDlmsError, memoryCounterStore } from "../../src/index";
import { registerRef } from "./meters";
import { replayTransport } from "./recorded-session";

/** A separate process that receives a recorded session: prints the values it reads, or the code of its error. */
interface Given {
  readonly counters: string;
  readonly key: string;
  readonly recording: readonly string[];
}

async function run(): Promise<string> {
  const { counters, key, recording } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Given;
  try {
    const client = await connect({
      transport: replayTransport(recording.map((message) => fromHex(message))),
      client: { sap: 1, systemTitle: fromHex("4d4d4d0000000a01") },
      server: { logical: 1 },
      security: {
        suite: 0,
        policy: "authenticated-encrypted",
        encryptionKey: fromHex(key),
        authenticationKey: fromHex(key),
        invocationCounter: memoryCounterStore(),
        receivedCounters: fileReceivedCounters(counters),
      },
      timeouts: { response: 2000, retries: 0 },
    });
    const { value } = await client.read(registerRef(0));
    await client.close();
    return `value ${String(value)}`;
  } catch (error) {
    return isDlmsError(error) ? error.code : String(error);
  }
}

void run().then((line) => {
  console.log(line);
});
