/** SET and ACTION in all forms through the public API. */
import assert from "node:assert/strict";
import {
  attribute,
  type DlmsValue,
  DlmsConfigError,
  DlmsError,
  isDlmsError,
  type MeterDefinition,
  method,
  type SimulatedObject,
} from "../../src";
import { bench, type Bench, register, requests } from "../support/meters";

const octets = (length: number): DlmsValue => ({ type: "octet-string", value: new Uint8Array(length).fill(0x5a) });

function objects(): { readonly list: SimulatedObject[]; readonly calls: (DlmsValue | undefined)[] } {
  const calls: (DlmsValue | undefined)[] = [];
  const call = (argument: DlmsValue | undefined): DlmsValue => {
    calls.push(argument);
    return { type: "octet-string", value: new Uint8Array(300).fill(calls.length) };
  };
  const voltage = { ...register("1.0.32.7.0.255", 2301, -1, 35), writable: [2] };
  return {
    calls,
    list: [
      voltage,
      { classId: 1, logicalName: "0.0.96.1.0.255", attributes: { 2: octets(3) }, writable: [2] },
      { classId: 1, logicalName: "0.0.96.1.1.255", attributes: { 2: octets(3) } },
      {
        classId: 22,
        logicalName: "0.0.15.0.0.255",
        attributes: {
          2: { type: "structure", value: [] },
          3: { type: "enum", value: 1 },
          4: { type: "array", value: [] },
        },
        writable: [2, 3, 4],
      },
      {
        classId: 70,
        logicalName: "0.0.96.3.10.255",
        attributes: { 2: { type: "boolean", value: true } },
        methods: { 1: call, 2: call },
      },
      { classId: 9, logicalName: "0.0.10.0.106.255", attributes: { 2: octets(1) }, methods: { 1: call } },
    ],
  };
}

function setUp(more: Partial<MeterDefinition> = {}): Bench & ReturnType<typeof objects> {
  const made = objects();
  return { ...made, ...bench({ objects: made.list, ...more }) };
}

const serial = attribute("DATA", "0.0.96.1.0.255", "value");
const readOnly = attribute("DATA", "0.0.96.1.1.255", "value");
const schedule = (name: string) => attribute("SINGLE_ACTION_SCHEDULE", "0.0.15.0.0.255", name);
const disconnect = method("DISCONNECT_CONTROL", "0.0.96.3.10.255", "remote_disconnect");
const execute = method("SCRIPT_TABLE", "0.0.10.0.106.255", "execute");

const withoutLists = ["get", "set", "action", "selective-access"];
const withoutBlocks = ["multiple-references", ...withoutLists];

