/** Time and target of a simulated meter's pushes, and the attributes and methods of its push setup object. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { fromHex, toHex } from "../../../src/bytes";
import { DlmsConnectionError } from "../../../src/errors";
import { decodePush, pushConfirmation } from "../../../src/push";
import { createMeter, householdDefinition, type PushSetup, type SimulatedMeter } from "../../../src/simulator";
import type { Transport } from "../../../src/transport/transport";
import { actionResult, aarqNone, getData, setResult } from "../../support/apdus";
import { VirtualClock } from "../../support/virtual-clock";
import { openLine } from "./line";
import { pushReceiver } from "./push-receiver";

const objects = [{ logicalName: "1.0.1.8.0.255" }, { logicalName: "1.0.1.7.0.255" }];
const setupName = "0000190900ff";

interface Pushing {
  readonly clock: VirtualClock;
  readonly meter: SimulatedMeter;
}

function pushing(push?: Partial<PushSetup>): Pushing {
  const clock = new VirtualClock({ epoch: Date.UTC(2026, 0, 15, 11) });
  return { clock, meter: createMeter(householdDefinition({ clock, ...(push && { push }) }), { clock }) };
}

const count = (bytes: Uint8Array): number => decodePush(bytes, {}).pushes.length;

/** A receiver that cannot be reached `times` times. */
function unreachable(
  receiver: Transport,
  times: number,
): { readonly transport: Transport; readonly tried: () => number } {
  let tried = 0;
  return {
    tried: () => tried,
    transport: {
      kind: "memory",
      endpoint: "memory receiver",
      open: (events, init) => {
        tried += 1;
        if (tried > times) return receiver.open(events, init);
        return Promise.reject(new DlmsConnectionError("CONN_REFUSED", "memory receiver: refused"));
      },
    },
  };
}

describe("interval of a push setup", () => {
  it("pushes at once and then at the interval, on one connection, until it is closed", async () => {
    const { clock, meter } = pushing();
    const receiver = pushReceiver();
    const handle = meter.pushTo({ objects, to: receiver.transport, every: 10_000 });
    await clock.tickAsync(0);
    assert.equal(count(receiver.take()), 1);
    await clock.tickAsync(30_000);
    assert.equal(count(receiver.take()), 3);
    assert.equal(receiver.lines.length, 1);
    assert.equal(handle.isConnected, true);
    await handle.close();
    assert.deepEqual([clock.pending, receiver.open(), handle.isConnected], [0, 0, false]);
    await clock.tickAsync(60_000);
    assert.equal(receiver.take().length, 0);
  });

  it("waits before the first push as configured, and reports each event", async () => {
    const clock = new VirtualClock({ epoch: Date.UTC(2026, 0, 15, 11) });
    const kinds: string[] = [];
    const onEvent = ({ kind }: { readonly kind: string }): void => {
      kinds.push(kind);
      throw new Error("a listener that throws does no harm");
    };
    const warned = once(process, "warning");
    const meter = createMeter(householdDefinition({ clock }), { clock, onEvent });
    const receiver = pushReceiver();
    const handle = meter.pushTo({ objects, to: receiver.transport, every: 10_000, firstAfter: 3000 });
    await clock.tickAsync(2999);
    assert.deepEqual([count(receiver.take()), kinds], [0, []]);
    await clock.tickAsync(1);
    assert.deepEqual([count(receiver.take()), kinds], [1, ["pushed"]]);
    await clock.tickAsync(10_000);
    assert.equal(count(receiver.take()), 1);
    await warned;
    await handle.close();
    assert.equal(clock.pending, 0);
  });

  it("connects again with the next push after a loss", async () => {
    const { clock, meter } = pushing();
    const receiver = pushReceiver();
    const handle = meter.pushTo({ objects, to: receiver.transport, every: 10_000 });
    await clock.tickAsync(0);
    receiver.lines[0]?.drop("reset");
    await clock.tickAsync(10_000);
    assert.equal(receiver.lines.length, 2);
    assert.equal(count(receiver.take()), 2);
    await handle.close();
  });

  it("starts the setups of the definition only when requested, and stops them", async () => {
    const receiver = pushReceiver();
    const { clock, meter } = pushing({ to: receiver.transport, every: 1000 });
    assert.equal(clock.pending, 0);
    const handle = meter.startPushing();
    await clock.tickAsync(2000);
    const { pushes } = decodePush(receiver.take(), {});
    assert.equal(pushes.length, 3);
    assert.equal(typeof pushes[0]?.values["1.0.1.8.0.255"], "number");
    await handle.close();
    assert.equal(clock.pending, 0);
  });

  it("waits a random time of at most the randomisation before each push", async () => {
    const { clock, meter } = pushing();
    const receiver = pushReceiver();
    const handle = meter.pushTo({ objects, to: receiver.transport, randomisation: 60 });
    const delays: number[] = [];
    for (let n = 0; n < 4; n++) {
      const begin = clock.now();
      await clock.runUntil(handle.push());
      delays.push(clock.now() - begin);
    }
    assert.ok(delays.every((delay) => delay <= 60_000));
    assert.ok(new Set(delays).size > 1);
    await handle.close();
  });
});

