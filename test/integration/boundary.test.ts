/** User code that throws, and unexpected internal errors. */
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { fromHex, toHex } from "../../src/bytes";
import { DlmsError } from "../../src/errors";
import { SharedMeter } from "../../src/fleet/shared-meter";
import { listenPush } from "../../src/listener";
import { decodePush } from "../../src/push";
import { type Behaviour, createMeter } from "../../src/simulator";
import { dataNotification, wpdu } from "../support/apdus";
import { makeLink } from "../../src/client/connection/factories";
import { bench, number, registerRef } from "../support/meters";
import { counted, profileName, profileOf, quarter, stampOf } from "../support/profiles";
import { VirtualClock } from "../support/virtual-clock";

/** Warnings of this process while `run` runs. */
async function warnings(run: () => Promise<void>): Promise<string[]> {
  const texts: string[] = [];
  const heard = (warning: Error): void => {
    texts.push(warning.message);
  };
  process.on("warning", heard);
  try {
    await run();
    // a warning is emitted in a later tick
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("warning", heard);
  }
  return texts;
}

const fails = (): never => {
  throw new TypeError("listener broke");
};

const rejecting: unknown = () => Promise.reject(new TypeError("listener broke"));
const rejects = rejecting as () => void;

/**
 * An async function of a vm context, where Node-RED runs function nodes: its promises are not instances of our Promise.
 */
const foreign: unknown = runInNewContext('async () => { throw new TypeError("listener broke"); }');
const rejectsElsewhere = foreign as () => void;

describe("user code that throws", () => {
  it("a logger: reads continue, and the process warns once", async () => {
    const said = await warnings(async () => {
      const logger = { debug: fails, info: fails, warn: fails, error: fails };
      const { client, clock } = bench({}, { logger });
      for (let i = 0; i < 3; i++) assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
      await clock.runUntil(client.close());
    });
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /the logger threw.*listener broke/);
  });

  for (const event of ["state", "trace"] as const) {
    for (const [kind, listener] of [
      ["throws", fails],
      ["rejects", rejects],
      ["rejects in another context", rejectsElsewhere],
    ] as const) {
      it(`a listener of "${event}" that ${kind}: reads continue, and the logger reports it`, async () => {
        const errors: string[] = [];
        const none = (): void => undefined;
        const logger = { debug: none, info: none, warn: none, error: (text: unknown) => errors.push(String(text)) };
        const { client, clock } = bench({}, { logger });
        // many users write an async function here
        client.on(event, listener);
        for (let i = 0; i < 3; i++) assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
        await clock.runUntil(client.close());
        assert.ok(errors.length > 0);
        for (const text of errors)
          assert.match(text, new RegExp(`a listener of "${event}" threw: (TypeError: )?listener broke`));
      });
    }
  }

  for (const [kind, listener] of [
    ["throws", fails],
    ["rejects", rejects],
  ] as const) {
    it(`onProgress of a profile ${kind}: all rows arrive, and a note reports it`, async () => {
      const rows = counted(1, 12).map((n) => [stampOf(Date.UTC(2024, 0, 1) + n * quarter, 60), number(n)]);
      const { client, clock } = bench({ objects: profileOf(rows) });
      const notes: string[] = [];
      client.on("trace", (event) => {
        if (event.kind === "note") notes.push(event.text);
      });
      const profile = client.profile(profileName, { entries: [1, 12] }, { onProgress: listener });
      assert.equal((await clock.runUntil(profile.toTable())).rows.length, 12);
      await clock.runUntil(client.close());
      assert.match(notes.join("\n"), /onProgress threw TypeError: listener broke/);
    });

    it(`a user of a shared meter ${kind}: the request and the other users continue, and one warning reports it`, async () => {
      const said = await warnings(async () => {
        const { client, clock } = bench();
        const shared = new SharedMeter({
          makeClient: () => client,
          ...{ clock, probeInterval: 0, offlineAfter: 60_000, changed: listener },
        });
        const phases: string[] = [];
        shared.addUser({ id: "broken", meterChanged: listener, trace: listener });
        shared.addUser({ id: "other", meterChanged: ({ phase }) => phases.push(phase) });
        assert.equal((await clock.runUntil(shared.run((one) => one.read(registerRef(0))))).value, 100);
        await clock.runUntil(shared.close());
        assert.deepEqual(phases, ["idle", "connecting", "connected", "idle"]);
        assert.equal(clock.pending, 0);
      });
      assert.deepEqual(said.length, 1);
      assert.match(said[0] ?? "", /a user of a meter threw: listener broke/);
    });

    it(`onProblem of a push decoder ${kind}: the next push is decoded, and a warning reports it`, async () => {
      const said = await warnings(async () => {
        const bytes = fromHex(wpdu(1, 16, dataNotification("0600000007")));
        const { pushes, problems } = decodePush(fromHex(`${wpdu(1, 16, "0f00")}${toHex(bytes)}`), {
          onProblem: listener,
        });
        assert.deepEqual([pushes.length, problems.length], [1, 1]);
        await Promise.resolve();
      });
      assert.equal(said.length, 1);
      assert.match(said[0] ?? "", /onProblem threw: listener broke/);
    });

    it(`onEvent of a simulated meter ${kind}: the meter answers, and a warning reports it`, async () => {
      const said = await warnings(async () => {
        const clock = new VirtualClock();
        const meter = createMeter({ associations: [{ client: 16 }], objects: [] }, { clock, onEvent: listener });
        const { client } = bench({}, { transport: meter.transport(), clock });
        await clock.runUntil(client.open());
        await clock.runUntil(client.close());
      });
      assert.match(said[0] ?? "", /simulated meter: onEvent: listener broke/);
    });

    it(`a listener of a push listener, and its logger, ${kind}: a warning reports it`, async () => {
      const said = await warnings(async () => {
        const logger = { debug: listener, info: listener, warn: listener, error: listener };
        const pushes = await listenPush({ transport: { kind: "tcp-server", port: 0 }, logger });
        pushes.on("state", listener);
        await pushes.close();
      });
      assert.match(said.join("\n"), /a listener of "state" failed: listener broke/);
    });
  }

  it("a listener, without a logger: a process warning reports it", async () => {
    const said = await warnings(async () => {
      const { client, clock } = bench();
      client.on("state", fails);
      assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
      await clock.runUntil(client.close());
    });
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /a listener of "state" threw: listener broke/);
  });
});