describe("writing through the client", () => {
  it("writes a DlmsValue with SET-Request-Normal", async () => {
    const { client, meter } = setUp();
    await client.write(serial, octets(8));
    assert.ok(requests(meter).includes("set-request-normal"));
    assert.equal((await client.read(serial)).value, "ZZZZZZZZ");
    await client.close();
  });

  it("writes plain values by the class table", async () => {
    const { client } = setUp();
    await client.write(schedule("executed_script"), { scriptLogicalName: "0-0:10.0.106*255", scriptSelector: 1 });
    await client.write(schedule("type"), "same-times-wildcards");
    await client.write(schedule("execution_time"), [{ time: "00:00", date: "*-*-01" }]);
    assert.deepEqual((await client.read(schedule("executed_script"))).value, {
      scriptLogicalName: "0.0.10.0.106.255",
      scriptSelector: 1,
    });
    assert.equal((await client.read(schedule("type"))).value, 3);
    assert.equal(
      Buffer.from((await client.read(schedule("execution_time"))).raw).toString("hex"),
      "0101" + "0202" + "090400000000" + "0905ffffff01ff",
    );
    await client.close();
  });

  it("refuses a plain value before anything is sent, and names the attribute and the path", async () => {
    const { client, meter } = setUp();
    await assert.rejects(
      client.write(schedule("executed_script"), { scriptLogicalName: "0.0.10.0.106.255", scriptSelector: 70_000 }),
      (error) =>
        error instanceof DlmsConfigError &&
        error.message ===
          "0-0:15.0.0*255/2 executed_script.scriptSelector: expected long-unsigned, a whole number from 0 to 65535, got 70000",
    );
    await assert.rejects(
      client.write(serial, 5),
      /the class table leaves the type of this attribute open; give \{type, value\}/,
    );
    await assert.rejects(
      client.write({ classId: 9000, logicalName: "0.0.1.0.0.255", attributeId: 2 }, 5),
      /leaves the type/,
    );
    assert.deepEqual(requests(meter), []);
    await client.close();
  });

  it("writes a value in its unit by the meter's own scaler and type", async () => {
    const { client } = setUp();
    const voltage = attribute("REGISTER", "1.0.32.7.0.255", "value");
    await client.write(voltage, 230.5, { scaled: true });
    const { value, type, raw } = await client.read(voltage);
    assert.deepEqual([value, type, Buffer.from(raw).toString("hex")], [230.5, "double-long-unsigned", "0600000901"]);
    await assert.rejects(client.write(voltage, 230.55, { scaled: true }), /no multiple of 0\.1/);
    await assert.rejects(client.write(serial, 1, { scaled: true }), /gives no scaler/);
    await client.close();
  });

  it("writes with a type of the caller", async () => {
    const { client } = setUp();
    await client.write(serial, "4142", { type: "octet-string", octetStrings: "hex" });
    assert.equal((await client.read(serial)).value, "AB");
    await client.close();
  });

  it("writes a long value in blocks", async () => {
    const { client, meter } = setUp({ maxPduSize: 128 });
    await client.write(serial, octets(1000));
    const sent = requests(meter);
    assert.ok(sent.includes("set-request-with-first-datablock") && sent.includes("set-request-with-datablock"));
    assert.equal((await client.read(serial)).raw.length, 1004);
    await client.close();
  });

  it("writes several attributes with a list, and keeps the positions of refusals", async () => {
    const { client, meter } = setUp();
    const outcomes = await client.writeMany([
      { ref: serial, value: octets(2) },
      { ref: readOnly, value: octets(2) },
      { ref: schedule("type"), value: 2 },
    ]);
    assert.deepEqual(
      outcomes.map((one) => (one.ok ? "ok" : one.error.code)),
      ["ok", "DLMS_ACCESS_READ_WRITE_DENIED", "ok"],
    );
    assert.equal(requests(meter).filter((name) => name === "set-request-with-list").length, 1);
    assert.equal((await client.read(schedule("type"))).value, 2);
    await client.close();
  });

  it("writes a long list in blocks", async () => {
    const { client, meter } = setUp({ maxPduSize: 128 });
    const outcomes = await client.writeMany([
      { ref: serial, value: octets(300) },
      { ref: schedule("type"), value: 4 },
    ]);
    assert.deepEqual(outcomes, [{ ok: true }, { ok: true }]);
    assert.ok(requests(meter).includes("set-request-with-list-and-first-datablock"));
    assert.equal((await client.read(serial)).raw.length, 304);
    await client.close();
  });

  it("writes one after the other where the meter has no lists", async () => {
    const { client, meter } = setUp({ conformance: withoutLists });
    const outcomes = await client.writeMany([
      { ref: readOnly, value: octets(2) },
      { ref: serial, value: octets(2) },
    ]);
    assert.deepEqual(
      outcomes.map(({ ok }) => ok),
      [false, true],
    );
    assert.equal(requests(meter).filter((name) => name === "set-request-normal").length, 2);
    await client.close();
  });

  it("refuses a list with an invalid item before anything is sent", async () => {
    const { client, meter } = setUp();
    await assert.rejects(
      client.writeMany([
        { ref: serial, value: octets(1) },
        { ref: schedule("type"), value: 256 },
      ]),
      /from 0 to 255/,
    );
    await assert.rejects(client.writeMany("no" as never), /writes: expected a list/);
    assert.deepEqual(await client.writeMany([]), []);
    assert.deepEqual(requests(meter), []);
    await client.close();
  });

  it("sends the selective access of a SET", async () => {
    const { client, meter } = setUp();
    const access = { selector: 2, parameters: { type: "long-unsigned", value: 7 } } as const;
    await client.write(serial, octets(1), { access });
    const item = meter.received.find((one) => one.kind === "apdu" && one.apdu.apdu === "set-request-normal");
    assert.ok(item?.kind === "apdu" && item.apdu.apdu === "set-request-normal");
    assert.deepEqual(item.apdu.attribute.access, access);
    await assert.rejects(client.write(serial, octets(1), { access: { ...access, selector: 256 } }), /access\.selector/);
    await client.close();
  });

  it("refuses a long value for a meter without block transfer", async () => {
    const { client, meter } = setUp({ conformance: withoutBlocks, maxPduSize: 128 });
    await assert.rejects(
      client.write(serial, octets(1000)),
      (error) => isDlmsError(error) && error.is("ASSOC_SERVICE_NOT_NEGOTIATED"),
    );
    assert.ok(!requests(meter).some((name) => name.startsWith("set")));
    await client.close();
  });
});

