/** Definitions and behaviours whose own code fails. */
import assert from "node:assert/strict";
import net from "node:net";
import type { DlmsValue } from "../../../src/codec/value";
import type { Outcome } from "../../../src/client";
import { DlmsConfigError } from "../../../src/errors";
import { createMeter, type MeterDefinition } from "../../../src/simulator";
import { bench, number } from "../../support/meters";

const boom = (): never => {
  throw new TypeError("the flow's own mistake");
};
const data = (logicalName: string, value: DlmsValue | (() => DlmsValue)) => ({
  classId: 1,
  logicalName,
  attributes: { 2: value },
});
const ref = (logicalName: string, classId = 1) => ({ classId, logicalName, attributeId: 2 });
const codes = (outcomes: readonly Outcome[]): unknown[] =>
  outcomes.map((one) => (one.ok ? one.value.value : one.error.code));

const definition: MeterDefinition = {
  associations: [{ client: 16 }],
  objects: [
    data("1.0.0.0.1.255", boom),
    data("1.0.0.0.2.255", () => ({ type: "unsigned", value: 4711 })),
    data("1.0.0.0.3.255", number(7)),
    { ...data("1.0.0.0.4.255", number(1)), methods: { 1: boom, 2: () => ({ type: "unsigned", value: -1 }) } },
    {
      classId: 7,
      logicalName: "1.0.99.1.0.255",
      attributes: { 3: { type: "array", value: [] } },
      rows: { count: () => 3000, row: (index) => (index < 2000 ? [number(index)] : boom()) },
    },
  ],
};

describe("a simulated meter with failing functions", () => {
  it("answers hardware-fault, records the reason, and continues", async () => {
    const { client, clock, meter } = bench(definition);
    const names = ["1.0.0.0.1.255", "1.0.0.0.2.255", "1.0.0.0.3.255"];
    const fault = "DLMS_ACCESS_HARDWARE_FAULT";
    assert.deepEqual(codes(await clock.runUntil(client.readMany(names.map((name) => ref(name))))), [fault, fault, 7]);
    assert.ok(meter.received.some((item) => item.kind === "fault" && item.problem.includes("the flow's own mistake")));
    const methods = [1, 2].map((methodId) => ({ classId: 1, logicalName: "1.0.0.0.4.255", methodId }));
    for (const method of methods) await assert.rejects(clock.runUntil(client.invoke(method)), { code: fault });
    await assert.rejects(clock.runUntil(client.read(ref("1.0.99.1.0.255", 7))), { name: "DlmsAccessError" });
    assert.equal((await clock.runUntil(client.read(ref("1.0.0.0.3.255")))).value, 7);
    await clock.runUntil(client.close());
  });

  it("answers hardware-fault with short names too", async () => {
    const { client, clock } = bench({ ...definition, referencing: "sn" }, { association: { referencing: "sn" } });
    await assert.rejects(clock.runUntil(client.read(ref("1.0.0.0.1.255"))), { code: "DLMS_ACCESS_HARDWARE_FAULT" });
    await assert.rejects(clock.runUntil(client.read(ref("1.0.99.1.0.255", 7))), {
      code: "DLMS_ACCESS_HARDWARE_FAULT",
    });
    assert.equal((await clock.runUntil(client.read(ref("1.0.0.0.3.255")))).value, 7);
    await clock.runUntil(client.close());
  });

  it("survives a behaviour that throws on a socket", async () => {
    const meter = createMeter(definition);
    meter.use({ name: "broken", bytesIn: boom });
    const listener = await meter.listen();
    const socket = net.connect(listener.port, "127.0.0.1", () => socket.write("anything"));
    const seen = await meter.waitFor((item) => item.kind === "fault");
    assert.ok(seen.kind === "fault" && seen.problem.includes("the flow's own mistake"));
    socket.destroy();
    await listener.close();
  });
});

describe("an invalid definition", () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ["nothing", undefined, /^definition: expected an object, got nothing/],
    ["empty", {}, /^definition\.associations: expected a list, got nothing/],
    ["no objects", { associations: [{ client: 16 }] }, /^definition\.objects: expected a list/],
    [
      "no client",
      { associations: [{}], objects: [] },
      /^definition\.associations\[0\]\.client: expected a whole number/,
    ],
    [
      "attribute id",
      { ...definition, objects: [{ classId: 1, logicalName: "1.0.0.0.0.255", attributes: { 300: number(1) } }] },
      /^definition\.objects\[0\]\.attributes\.300: expected a whole number from -128 to 127/,
    ],
    [
      "value that does not encode",
      { ...definition, objects: [data("1.0.0.0.0.255", { type: "unsigned", value: 300 })] },
      /^definition\.objects\[0\]\.attributes\.2: /,
    ],
    [
      "no value",
      { ...definition, objects: [{ classId: 1, logicalName: "1.0.0.0.0.255", attributes: { 2: null } }] },
      /^definition\.objects\[0\]\.attributes\.2: /,
    ],
    [
      "logical name",
      { ...definition, objects: [{ classId: 1, attributes: {} }] },
      /^definition\.objects\[0\]\.logicalName: /,
    ],
    [
      "method",
      { ...definition, objects: [{ ...data("1.0.0.0.0.255", number(1)), methods: { 1: 5 } }] },
      /^definition\.objects\[0\]\.methods\.1: expected a function, got number/,
    ],
  ];
  for (const [name, given, message] of cases) {
    it(`is rejected: ${name}`, () => {
      assert.throws(
        () => createMeter(given as MeterDefinition),
        (error) => error instanceof DlmsConfigError && message.test(error.message),
      );
    });
  }
});
