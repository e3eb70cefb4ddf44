import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { householdDefinition } from "../../src/index";
import { type Message, allNodes, clean, failure, flowFor, helper, next, startMeter, value } from "./support";

const now = (): number => Date.UTC(2026, 0, 15, 12, 5, 0);
const profile = { mode: "profile", logicalName: "1-0:99.1.0*255" };
const points = [
  { name: "energy", logicalName: "1-0:1.8.0*255" },
  { name: "gone", logicalName: "1-0:99.99.9*255" },
  { name: "voltage", logicalName: "1-0:32.7.0*255" },
];

/** The next n messages at a node. */
function several(id: string, count: number): Promise<Message[]> {
  const list: Message[] = [];
  return new Promise((resolve) => {
    helper.getNode(id).on("input", (msg: object) => {
      list.push(msg as Message);
      if (list.length === count) resolve(list);
    });
  });
}

describe("dlms-read: one message per item, columns, periods, own interval", () => {
  afterEach(clean);

  it("sends one message per value, with parts, and the failures with them", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, { mode: "list", points, split: true }));
    const coming = several("out", 2);
    const msg = { _msgid: "abc", kept: { a: 1 }, parts: { id: "outer", index: 0 } };
    helper.getNode("read").receive(msg);
    const [energy, voltage] = await coming;
    assert.ok(energy && voltage);
    assert.deepEqual([energy.topic, voltage.topic], ["energy", "voltage"]);
    assert.equal(typeof energy.payload, "number");
    assert.equal(voltage.dlms?.unit, "V");
    const parts = voltage.parts as unknown as Record<string, unknown>;
    assert.deepEqual(parts, {
      ...{ id: "abc", type: "object", key: "voltage", index: 1, count: 2 },
      parts: { id: "outer", index: 0 },
    });
    assert.deepEqual(voltage.kept, { a: 1 });
    const errors = energy.dlms?.errors as Record<string, { code: string }>;
    assert.deepEqual(Object.keys(errors), ["gone"]);
    assert.match(errors.gone?.code ?? "", /^DLMS_ACCESS_/);
  });

  it("sends one message per row of a profile, and leaves single values as they are", async () => {
    const { port } = await startMeter(householdDefinition({ now }));
    await helper.load(allNodes, flowFor(port, { ...profile, range: '{"last":3}', split: "true" }));
    const coming = several("out", 3);
    helper.getNode("read").receive({ _msgid: "abc" });
    const rows = await coming;
    assert.deepEqual(
      rows.map((row) => (row.payload as Record<string, unknown>)["0.0.1.0.0.255"]),
      ["12:30:00", "12:45:00", "13:00:00"].map((time) => `2026-01-15T${time}+01:00`),
    );
    assert.deepEqual((rows[2]?.parts as unknown as { index: number }).index, 2);
    const single = next("out");
    helper.getNode("read").receive({ mode: "attribute", logicalName: "1-0:32.7.0*255" });
    assert.equal("parts" in (await single), false);
  });

  it("yields the same as one message after a Join node", async () => {
    const { port } = await startMeter();
    const join = createRequire(__filename)("@node-red/nodes/core/sequence/17-split.js") as never;
    const flow = flowFor(port, { mode: "list", points, split: true, wires: [["join"]] });
    await helper.load(
      [...allNodes, join],
      [...flow, { id: "join", type: "join", z: "tab", x: 0, y: 0, mode: "auto", wires: [["out"]] }],
    );
    const msg = await value();
    assert.deepEqual(Object.keys(msg.payload as object), ["energy", "voltage"]);
  });

  it("keeps the requested columns in the requested order, in any spelling, and names missing ones", async () => {
    const { port } = await startMeter(householdDefinition({ now }));
    const columns = "1-0:1.8.0*255, 0.0.1.0.0.255/2";
    await helper.load(allNodes, flowFor(port, { ...profile, range: '{"last":2}', columns }));
    const msg = await value();
    const [row] = msg.payload as object[];
    assert.deepEqual(Object.keys(row ?? {}), ["1.0.1.8.0.255", "0.0.1.0.0.255"]);
    assert.equal((msg.dlms?.columns as unknown[]).length, 2);
    const other = await value({ columns: ["1.0.1.8.0.255"] });
    assert.deepEqual(Object.keys((other.payload as object[])[0] ?? {}), ["1.0.1.8.0.255"]);
    const missing = await failure({ columns: "1-0:77.7.7*255" });
    assert.match(
      missing.dlmsError.message,
      /^columns: "1-0:77\.7\.7\*255" is no column of this profile .*; there are /,
    );
    assert.match((await failure({ columns: { a: 1 } })).dlmsError.message, /^msg\.columns: expected names/);
  });

  it("has the meter send the wanted columns of a range only, and the time", async () => {
    const { meter, port } = await startMeter(householdDefinition({ now }));
    const range = '{"from":"2026-01-15T10:00","to":"2026-01-15T11:00"}';
    await helper.load(allNodes, flowFor(port, { ...profile, range, columns: "1-0:2.8.0*255" }));
    const rows = (await value()).payload as object[];
    assert.deepEqual([rows.length, Object.keys(rows[0] ?? {})], [5, ["1.0.2.8.0.255"]]);
    const chosen = meter.received.flatMap((item) => {
      if (item.kind !== "apdu" || item.apdu.apdu !== "get-request-normal") return [];
      const fields = item.apdu.attribute.access?.parameters.value;
      return Array.isArray(fields) ? [(fields as { value: unknown[] }[])[3]?.value.length] : [];
    });
    assert.deepEqual(chosen, [2]);
  });

  it("reads the last day, week or month by the clock", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, { ...profile, range: '{"last":"day"}' }));
    const day = await value();
    assert.equal(day.dlms?.selection, "range");
    const count = (day.payload as unknown[]).length;
    assert.ok(count >= 95 && count <= 97, `${count} quarters of an hour`);
    const week = await value({ range: { last: "week" } });
    assert.ok((week.payload as unknown[]).length > 6 * count);
    const { message } = (await failure({ range: { last: "year" } })).dlmsError;
    assert.match(message, /^msg\.range\.last: expected a whole number of rows, "day", "week" or "month", got "year"/);
  });

  it("refuses an end before the beginning, because it would look like an empty profile", async () => {
    const meter = await startMeter();
    await helper.load(allNodes, flowFor(meter.port, profile));
    const reversed = [
      ["2026-01-31T00:00", "2026-01-30"],
      [new Date(2000), new Date(1000)],
      [2000, "1970-01-01T00:00:01Z"],
      ["2026-01-01T00:00+02:00", "2026-01-01T00:00+03:00"],
    ];
    for (const [from, to] of reversed) {
      const { code, message } = (await failure({ range: { from, to } })).dlmsError;
      assert.equal(code, "DLMS_CONFIG_INVALID");
      assert.match(message, /^msg\.range\.to: the end .+ lies before the beginning /);
    }
    const moment = "2026-01-31T00:00";
    assert.ok((await value({ range: { from: moment, to: moment } })).payload);
    // without an offset it is the meter's time, in an unknown zone
    assert.ok((await value({ range: { from: "2026-01-31T01:00", to: "2026-01-31T00:00Z" } })).payload);
  });

  it("reads at its own interval, and sends failures to a Catch node", async () => {
    const meter = await startMeter();
    await helper.load(allNodes, flowFor(meter.port, { interval: "1", spread: "0" }));
    const [first, second] = await several("out", 2);
    assert.equal(typeof first?.payload, "number");
    assert.equal(second?.topic, "1.0.1.7.0.255");
    const caught = next("caught");
    await meter.close();
    assert.ok((await caught).dlmsError);
  });

  it("refuses an invalid interval", async () => {
    await helper.load(allNodes, flowFor(1, { interval: "often" }));
    assert.match(
      (await failure()).dlmsError.message,
      /^interval: expected a whole number from 0 to 604800, got "often"/,
    );
  });

  it("reports it at once, to a Catch node or in the log, because no message will follow", async () => {
    const meter = { id: "meter", type: "dlms-meter", host: "127.0.0.1", port: "1" };
    const on = { z: "tab", x: 0, y: 0 };
    const read = { id: "read", type: "dlms-read", ...on, meter: "meter", interval: "0.5", wires: [[]] };
    const tab = { id: "tab", type: "tab", label: "test" };
    const sentence = /^interval: expected a whole number from 0 to 604800, got "0\.5"/;
    await helper.load(allNodes, [tab, meter, read]);
    assert.ok(
      helper.log().args.some(([entry]: unknown[]) => sentence.test(String((entry as { msg?: unknown }).msg))),
      "the log has the whole sentence",
    );
    await helper.unload();
    let caught: (msg: Message) => void = () => undefined;
    const message = new Promise<Message>((resolve) => (caught = resolve));
    // a Catch node receives errors at the end of a deploy before the test can look up the node
    const recorder = (RED: NodeAPI): void => {
      RED.nodes.registerType("recorder", function (this: Node, config: NodeDef) {
        RED.nodes.createNode(this, config);
        this.on("input", caught);
      });
    };
    await helper.load(
      [...allNodes, recorder],
      [
        ...[tab, meter, read],
        { id: "catch", type: "catch", ...on, scope: null, wires: [["recorder"]] },
        { id: "recorder", type: "recorder", ...on },
      ],
    );
    const { dlmsError } = await message;
    assert.equal(dlmsError?.code, "DLMS_CONFIG_INVALID");
    assert.match(dlmsError.message, sentence);
  });
});
