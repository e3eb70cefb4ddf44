import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createMeter, type MeterDefinition } from "../../src/index";
import { listenTcp, type MemoryLine, type TcpListener } from "../../src/transport";
import { allNodes, ask, clean, flowFor, helper, value } from "./support";

const key = "5e".repeat(16);
const definition = (mechanism: "none" | "lls"): MeterDefinition => ({
  associations: [
    { client: 16 },
    {
      client: 17,
      mechanism,
      secret: "replayed",
      policy: "authenticated-encrypted",
      suite: 0,
      encryptionKey: Buffer.from(key, "hex"),
      authenticationKey: Buffer.from(key, "hex"),
    },
  ],
  objects: [
    {
      classId: 3,
      logicalName: "1.0.1.7.0.255",
      attributes: { 2: { type: "double-long-unsigned", value: 4711 }, 3: { type: "null-data", value: null } },
    },
  ],
});

/** What the meter sent, and a listener that sends it again, a message for each request. */
const replay = (recording: readonly Uint8Array[]): Promise<TcpListener> => {
  let next = 0;
  return listenTcp({ host: "127.0.0.1", port: 0 }, (line: MemoryLine) => ({
    receive: () => {
      const message = recording[next++];
      if (message !== undefined) line.send(message);
    },
    closed: () => undefined,
  }));
};

describe("a recorded ciphered session", () => {
  afterEach(clean);

  for (const mechanism of ["none", "lls"] as const) {
    it(`is refused by a dlms-meter that was deployed again (${mechanism})`, async () => {
      const meter = createMeter(definition(mechanism));
      const recording: Uint8Array[] = [];
      const listener = await listenTcp({ host: "127.0.0.1", port: 0 }, (line) =>
        meter.connect({
          ...line,
          send: (bytes) => {
            recording.push(bytes.slice());
            line.send(bytes);
          },
        }),
      );
      const node = {
        clientAddress: "17",
        authentication: mechanism === "none" ? "NONE" : "LOW",
        securityPolicy: "AUTHENTICATED_ENCRYPTED",
        invocationCounterSource: "STORED",
      };
      const credentials = { meter: { password: "replayed", encryptionKey: key, authenticationKey: key } };
      await helper.load(allNodes, flowFor(listener.port, {}, node), credentials);
      assert.equal((await value()).payload, 4711);
      await helper.unload();
      await listener.close();

      const again = await replay(recording);
      try {
        await helper.load(allNodes, flowFor(again.port, {}, node), credentials);
        const { sent, caught } = await ask();
        assert.equal(sent, undefined);
        assert.equal(caught?.dlmsError?.code, "DLMS_SEC_REPLAY");
        const [, file] =
          /stop this process and remove (.*received-counters\.json)/.exec(caught.dlmsError.message) ?? [];
        assert.ok(!readFileSync(file ?? "", "utf8").includes(key), "the file for the next start names no key");
        await helper.unload();
      } finally {
        await again.close();
      }
    });
  }
});
