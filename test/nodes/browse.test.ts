import assert from "node:assert/strict";
import sinon from "sinon";
import { commonCodes, commonCodesIn } from "../../nodes/admin/common-codes";
import { groupOf } from "../../nodes/admin/object-tree";
import { readCsv, writeCsv } from "../../nodes/dlms-read/editor/csv";
import { parseCsv } from "../../nodes/node-red/csv-rows";
import { isObis } from "../../src";
import { neverAnswer } from "../../src/simulator";
import { allNodes, clean, flowFor, helper, startMeter } from "./support";

interface Answer {
  status: number;
  body: { objects?: Record<string, unknown>[]; error?: { code: string; message: string }; [key: string]: unknown };
}
interface Requests {
  get(path: string): Promise<Answer>;
  post(path: string): { send(body: object): Promise<Answer> };
}
const request = (): Requests => helper.request() as unknown as Requests;
const post = (what: string, body: object = {}, id = "meter"): Promise<Answer> =>
  request().post(`/dlms/meters/${id}/${what}`).send(body);

describe("the endpoints of the read dialog", () => {
  afterEach(clean);

  it("lists the objects of a deployed meter with names, branches and attributes", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    const { status, body } = await post("browse");
    assert.equal(status, 200);
    const energy = body.objects?.find(({ logicalName }) => logicalName === "1.0.1.8.0.255");
    assert.deepEqual(
      [energy?.obis, energy?.group, energy?.medium, energy?.objectType, energy?.title],
      ["1-0:1.8.0*255", "energy", 1, "REGISTER", "Register"],
    );
    assert.match(String(energy?.description), /Active energy import/);
    assert.equal((energy?.attributes as { name: string }[])[1]?.name, "value");
  });

  it("reads the value of an attribute with its unit, and the columns of a profile", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    const voltage = await post("read", { classId: 3, logicalName: "1-0:32.7.0*255", attributeId: 2 });
    assert.equal(voltage.body.unit, "V");
    assert.match(String(voltage.body.text), /^2\d\d(\.\d)?$/);
    const columns = await post("columns", { logicalName: "1-0:99.1.0*255" });
    assert.ok((columns.body.columns as { key: string }[]).some(({ key }) => key === "1.0.1.8.0.255"));
  });

  it("reports why a request failed: not deployed, settings, parameters, a refusal of the meter", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, [...flowFor(port), { id: "bad", type: "dlms-meter", version: 1, port: "0" }]);
    const nobody = await post("browse", {}, "nobody");
    assert.deepEqual([nobody.status, nobody.body.error?.code], [404, "NOT_DEPLOYED"]);
    const reader = await post("browse", {}, "read");
    assert.equal(reader.status, 404, "another kind of node is no meter");
    const bad = await post("browse", {}, "bad");
    assert.equal(bad.status, 409);
    assert.match(bad.body.error?.message ?? "", /^port: expected/);
    for (const body of [
      {},
      { classId: 3, logicalName: "x", attributeId: 2 },
      { classId: -1, logicalName: "1-0:1.8.0" },
    ]) {
      assert.equal((await post("read", body)).status, 400);
    }
    const missing = await post("read", { classId: 3, logicalName: "1-0:99.99.9*255", attributeId: 2 });
    assert.equal(missing.status, 502);
    assert.match(missing.body.error?.message ?? "", /1-0:99\.99\.9\*255/);
  });

  it("releases the meter with the deploy, although a dialog sent the last request", async () => {
    const { meter, port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    await post("browse");
    assert.equal(meter.associations, 1);
    await helper.unload();
    assert.equal(meter.associations, 0);
  });

  it("keeps no data of a request that a deploy ends", async () => {
    const one = await startMeter();
    await helper.load(allNodes, flowFor(one.port));
    one.meter.use(neverAnswer());
    const timers = sinon.spy(globalThis, "setTimeout");
    try {
      const asked = Promise.resolve(post("browse"));
      await one.meter.waitFor((item) => item.kind === "apdu");
      await helper.unload();
      assert.equal((await asked).body.error?.code, "DLMS_STATE_CLOSED");
      assert.deepEqual(
        timers.args.filter(([, ms]) => ms === 20_000),
        [],
        "a timer for a session that is gone",
      );
    } finally {
      timers.restore();
    }
  });

  it("describes codes while they are typed, and lists presets", async () => {
    await helper.load(allNodes, flowFor(1));
    const known = await request().get("/dlms/describe?obis=1-0:1.8.0");
    assert.match(String(known.body.description), /Active energy import/);
    assert.equal((await request().get("/dlms/describe?obis=nonsense")).status, 400);
    assert.ok(Array.isArray((await request().get("/dlms/presets")).body));
  });

  it("names objects, classes and columns in the language of the editor, and in English for other languages", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    const cases = [
      ["de", "Wirkenergie Bezug (+A), gesamt", "Register", "Uhr"],
      ["zh-CN", "正向有功电能（+A），总", "寄存器", "时钟"],
      ["en-US", "Active energy import (+A), total", "Register", "Clock"],
      ["../../etc", "Active energy import (+A), total", "Register", "Clock"],
      [{ toString: 1 }, "Active energy import (+A), total", "Register", "Clock"],
    ] as const;
    for (const [language, energy, register, clock] of cases) {
      const { objects = [] } = (await post("browse", { language })).body;
      const found = objects.find(({ logicalName }) => logicalName === "1.0.1.8.0.255");
      assert.deepEqual([found?.description, found?.title], [energy, register]);
      assert.equal(objects.find(({ classId }) => classId === 8)?.description, clock);
      const { body } = await post("columns", { language, logicalName: "1-0:99.1.0*255" });
      const columns = body.columns as { label: string; classId: number }[];
      assert.equal(columns.find(({ classId }) => classId === 8)?.label, clock);
      if (typeof language !== "string") continue;
      const query = `language=${encodeURIComponent(language)}`;
      const described = await request().get(`/dlms/describe?obis=1-0:1.8.0&${query}`);
      assert.equal(described.body.description, energy);
      const { codes, classes } = (await request().get(`/dlms/classes?${query}`)).body as {
        codes?: { obis: string; label: string }[];
        classes?: { id: number; name: string; title: string }[];
      };
      assert.equal(codes?.find(({ obis }) => obis === "0-0:1.0.0*255")?.label, clock);
      const row = classes?.find(({ id }) => id === 3);
      assert.deepEqual([row?.name, row?.title], ["REGISTER", register]);
    }
  });

  it("offers the codes under unique labels in each language", () => {
    const lists = ["en-US", "de", "zh-CN"].map((language) => commonCodesIn(language));
    for (const list of lists) {
      assert.deepEqual(
        list.map(({ obis, objectType }) => [obis, objectType]),
        commonCodes.map(({ obis, objectType }) => [obis, objectType]),
      );
      assert.equal(new Set(list.map(({ label }) => label)).size, list.length);
    }
    assert.ok(lists[2]?.every(({ label }) => /\p{Script=Han}/u.test(label)));
  });

  it("puts objects under the branch where a person looks for them", () => {
    const cases: [number, string, string][] = [
      [3, "1.0.1.8.0.255", "energy"],
      [3, "1.0.1.7.0.255", "power"],
      [4, "1.0.1.6.0.255", "demand"],
      [3, "1.0.32.7.0.255", "voltage"],
      [3, "1.0.51.7.0.255", "current"],
      [3, "1.0.14.7.0.255", "quality"],
      [7, "1.0.99.1.0.255", "profiles"],
      [8, "0.0.1.0.0.255", "time"],
      [1, "0.0.42.0.0.255", "identification"],
      [15, "0.0.40.0.0.255", "security"],
      [70, "0.0.96.3.10.255", "control"],
      [23, "0.0.22.0.0.255", "communication"],
      [1, "0.0.97.97.0.255", "status"],
      [3, "1.0.199.7.0.255", "manufacturer"],
      [4, "7.0.3.0.0.255", "consumption"],
    ];
    for (const [classId, obis, group] of cases) assert.equal(groupOf(classId, obis), group, obis);
  });
});

