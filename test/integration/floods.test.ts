/** A meter that sends without end. */
import assert from "node:assert/strict";
import { fromHex } from "../../src/bytes";
import { unaskedLimits } from "../../src/driver/flood-guard";
import { DlmsConnectionError, type DlmsError } from "../../src/errors";
import type { Behaviour } from "../../src/simulator";
import { bench, registerRef } from "../support/meters";
import { dataNotification } from "../support/apdus";

/** data-notification: an unsigned */
const push = fromHex(dataNotification("11ff"));

describe("a meter that sends unsolicited messages without end", () => {
  for (const framing of ["WRAPPER", "HDLC"] as const) {
    it(`${framing}, idle: the connection ends with an error that names the flood, the next read works`, async () => {
      const { client, clock, meter } = bench({ framing });
      let heard = 0;
      const ended: DlmsError[] = [];
      client.on("notification", () => heard++);
      client.on("state", ({ error }) => {
        if (error !== undefined) ended.push(error);
      });
      await clock.runUntil(client.open());
      for (let i = 0; i < 3 * unaskedLimits.notifications && client.state === "open"; i++) {
        meter.push(push, 16);
        if (i % 100 === 0) await clock.tickAsync(0);
      }
      await clock.tickAsync(0);
      const [error] = ended;
      assert.ok(error instanceof DlmsConnectionError, String(error));
      assert.equal(error.fault, "meter");
      assert.equal(error.details.flood, "notifications");
      assert.match(error.message, /more than 2000 unsolicited messages arrived within 10 s.*pushes without end/);
      assert.ok(heard <= 2 * unaskedLimits.notifications, `${heard}`);
      assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
      await clock.runUntil(client.close());
      assert.equal(clock.pending, 0);
    });
  }

  it("while an answer is awaited: the request ends with that error", async () => {
    const { client, clock, meter } = bench({ framing: "HDLC" });
    await clock.runUntil(client.open());
    const floods: Behaviour = {
      name: "floods",
      request: (request, _bytes, line) => {
        if (!request.apdu.startsWith("get")) return undefined;
        for (let i = 0; i < 5 * unaskedLimits.notifications; i++) line.notify(push);
        return [];
      },
    };
    const off = meter.use(floods);
    const error = await clock.runUntil(client.read(registerRef(0)).catch((reason: unknown) => reason));
    assert.ok(error instanceof DlmsConnectionError, String(error));
    assert.equal(error.details.flood, "notifications");
    off();
    await clock.tickAsync(60_000);
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    await clock.runUntil(client.close());
  });

  it("many pushes at a realistic rate do not end the connection", async () => {
    const { client, clock, meter } = bench({ framing: "HDLC" });
    let heard = 0;
    client.on("notification", () => heard++);
    await clock.runUntil(client.open());
    for (let i = 0; i < 5 * unaskedLimits.notifications; i += 100) {
      for (let n = 0; n < 100; n++) meter.push(push, 16);
      await clock.tickAsync(1000);
    }
    assert.equal(client.state, "open");
    assert.equal(heard, 5 * unaskedLimits.notifications);
    await clock.runUntil(client.close());
  });
});
