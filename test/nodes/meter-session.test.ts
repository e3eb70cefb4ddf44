import assert from "node:assert/strict";
import { type MeterPhase, SharedMeter, type MeterView } from "../../src/fleet/shared-meter";
import { EndpointAccess } from "../../src/fleet/exclusive-access";
import { meterStatus } from "../../nodes/meters/status";
import { accountOf, type AuthenticationOptions, createClient, MemoryAccountGuard } from "../../src/index";
import { bench, registerRef, registers } from "../support/meters";

const translate = (key: string, values: Record<string, string | number> = {}): string =>
  [key.split(".").pop(), ...Object.values(values)].join(" ");

describe("a probed meter that falls silent", () => {
  it("stays offline until it answers, and shows the reason and the time until each next attempt", async () => {
    let silent = false;
    const clockObject = {
      classId: 8,
      logicalName: "0.0.1.0.0.255",
      attributes: { 2: { type: "null-data" as const, value: null } },
    };
    const { client, clock, meter } = bench({ objects: [...registers(1), clockObject] });
    meter.use({ name: "silent at times", request: () => (silent ? [] : undefined) });
    const phases: MeterPhase[] = [];
    const session = new SharedMeter({
      makeClient: () => client,
      clock,
      probeInterval: 15_000,
      offlineAfter: 45_000,
      changed: (view) => phases.push(view.phase),
    });
    const views: MeterView[] = [];
    session.addUser({ id: "a", meterChanged: (view) => views.push(view) });
    await clock.tickAsync(20_000);
    assert.equal(session.view.phase, "connected");
    for (let round = 0; round < 2; round++) {
      silent = true;
      await clock.tickAsync(62_000);
      assert.equal(session.view.phase, "offline");
      views.length = 0;
      await clock.tickAsync(240_000);
      assert.deepEqual([...new Set(views.map((view) => view.phase))], ["offline"]);
      const waiting = views.find((view) => view.nextTryAt !== undefined);
      assert.ok(waiting !== undefined);
      const status = meterStatus("dlms-read", waiting, translate, clock.wallTime());
      assert.match(String(status.text), /^offline: retry noAnswer \d+$/);
      silent = false;
      await clock.tickAsync(120_000);
      assert.equal(session.view.phase, "connected");
    }
    assert.equal(phases.filter((phase) => phase === "offline").length, 2);
    session.removeUser("a").catch(() => undefined);
    await clock.tickAsync(5000);
    assert.equal(clock.pending, 0);
  });
});

describe("a meter that is silent to a password", () => {
  it("is not retried at once because another session had access in between", async () => {
    let tries = 0;
    const turn = new EndpointAccess();
    const { clock, meter } = bench({ associations: [{ client: 16 }], objects: registers(1) });
    meter.use({
      name: "silent to passwords",
      request: (apdu) => {
        if (apdu.apdu !== "aarq" || apdu.authenticationValue === undefined) return undefined;
        tries++;
        return [];
      },
    });
    const guard = new MemoryAccountGuard(clock);
    const sessionFor = (auth: AuthenticationOptions): SharedMeter => {
      const options = {
        ...{ transport: meter.transport(), client: { sap: 16 }, server: { logical: 1 }, clock },
        ...{ auth, accountGuard: guard },
      };
      return new SharedMeter({
        makeClient: () => createClient(options),
        secret: { guard, account: accountOf(options) },
        clock,
        access: turn,
        probeInterval: 0,
        offlineAfter: 45_000,
        changed: () => undefined,
      });
    };
    const wrong = sessionFor({ mechanism: "lls", secret: "wrong" });
    const right = sessionFor({ mechanism: "none" });
    for (let round = 0; round < 6; round++) {
      await assert.rejects(clock.runUntil(wrong.run((client) => client.read(registerRef(0)))));
      await clock.runUntil(right.run((client) => client.read(registerRef(0))));
    }
    assert.equal(tries, 2);
    assert.equal(wrong.view.phase, "refused");
    await clock.tickAsync(300_000);
    await assert.rejects(clock.runUntil(wrong.run((client) => client.read(registerRef(0)))));
    assert.equal(tries, 3);
    await clock.runUntil(Promise.all([wrong.close(), right.close()]));
  });
});