describe("lists of values as CSV", () => {
  it("reads all forms of RFC 4180: quotes, delimiters and line ends in fields, no line end at the end", () => {
    assert.deepEqual(parseCsv('a,"b,""c""",d\r\n"x\r\ny",,z', ","), [
      ["a", 'b,"c"', "d"],
      ["x\r\ny", "", "z"],
    ]);
    assert.throws(() => parseCsv('a,"b', ","));
  });

  it("writes the rows that it reads", () => {
    const points = [
      { name: 'say "hi", you', logicalName: "1-0:1.8.0*255", objectType: "REGISTER", attributeId: "2" },
      { name: " spaced\n", logicalName: "1.0.2.8.0.255", objectType: "3" },
      { logicalName: "0-0:1.0.0*255" },
    ];
    const text = writeCsv(points);
    assert.deepEqual(parseCsv(text, ",")[2]?.[0], " spaced\n");
    const { points: again, errors } = readCsv(text, isObis);
    assert.deepEqual(errors, []);
    assert.deepEqual(again, [points[0], { ...points[1], name: "spaced" }, points[2]]);
  });

  it("accepts other headings, orders and delimiters, and no heading at all", () => {
    const expected = [{ name: "a", logicalName: "1-0:1.8.0*255" }];
    for (const text of [
      "\uFEFFOBIS code;Name\r\n1-0:1.8.0*255;a\r\n",
      "name\tlogical name\na\t1-0:1.8.0*255",
      "a,1-0:1.8.0*255",
      "comment,obis,name\n\nx,1-0:1.8.0*255,a\n",
    ]) {
      assert.deepEqual(readCsv(text, isObis).points, expected, text);
    }
  });

  it("names the row without a code", () => {
    const { points, errors } = readCsv("name,obis\na,1-0:1.8.0\nb,\nc,voltage\n", isObis);
    assert.equal(points.length, 1);
    assert.deepEqual(errors, [
      { row: 3, key: "obis" },
      { row: 4, key: "obis" },
    ]);
  });

  it("explains why a row with a code is invalid, and omits it", () => {
    const { points, errors } = readCsv("obis;attribute\n1-0:1.8.0;2\n1-0:2.8.0;x\n?;x\n", isObis, (point) =>
      point.attributeId === "x" ? "no attribute" : undefined,
    );
    assert.deepEqual(points, [{ logicalName: "1-0:1.8.0", attributeId: "2" }]);
    assert.deepEqual(errors, [
      { row: 3, reason: "no attribute" },
      { row: 4, key: "obis" },
    ]);
  });
});
