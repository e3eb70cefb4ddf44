import assert from "node:assert/strict";
import { memoryCounterStore } from "../../../src";
import { scopeOfSession } from "../../../src/fleet";
import type { CounterSourceOptions } from "../../../src/client/options/options";

/** The clients that a session uses exclusively. */
function clientsOf(counterSource: CounterSourceOptions): unknown {
  const key = new Uint8Array(16);
  const settings = {
    connect: {
      transport: { kind: "tcp", host: "192.0.2.1", port: 4059 },
      client: { sap: 1 },
      server: { logical: 1 },
      security: {
        suite: 0,
        policy: "authenticated-encrypted",
        encryptionKey: key,
        authenticationKey: key,
        invocationCounter: memoryCounterStore(),
        counterSource,
      },
    },
    ...{ endpointLabel: "tcp 192.0.2.1:4059", probeInterval: 0, offlineAfter: 0 },
  } as const;
  return scopeOfSession(settings, {}).clients;
}

describe("scope of a session", () => {
  it("includes the client that reads the counter before each association, not the one that reads a lost counter", () => {
    assert.deepEqual(clientsOf({}), [1, 16]);
    assert.deepEqual(clientsOf({ client: 20 }), [1, 20]);
    assert.deepEqual(clientsOf({ when: "lost" }), [1]);
  });
});