describe("invoking through the client", () => {
  it("sends the argument that the standard defines, and integer 0 where there is none", async () => {
    const { client, calls } = setUp();
    await client.invoke(disconnect);
    await client.invoke(execute, 1);
    await client.invoke(execute, { type: "long-unsigned", value: 2 });
    assert.deepEqual(calls, [
      { type: "integer", value: 0 },
      { type: "long-unsigned", value: 1 },
      { type: "long-unsigned", value: 2 },
    ]);
    await assert.rejects(client.invoke(execute, -1), /0-0:10\.0\.106\*255 method 1: expected long-unsigned/);
    await assert.rejects(
      client.invoke({ classId: 9000, logicalName: "0.0.1.0.0.255", methodId: 1 }, 5),
      /type of this method open/,
    );
    await client.close();
  });

  it("sends a long argument and receives a long answer in blocks", async () => {
    const { client, meter, calls } = setUp({ maxPduSize: 128 });
    const answer = await client.invoke(execute, octets(500));
    assert.deepEqual(calls, [octets(500)]);
    assert.deepEqual(answer, { type: "octet-string", value: new Uint8Array(300).fill(1) });
    const sent = requests(meter);
    for (const form of ["action-request-with-first-pblock", "action-request-with-pblock"])
      assert.ok(sent.includes(form), form);
    await client.close();
  });

  it("invokes several methods with a list", async () => {
    const { client, meter, calls } = setUp();
    const missing = method("DISCONNECT_CONTROL", "0.0.96.3.99.255", "remote_disconnect");
    const outcomes = await client.invokeMany([{ ref: disconnect }, { ref: missing }, { ref: execute, argument: 3 }]);
    assert.deepEqual(
      outcomes.map((one) => (one.ok ? one.value.type : one.error.code)),
      ["octet-string", "DLMS_ACCESS_OBJECT_UNDEFINED", "octet-string"],
    );
    assert.equal(requests(meter).filter((name) => name === "action-request-with-list").length, 1);
    assert.equal(calls.length, 2);
    await client.close();
  });

  it("invokes a long list in blocks", async () => {
    const { client, meter, calls } = setUp({ maxPduSize: 128 });
    const outcomes = await client.invokeMany([{ ref: execute, argument: octets(300) }, { ref: disconnect }]);
    assert.deepEqual(
      outcomes.map(({ ok }) => ok),
      [true, true],
    );
    assert.equal(calls.length, 2);
    assert.ok(requests(meter).includes("action-request-with-list-and-first-pblock"));
    await client.close();
  });

  it("invokes one after the other where the meter has no lists", async () => {
    const { client, meter, calls } = setUp({ conformance: withoutLists });
    await client.invokeMany([{ ref: disconnect }, { ref: execute, argument: 3 }]);
    assert.equal(calls.length, 2);
    assert.equal(requests(meter).filter((name) => name === "action-request-normal").length, 2);
    await assert.rejects(
      client.invokeMany(5 as never),
      (error) => error instanceof DlmsError && /calls: expected a list/.test(error.message),
    );
    await client.close();
  });
});
