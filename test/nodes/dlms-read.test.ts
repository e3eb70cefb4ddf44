import assert from "node:assert/strict";
import { splitMessages } from "../../nodes/dlms-read/split-output";
import { householdDefinition } from "../../src";
import { allNodes, ask, clean, failure, flowFor, helper, startMeter, statusesOf, value } from "./support";

describe("dlms-read", () => {
  afterEach(clean);

  it("sends the scaled value, with unit, type, raw bytes and time in msg.dlms", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, { logicalName: "1-0:32.7.0*255" }));
    const msg = await value();
    assert.equal(typeof msg.payload, "number");
    const { dlms } = msg;
    assert.ok(dlms);
    assert.equal(dlms.meter, "test meter");
    assert.equal(dlms.mode, "attribute");
    assert.equal(dlms.logicalName, "1.0.32.7.0.255");
    assert.equal(dlms.objectType, "REGISTER");
    assert.equal(dlms.classId, 3);
    assert.equal(dlms.attributeId, 2);
    assert.equal(dlms.attribute, "value");
    assert.equal(dlms.value, msg.payload);
    assert.equal(dlms.unit, "V");
    assert.equal(dlms.unitCode, 35);
    assert.equal(dlms.scaler, -1);
    assert.equal(dlms.type, "long-unsigned");
    assert.match(String(dlms.raw), /^12[0-9a-f]{4}$/);
    const raw = Number.parseInt(String(dlms.raw).slice(2), 16);
    assert.equal(msg.payload, raw / 10, "the raw value divided by ten");
    assert.match(String(dlms.readAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(msg.topic, "1.0.32.7.0.255");
  });

  it("passes the incoming message on: same object, its other properties kept, stale errors gone", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    const request = { url: "/x" };
    const msg = await value({
      topic: "mine",
      _msgid: "abc",
      parts: { id: "p", index: 1, count: 3 },
      req: request,
      dlmsError: { code: "DLMS_OLD" },
    });
    assert.equal(msg.topic, "mine");
    assert.equal(msg._msgid, "abc");
    assert.deepEqual(msg.parts, { id: "p", index: 1, count: 3 });
    assert.equal(msg.req, request);
    assert.equal("dlmsError" in msg, false);
  });

  it("prefers the message to the editor, treats an empty text as absent, and does not remember overrides", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    assert.equal((await value({ logicalName: "0100200700ff" })).dlms?.logicalName, "1.0.32.7.0.255");
    assert.equal((await value({ obis: "1-0:14.7.0" })).dlms?.unit, "Hz");
    assert.equal(
      (await value({ logicalName: "", objectType: "", attributeId: "" })).dlms?.logicalName,
      "1.0.1.7.0.255",
    );
    const clock = await value({ obis: "0.0.1.0.0.255", objectType: "clock", attributeId: "time" });
    assert.match(String(clock.payload), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
    const unit = await value({ attributeId: 3 });
    assert.deepEqual(unit.payload, { scaler: 0, unit: "W", unitCode: 27 });
    assert.equal((await value()).dlms?.attributeId, 2);
  });

  it("evaluates typed properties: msg, flow, global, env and JSONata", async () => {
    const { port } = await startMeter();
    process.env.DLMS_TEST_CODE = "1-0:32.7.0*255";
    try {
      for (const [type, expression] of [
        ["msg", "wanted"],
        ["flow", "wanted"],
        ["global", "wanted"],
        ["env", "DLMS_TEST_CODE"],
        ["jsonata", '"1-0:" & $string(30 + 2) & ".7.0*255"'],
      ] as const) {
        await helper.load(allNodes, flowFor(port, { logicalName: expression, logicalNameType: type }));
        const context = helper.getNode("read").context();
        context.flow.set("wanted", "1-0:32.7.0*255");
        context.global.set("wanted", "1-0:32.7.0*255");
        const msg = await value({ wanted: "1-0:32.7.0*255" });
        assert.equal(msg.dlms?.logicalName, "1.0.32.7.0.255", type);
        await helper.unload();
      }
    } finally {
      delete process.env.DLMS_TEST_CODE;
    }
  });

  it("accepts ${ENV} in every kind of setting, and numbers as text", async () => {
    const { port } = await startMeter();
    process.env.DLMS_TEST_PORT = String(port);
    process.env.DLMS_TEST_CLIENT = "16";
    process.env.DLMS_TEST_CODE = "1-0:14.7.0*255";
    try {
      await helper.load(
        allNodes,
        flowFor("${DLMS_TEST_PORT}", { logicalName: "${DLMS_TEST_CODE}" }, { clientAddress: "${DLMS_TEST_CLIENT}" }),
      );
      assert.equal((await value()).dlms?.unit, "Hz");
    } finally {
      delete process.env.DLMS_TEST_PORT;
      delete process.env.DLMS_TEST_CLIENT;
      delete process.env.DLMS_TEST_CODE;
    }
  });

  it("outputs dates as ISO text, Date or epoch", async () => {
    const { port } = await startMeter(householdDefinition({ now: () => Date.UTC(2026, 0, 15, 12, 0, 0) }));
    const read = { logicalName: "0-0:1.0.0*255", objectType: "CLOCK" };
    await helper.load(allNodes, flowFor(port, read));
    assert.equal((await value()).payload, "2026-01-15T13:00:00+01:00");
    await helper.unload();
    await helper.load(allNodes, flowFor(port, { ...read, dates: "epoch" }));
    assert.equal((await value()).payload, Date.UTC(2026, 0, 15, 12, 0, 0));
    await helper.unload();
    await helper.load(allNodes, flowFor(port, { ...read, dates: "date" }));
    assert.deepEqual((await value()).payload, new Date(Date.UTC(2026, 0, 15, 12, 0, 0)));
  });

  it("shows connecting, then the value with its unit", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    const statuses = statusesOf("read");
    await value();
    await statuses.until(/^yellow ring dlms-read\.status\.connecting$/);
    await statuses.until(/^green dot [\d ]+(\.\d+)? k?W$/);
  });

  it("finds another meter by msg.meter, by name or id", async () => {
    const first = await startMeter();
    const second = await startMeter(householdDefinition({ serialNumber: "OTHER123" }));
    const other = { id: "meter2", type: "dlms-meter", name: "the other", host: "127.0.0.1", port: second.port };
    await helper.load(allNodes, [...flowFor(first.port), other]);
    const serial = { obis: "0-0:96.1.0*255", objectType: "DATA" };
    assert.equal((await value({ ...serial, meter: "the other" })).payload, "OTHER123");
    assert.equal((await value({ ...serial, meter: "meter2" })).dlms?.meter, "the other");
    assert.notEqual((await value(serial)).payload, "OTHER123", "the message's meter is not remembered");
    const missing = await failure({ meter: "nobody" });
    assert.equal(missing.dlmsError.code, "DLMS_CONFIG_INVALID");
    assert.match(missing.dlmsError.message, /msg\.meter.*"nobody".*the other/);
  });
});