describe("an unexpected error", () => {
  it("ends the session with a DlmsError that keeps the cause, and the next read works", async () => {
    let broken = true;
    const { client, clock } = bench({}, {}, [], {
      makeLink: (settings) => {
        const link = makeLink(settings);
        const receive = link.receive.bind(link);
        link.receive = (bytes, now) => {
          if (broken && client.state === "open") throw new RangeError("out of thin air");
          return receive(bytes, now);
        };
        return link;
      },
    });
    await clock.runUntil(client.open());
    const error = await clock.runUntil(client.read(registerRef(0)).catch((reason: unknown) => reason));
    assert.ok(error instanceof DlmsError);
    assert.equal(error.fault, "internal");
    assert.ok(error.cause instanceof RangeError);
    assert.match(error.message, /out of thin air/);
    broken = false;
    await clock.tickAsync(60_000);
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  });

  it("in a timer ends the session too", async () => {
    const { client, clock, meter } = bench({}, { timeouts: { response: 500 } }, [], {
      makeLink: (settings) => {
        const link = makeLink(settings);
        link.tick = () => {
          throw new RangeError("out of thin air");
        };
        return link;
      },
    });
    await clock.runUntil(client.open());
    const silent: Behaviour = { name: "silent", request: () => [] };
    const off = meter.use(silent);
    const error = await clock.runUntil(client.read(registerRef(0)).catch((reason: unknown) => reason));
    assert.ok(error instanceof DlmsError);
    assert.ok(error.cause instanceof RangeError);
    off();
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  });
});
