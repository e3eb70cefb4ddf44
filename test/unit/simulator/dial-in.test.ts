/** A simulated meter that connects to a listener and answers requests on that connection. */
import assert from "node:assert/strict";
import { toHex } from "../../../src/bytes";
import { decodePush } from "../../../src/push";
import { createMeter, type DialInOptions, householdDefinition, type SimulatedMeter } from "../../../src/simulator";
import { aarqNone, wpdu } from "../../support/apdus";
import { VirtualClock } from "../../support/virtual-clock";
import { fromHex } from "../../../src/bytes";
import { pushReceiver, type PushReceiver } from "./push-receiver";

const heartbeat = "HB SIM00000001\r\n";

interface Dialling {
  readonly clock: VirtualClock;
  readonly meter: SimulatedMeter;
  readonly listener: PushReceiver;
  readonly handle: ReturnType<SimulatedMeter["dialIn"]>;
}

async function dialling(options: Partial<DialInOptions> = {}, pushes = false): Promise<Dialling> {
  const clock = new VirtualClock({ epoch: Date.UTC(2026, 0, 15, 11) });
  const meter = createMeter(householdDefinition({ clock }), { clock });
  const listener = pushReceiver();
  const setup = { objects: [{ logicalName: "1.0.1.8.0.255" }], every: 60_000 };
  const handle = meter.dialIn({ to: listener.transport, heartbeat, ...options }, pushes ? setup : undefined);
  await clock.tickAsync(0);
  return { clock, meter, listener, handle };
}

const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

describe("a simulated meter that dials in", () => {
  it("sends its heartbeat first, and again at its interval", async () => {
    const { clock, listener, handle } = await dialling({ heartbeatEvery: 30_000 });
    assert.equal(text(listener.take()), heartbeat);
    await clock.tickAsync(60_000);
    assert.equal(text(listener.take()), heartbeat.repeat(2));
    await handle.close();
    assert.deepEqual([clock.pending, listener.open()], [0, 0]);
  });

  it("answers requests on the connection after the answer to its heartbeat in two pieces", async () => {
    const { clock, listener, handle } = await dialling({ heartbeatAnswer: "@OK\r\n" });
    listener.take();
    const [line] = listener.lines;
    line?.send(new TextEncoder().encode("@O"));
    await clock.tickAsync(0);
    line?.send(
      new Uint8Array([...new TextEncoder().encode("K\r\n"), ...fromHex(wpdu(16, 1, aarqNone.replace(/\s/g, "")))]),
    );
    await clock.tickAsync(0);
    assert.match(toHex(listener.take()), /^0001000100100[0-9a-f]{3}61.*a203020100/);
    await handle.close();
  });

  it("passes other bytes than the heartbeat's answer to the meter", async () => {
    const { clock, listener, handle } = await dialling({ heartbeatAnswer: "@OK\r\n" });
    listener.take();
    listener.lines[0]?.send(fromHex(wpdu(16, 1, aarqNone.replace(/\s/g, ""))));
    await clock.tickAsync(0);
    assert.match(toHex(listener.take()), /^00010001001000/);
    await handle.close();
  });

  it("pushes on the same connection after the heartbeat", async () => {
    const { clock, listener, handle } = await dialling({}, true);
    await clock.tickAsync(0);
    const bytes = listener.take();
    assert.equal(text(bytes.subarray(0, heartbeat.length)), heartbeat);
    assert.equal(decodePush(bytes.subarray(heartbeat.length), {}).pushes.length, 1);
    await clock.tickAsync(60_000);
    assert.equal(decodePush(listener.take(), {}).pushes.length, 1);
    assert.equal(listener.lines.length, 1);
    await handle.close();
    assert.equal(clock.pending, 0);
  });

  it("dials again after a loss, with its heartbeat, and ends the association of the lost connection", async () => {
    const { clock, meter, listener, handle } = await dialling({ reconnectAfter: 2000 });
    listener.lines[0]?.send(fromHex(wpdu(16, 1, aarqNone.replace(/\s/g, ""))));
    await clock.tickAsync(0);
    assert.equal(meter.associations, 1);
    listener.take();
    listener.lines[0]?.drop("reset");
    await clock.tickAsync(0);
    assert.deepEqual([meter.associations, handle.isConnected], [0, false]);
    await clock.tickAsync(2000);
    assert.equal(text(listener.take()), heartbeat);
    assert.equal(handle.isConnected, true);
    await handle.close();
  });

  it("refuses a heartbeat that is not text, and a missing listener", () => {
    const meter = createMeter(householdDefinition());
    const dial = (options: Record<string, unknown>) => () => meter.dialIn(options as unknown as DialInOptions);
    assert.throws(dial({}), /^DlmsConfigError: dialIn\.to: missing/);
    const to = { kind: "tcp", host: "127.0.0.1", port: 4059 };
    assert.throws(dial({ to, heartbeat: 5 }), /dialIn\.heartbeat: expected text or bytes/);
    assert.throws(dial({ to, heartbeatEvery: -5 }), /dialIn\.heartbeatEvery/);
  });
});