describe("dlms-read, mode list", () => {
  afterEach(clean);

  const points = [
    { name: "power", logicalName: "1-0:1.7.0*255" },
    { logicalName: "1-0:32.7.0*255", objectType: "REGISTER", attributeId: "2" },
    { name: "clock", logicalName: "0-0:1.0.0*255", objectType: "CLOCK", attributeId: "time" },
  ];

  it("sends an object with a value for each name, and information on each", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, { mode: "list", points }));
    const statuses = statusesOf("read");
    const msg = await value();
    const payload = msg.payload as Record<string, unknown>;
    assert.deepEqual(Object.keys(payload), ["power", "1.0.32.7.0.255/2", "clock"]);
    const items = msg.dlms?.items as Record<string, Record<string, unknown>>;
    assert.equal(items.power?.unit, "W");
    assert.equal(items.power?.value, payload.power);
    assert.equal(items.clock?.objectType, "CLOCK");
    assert.equal(msg.dlms?.mode, "list");
    await statuses.until(/^green dot dlms-read\.status\.values$/);
  });

  it("keeps the other values when one item fails, and turns yellow", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, { mode: "list", points }));
    const statuses = statusesOf("read");
    const msg = await value({
      points: [{ name: "no", logicalName: "1-0:99.9.9*255" }, ...points],
    });
    const payload = msg.payload as Record<string, unknown>;
    assert.equal("no" in payload, false);
    assert.equal(typeof payload.power, "number");
    const items = msg.dlms?.items as Record<string, { error?: { code: string } }>;
    assert.match(String(items.no?.error?.code), /^DLMS_ACCESS_/);
    await statuses.until(/^yellow dot/);
  });

  it("accepts any name, including inherited ones of objects, also in single messages", async () => {
    const { port } = await startMeter();
    const names = ["__proto__", "constructor", "toString"];
    const codes = ["1-0:1.7.0", "1-0:32.7.0", "1-0:99.9.9"];
    const odd = names.map((name, index) => ({ name, logicalName: codes[index] }));
    await helper.load(allNodes, flowFor(port, { mode: "list", points: odd }));
    const { payload, dlms } = await value();
    assert.deepEqual(Object.keys(payload as object), ["__proto__", "constructor"]);
    assert.ok(Object.values(payload as object).every((one) => typeof one === "number"));
    const items = Object.entries(dlms?.items as object) as [string, { unit?: string; error?: object }][];
    assert.deepEqual(
      items.map(([name, { unit, error }]) => [name, unit, error !== undefined]),
      [
        ["__proto__", "W", false],
        ["constructor", "V", false],
        ["toString", undefined, true],
      ],
    );
    assert.ok(dlms);
    const single = splitMessages({}, { payload, dlms, complete: true, status: { text: "" } });
    assert.deepEqual(
      single.map(({ topic }) => topic),
      ["__proto__", "constructor"],
    );
  });

  it("fails when no value could be read", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, { mode: "list", points: [{ logicalName: "1-0:99.9.9*255" }] }));
    assert.match((await failure()).dlmsError.code, /^DLMS_ACCESS_/);
  });

  it("refuses invalid lists and names the row", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, { mode: "list", points }));
    const cases: [unknown, string, RegExp][] = [
      [
        [
          { name: "a", logicalName: "1-0:1.7.0" },
          { name: "a", logicalName: "1-0:2.7.0" },
        ],
        "DLMS_CONFIG_INVALID",
        /"a"/,
      ],
      [
        [{ logicalName: "1-0:1.7.0" }, { logicalName: "1.0.1.7.0.255" }],
        "DLMS_CONFIG_INVALID",
        /1\.0\.1\.7\.0\.255\/2/,
      ],
      [[{ logicalName: "power" }], "DLMS_CONFIG_INVALID", /msg\.points\[0\]\.logicalName/],
      [[{ objectType: "REGISTER" }], "DLMS_CONFIG_MISSING", /msg\.points\[0\]\.logicalName/],
      [["1-0:1.7.0"], "DLMS_CONFIG_INVALID", /msg\.points\[0\]/],
      [[], "DLMS_CONFIG_MISSING", /msg\.points/],
      [{ a: 1 }, "DLMS_CONFIG_INVALID", /msg\.points/],
    ];
    for (const [list, code, text] of cases) {
      const { dlmsError } = await failure({ points: list });
      assert.equal(dlmsError.code, code, JSON.stringify(list));
      assert.match(dlmsError.message, text);
    }
  });

  it("ignores msg.points in the other modes", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    const { sent } = await ask({ points: "nonsense" });
    assert.equal(typeof sent?.payload, "number");
  });
});