describe("failures of a push", () => {
  it("retries as often as the setup specifies, with the same bytes", async () => {
    const { clock, meter } = pushing();
    const receiver = pushReceiver();
    const { transport, tried } = unreachable(receiver.transport, 2);
    const handle = meter.pushTo({ objects, to: transport, retries: 2, retryDelay: 5 });
    await clock.runUntil(handle.push());
    assert.deepEqual([tried(), clock.now()], [3, 10_000]);
    await clock.tickAsync(0);
    assert.equal(count(receiver.take()), 1);
    await handle.close();
    assert.equal(clock.pending, 0);
  });

  it("rejects after the last attempt, and reports failures at an interval", async () => {
    const { clock, meter } = pushing();
    const { transport } = unreachable(pushReceiver().transport, 99);
    const handle = meter.pushTo({ objects, to: transport, every: 1000 });
    await clock.tickAsync(0);
    await assert.rejects(handle.push(), { code: "DLMS_CONN_REFUSED" });
    const fault = await meter.waitFor(({ kind }) => kind === "fault");
    assert.match(fault.kind === "fault" ? fault.problem : "", /^push 0\.0\.25\.9\.0\.255: memory receiver: refused/);
    await handle.close();
  });

  it("ends a wait between attempts when it is closed", async () => {
    const { clock, meter } = pushing();
    const { transport, tried } = unreachable(pushReceiver().transport, 99);
    const handle = meter.pushTo({ objects, to: transport, retries: 9, retryDelay: 3600 });
    const outcome = assert.rejects(handle.push(), { code: "DLMS_STATE_CLOSED" });
    await clock.tickAsync(0);
    await handle.close();
    await outcome;
    assert.deepEqual([tried(), clock.pending], [1, 0]);
    await assert.rejects(handle.push(), { code: "DLMS_STATE_CLOSED" });
  });
});

describe("confirmed pushes", () => {
  for (const framing of ["wrapper", "hdlc", "apdu"] as const) {
    it(`wait for the confirmation over ${framing}`, async () => {
      const { clock, meter } = pushing();
      const receiver = pushReceiver();
      const handle = meter.pushTo({ objects, to: receiver.transport, framing, confirmWithin: 5000, every: 60_000 });
      let confirmed = false;
      const push = handle.push().then(() => {
        confirmed = true;
      });
      await clock.tickAsync(1000);
      const [sent] = decodePush(receiver.take(), {}).pushes;
      assert.ok(sent?.confirmed === true);
      const confirmation = pushConfirmation(sent) ?? new Uint8Array(0);
      receiver.lines[0]?.send(confirmation.subarray(0, 3));
      await clock.tickAsync(0);
      assert.equal(confirmed, false);
      receiver.lines[0]?.send(framing === "apdu" ? confirmation : confirmation.subarray(3));
      await clock.runUntil(push);
      assert.equal(confirmed, true);
      await handle.close();
      assert.equal(clock.pending, 0);
    });
  }

  it("are sent again without one, and fail after the last attempt", async () => {
    const { clock, meter } = pushing();
    const receiver = pushReceiver();
    const handle = meter.pushTo({ objects, to: receiver.transport, confirmWithin: 2000, retries: 1, retryDelay: 1 });
    const outcome = assert.rejects(handle.push(), { code: "DLMS_TIMEOUT_RESPONSE" });
    await clock.runUntil(outcome);
    const { pushes } = decodePush(receiver.take(), {});
    assert.deepEqual([pushes.length, pushes[0]?.longInvokeId], [2, pushes[1]?.longInvokeId]);
    await handle.close();
    assert.equal(clock.pending, 0);
  });

  it("ignore the confirmation of another push", async () => {
    const { clock, meter } = pushing();
    const receiver = pushReceiver();
    const handle = meter.pushTo({ objects, to: receiver.transport, confirmWithin: 2000 });
    const outcome = assert.rejects(handle.push(), { code: "DLMS_TIMEOUT_RESPONSE" });
    await clock.tickAsync(0);
    receiver.lines[0]?.send(fromHex("0001006600010006" + "10" + "40000009" + "00"));
    await clock.runUntil(outcome);
    await handle.close();
  });
});

