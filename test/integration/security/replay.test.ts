/** Recorded sessions are rejected. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../../src/client";
import { SharedLines } from "../../../src/driver/shared-line";
import type { AuthenticationOptions, ConnectOptions } from "../../../src/client/options/options";
import { memoryCounterStore, memoryReceivedCounters, type ReceivedCounterStore } from "../../../src/security";
import { createMeter } from "../../../src/simulator";
import type { Transport } from "../../../src/transport";
import { registerRef, registers } from "../../support/meters";
import { type Recording, recordingTransport, replayTransport } from "../../support/recorded-session";
import { VirtualClock } from "../../support/virtual-clock";
import { clientTitle } from "./secured";

const secret = "replay-secret";
const accounts: Readonly<Record<"none" | "lls", AuthenticationOptions>> = {
  none: { mechanism: "none" },
  lls: { mechanism: "lls", secret },
};

/** A key that no other test in this process uses. */
let made = 0;
const freshKeys = (): { encryptionKey: Uint8Array; authenticationKey: Uint8Array } => {
  made += 1;
  return {
    encryptionKey: new Uint8Array(16).fill(made),
    authenticationKey: new Uint8Array(16).fill(0x80 + made),
  };
};

function clientOn(
  transport: Transport,
  keys: ReturnType<typeof freshKeys>,
  more: {
    readonly auth?: AuthenticationOptions;
    readonly receivedCounters?: ReceivedCounterStore;
    readonly sentFrom?: number;
    readonly logger?: ConnectOptions["logger"];
  } = {},
): { readonly client: DlmsClient; readonly clock: VirtualClock } {
  const clock = new VirtualClock();
  const { auth = { mechanism: "none" }, receivedCounters, sentFrom = 1, logger } = more;
  const options: ConnectOptions = {
    transport,
    client: { sap: 1, systemTitle: clientTitle },
    server: { logical: 1 },
    auth,
    security: {
      suite: 0,
      policy: "authenticated-encrypted",
      ...keys,
      invocationCounter: memoryCounterStore(sentFrom),
      ...(receivedCounters === undefined ? {} : { receivedCounters }),
    },
    timeouts: { response: 1000, retries: 0 },
    ...(logger === undefined ? {} : { logger }),
    clock,
    random: (count) => new Uint8Array(count).fill(0x5a),
  };
  return { client: new DlmsClient(options, { lines: new SharedLines() }), clock };
}

const scopeOfSession = (
  mechanism: "none" | "lls",
  keys: ReturnType<typeof freshKeys>,
): ReturnType<typeof createMeter> =>
  createMeter({
    associations: [
      { client: 16 },
      { client: 1, mechanism, secret, policy: "authenticated-encrypted", suite: 0, ...keys },
    ],
    objects: registers(3),
  });

describe("a recorded session", () => {
  for (const [mechanism, auth] of Object.entries(accounts) as ["none" | "lls", AuthenticationOptions][]) {
    it(`is refused by the next client of the process, without a value (${mechanism})`, async () => {
      const keys = freshKeys();
      const recording: Recording = [];
      const first = clientOn(recordingTransport(scopeOfSession(mechanism, keys), recording), keys, { auth });
      assert.equal((await first.clock.runUntil(first.client.read(registerRef(0)))).value, 100);
      await first.clock.runUntil(first.client.close());

      const second = clientOn(replayTransport(recording), keys, { auth });
      const reading = second.clock.runUntil(second.client.read(registerRef(0)));
      await assert.rejects(reading, {
        code: "DLMS_SEC_REPLAY",
        message: /global key: expected an invocation counter above \d+/,
      });
      await second.clock.runUntil(second.client.close());
    });
  }

  it("is refused after its initiate-response too: an answer of an earlier association within a new one", async () => {
    const keys = freshKeys();
    const meter = scopeOfSession("none", keys);
    const recording: Recording = [];
    const first = clientOn(recordingTransport(meter, recording), keys);
    await first.clock.runUntil(first.client.read(registerRef(0)));
    await first.clock.runUntil(first.client.close());
    const later: Recording = [];
    const second = clientOn(recordingTransport(meter, later), keys, { sentFrom: 100 });
    await second.clock.runUntil(second.client.open());
    await second.clock.runUntil(second.client.close());

    // a store without the second session, so that only the order within the replay reveals it
    const receivedCounters = memoryReceivedCounters();
    const mixed = [...later.slice(0, 1), ...recording.slice(1)];
    const third = clientOn(replayTransport(mixed), keys, { receivedCounters });
    await assert.rejects(third.clock.runUntil(third.client.read(registerRef(0))), { code: "DLMS_SEC_REPLAY" });
    await third.clock.runUntil(third.client.close());
  });

  it("is closed even if its counters cannot be stored, and the logger reports it", async () => {
    const keys = freshKeys();
    const meter = scopeOfSession("none", keys);
    const receivedCounters: ReceivedCounterStore = {
      ...memoryReceivedCounters(),
      flush: () => Promise.reject(new Error("the disk is full")),
    };
    const warnings: string[] = [];
    const none = (): void => undefined;
    const logger = { debug: none, info: none, warn: (text: unknown) => warnings.push(String(text)), error: none };
    const { client, clock } = clientOn(meter.transport(), keys, { receivedCounters, logger });
    await clock.runUntil(client.close());
    assert.equal(client.state, "closed");
    assert.match(warnings.join(" "), /close: .*the disk is full/);
  });

  it("of a meter with another key or title does not affect this meter", async () => {
    const receivedCounters = memoryReceivedCounters();
    for (const keys of [freshKeys(), freshKeys()]) {
      const meter = createMeter({
        associations: [{ client: 1, policy: "authenticated-encrypted", suite: 0, ...keys }],
        objects: registers(3),
        invocationCounter: 1,
      });
      const { client, clock } = clientOn(meter.transport(), keys, { receivedCounters });
      assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
      await clock.runUntil(client.close());
    }
  });

  it("of a meter whose counter restarts at 1 is rejected with a remedy that works", async () => {
    const keys = freshKeys();
    const restarted = (): Transport =>
      createMeter({
        associations: [{ client: 1, policy: "authenticated-encrypted", suite: 0, ...keys }],
        objects: registers(3),
        invocationCounter: 1,
      }).transport();
    const before = clientOn(restarted(), keys);
    await before.clock.runUntil(before.client.read(registerRef(0)));
    await before.clock.runUntil(before.client.close());
    const after = clientOn(restarted(), keys);
    await assert.rejects(after.clock.runUntil(after.client.open()), {
      code: "DLMS_SEC_REPLAY",
      message: /restarts its counter.*security\.receivedCounters/s,
    });
    await after.clock.runUntil(after.client.close());
    const own = clientOn(restarted(), keys, { receivedCounters: memoryReceivedCounters() });
    assert.equal((await own.clock.runUntil(own.client.read(registerRef(0)))).value, 100);
    await own.clock.runUntil(own.client.close());
  });
});