describe("object of class 40", () => {
  const attribute = (id: number): string => `c001c10028${setupName}0${id}00`;

  it("shows list, destination, window, randomisation, retries and delay", () => {
    const { meter } = pushing({
      objects,
      to: { kind: "tcp", host: "127.0.0.1", port: 4059 },
      randomisation: 3,
      retries: 2,
      retryDelay: 7,
      list: "positional",
    });
    const line = openLine(meter);
    line.apdu(aarqNone);
    const entry = (obis: string): string => `02041200030906${obis}0f02120000`;
    const list = `0102${entry("0100010800ff")}${entry("0100010700ff")}`;
    assert.deepEqual(line.apdu(attribute(2)), [getData(list)]);
    const destination = toHex(new TextEncoder().encode("127.0.0.1:4059"));
    assert.deepEqual(line.apdu(attribute(3)), [getData(`02031600090e${destination}1600`)]);
    assert.deepEqual(line.apdu(attribute(4)), [getData("0100")]);
    assert.deepEqual(line.apdu(attribute(5)), [getData("120003")]);
    assert.deepEqual(line.apdu(attribute(6)), [getData("1102")]);
    assert.deepEqual(line.apdu(attribute(7)), [getData("120007")]);
  });

  it("method 1 pushes, after its answer if the push has no separate target", async () => {
    const { clock, meter } = pushing({ objects, client: 16 });
    const line = openLine(meter);
    line.apdu(aarqNone);
    assert.deepEqual(line.apdu(`c301c10028${setupName}01010f00`), [actionResult(0)]);
    await clock.tickAsync(0);
    const [frame = ""] = line.taken();
    assert.equal(decodePush(frame, {}).pushes[0]?.items.length, 2);
    assert.equal(clock.pending, 0);
  });

  it("method 1 pushes to the target, and releases the connection", async () => {
    const receiver = pushReceiver();
    const { clock, meter } = pushing({ objects, to: receiver.transport });
    const line = openLine(meter);
    line.apdu(aarqNone);
    line.apdu(`c301c10028${setupName}01010f00`);
    await clock.tickAsync(0);
    assert.equal(count(receiver.take()), 1);
    assert.deepEqual([receiver.open(), clock.pending], [0, 0]);
  });

  it("pushes the object list that a client has written, with null-data for missing objects", async () => {
    const receiver = pushReceiver();
    const { clock, meter } = pushing({ objects, to: receiver.transport, list: "positional" });
    const line = openLine(meter);
    line.apdu(aarqNone);
    const list =
      "0102" + "02041200030906" + "0100020800ff" + "0f02120000" + "02041200030906" + "010063637fff" + "0f02120000";
    assert.deepEqual(line.apdu(`c101c10028${setupName}0200${list}`), [setResult(0)]);
    line.apdu(`c301c10028${setupName}01010f00`);
    await clock.tickAsync(0);
    const [push] = decodePush(receiver.take(), {}).pushes;
    assert.deepEqual(
      push?.items.map(({ type }) => type),
      ["double-long-unsigned", "null-data"],
    );
  });

  it("occupies the next free name, and is removed with its setup", async () => {
    const { meter } = pushing({ objects });
    const handle = meter.pushTo({ objects });
    const line = openLine(meter);
    line.apdu(aarqNone);
    const second = `c001c100280001190900ff0600`;
    assert.deepEqual(line.apdu(second), [getData("1100")]);
    await handle.close();
    assert.match(line.apdu(second)[0] ?? "", /^c401c10104$/);
  });
});

describe("checks of a push setup", () => {
  const cases: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ["an unknown field", { objects, evry: 5 }, /^push\.evry: expected one of/],
    ["no objects", { objects: [] }, /^push\.objects\.length: expected an integer from 1/],
    ["an object that the meter lacks", { objects: [{ logicalName: "1.0.99.99.0.255" }] }, /has no attribute 2 of/],
    [
      "an event of two objects",
      { objects: [...objects, ...objects], list: "event" },
      /^push\.objects: expected one object, because an event-notification has one attribute/,
    ],
    ["an unknown form", { objects, list: "xml" }, /^push\.list: expected one of/],
    ["no host", { objects, to: { kind: "tcp", port: 4059 } }, /^push\.to\.host: missing/],
    ["a port out of range", { objects, to: { kind: "udp", host: "h", port: 70_000 } }, /^push\.to\.port/],
    ["confirmed telegrams", { objects, framing: "p1", confirmWithin: 1000 }, /^push\.confirmWithin: expected 0/],
    ["a negative interval", { objects, every: -1 }, /^push\.every/],
    ["a client address beyond HDLC", { objects, framing: "hdlc", client: 200 }, /^push\.client/],
    [
      "a short key",
      { objects, security: { encryptionKey: fromHex("aabb") } },
      /encryptionKey: expected 16 bytes for suite 0, got 2 bytes/,
    ],
    [
      "no authentication key",
      { objects, security: { encryptionKey: new Uint8Array(16) } },
      /authenticationKey: expected 16/,
    ],
    [
      "a ciphered service that data-notification lacks",
      { objects, security: { encryptionKey: new Uint8Array(16), policy: "encrypted", ciphering: "service" } },
      /^push\.security\.ciphering/,
    ],
  ];
  for (const [name, setup, message] of cases) {
    it(`refuses ${name}`, () => {
      const { meter } = pushing();
      assert.throws(
        () => meter.pushTo(setup as unknown as PushSetup),
        (error: Error) => message.test(error.message) && !error.message.includes("aabb"),
      );
    });
  }
});
