import assert from "node:assert/strict";
import { inspect } from "node:util";
import { demoKeys, householdDefinition, toHex } from "../../src/index";
import { allNodes, clean, failure, flowFor, helper, startMeter, statusesOf, value } from "./support";

const now = (): number => Date.UTC(2026, 0, 15, 12, 5, 0);

describe("dlms-read, modes profile and objects", () => {
  afterEach(clean);

  it("reads the last rows of a load profile, oldest first, with columns", async () => {
    const { port } = await startMeter(householdDefinition({ now }));
    await helper.load(allNodes, flowFor(port, { mode: "profile", logicalName: "1-0:99.1.0*255", range: '{"last":4}' }));
    const msg = await value();
    const rows = msg.payload as Record<string, unknown>[];
    assert.deepEqual(
      rows.map((row) => row["0.0.1.0.0.255"]),
      ["12:15:00", "12:30:00", "12:45:00", "13:00:00"].map((time) => `2026-01-15T${time}+01:00`),
    );
    assert.equal(typeof rows[0]?.["1.0.1.8.0.255"], "number");
    assert.equal(msg.dlms?.mode, "profile");
    assert.equal(msg.dlms?.rows, 4);
    const columns = msg.dlms?.columns as { key: string; unit: string | null }[];
    assert.equal(columns.find(({ key }) => key === "1.0.1.8.0.255")?.unit, "Wh");
  });

  it("reads the range from the message: time, entries, last, as object or JSON", async () => {
    const { port } = await startMeter(householdDefinition({ now }));
    await helper.load(allNodes, flowFor(port, { mode: "profile", logicalName: "1-0:99.1.0*255" }));
    const count = async (range: unknown): Promise<number> => ((await value({ range })).payload as unknown[]).length;
    assert.equal(await count({ from: "2026-01-15T12:00:00+01:00", to: "2026-01-15T13:00:00+01:00" }), 5);
    assert.equal(await count({ from: new Date(Date.UTC(2026, 0, 15, 11)), to: Date.UTC(2026, 0, 15, 12) }), 5);
    assert.equal(await count({ entries: [1, 10] }), 10);
    assert.equal(await count('{"last": 3}'), 3);
    for (const range of ["tomorrow", { last: 0 }, { from: "noon" }, { entries: [5, 1] }, [1, 2], { foo: 1 }]) {
      const { dlmsError } = await failure({ range });
      assert.equal(dlmsError.code, "DLMS_CONFIG_INVALID", JSON.stringify(range));
      assert.match(dlmsError.message, /^msg\.range/);
    }
  });

  it("lists the meter's objects", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, { mode: "objects" }));
    const statuses = statusesOf("read");
    const objects = (await value()).payload as { logicalName: string; objectType: string; attributes: unknown[] }[];
    const energy = objects.find(({ logicalName }) => logicalName === "1.0.1.8.0.255");
    assert.equal(energy?.objectType, "REGISTER");
    assert.ok(energy.attributes.length >= 3);
    await statuses.until(/^green dot dlms-read\.status\.objects$/);
  });
});

describe("a ciphered association", () => {
  afterEach(clean);

  const ciphered = {
    clientAddress: "18",
    authentication: "HIGH_GMAC",
    securityPolicy: "AUTHENTICATED_ENCRYPTED",
    securitySuite: "0",
  };
  const secrets = {
    encryptionKey: toHex(demoKeys.encryptionKey),
    authenticationKey: toHex(demoKeys.authenticationKey),
  };

  for (const source of ["METER", "STORED"]) {
    it(`reads with the counter ${source === "METER" ? "read from the meter" : "stored here"}`, async () => {
      const { port } = await startMeter();
      const meter = { ...ciphered, invocationCounterSource: source, invocationCounterObis: "0.0.43.1.0.255" };
      await helper.load(allNodes, flowFor(port, {}, meter), { meter: secrets });
      assert.equal(typeof (await value()).payload, "number");
      assert.equal(typeof (await value({ obis: "1-0:32.7.0*255" })).payload, "number");
    });
  }

  it("names a key that is missing or of the wrong length", async () => {
    await helper.load(allNodes, flowFor(4059, {}, ciphered), { meter: { encryptionKey: secrets.encryptionKey } });
    const missing = await failure();
    assert.equal(missing.dlmsError.code, "DLMS_CONFIG_MISSING");
    assert.match(missing.dlmsError.message, /^authenticationKey: .*GAK/);
    await helper.unload();
    await helper.load(allNodes, flowFor(4059, {}, ciphered), { meter: { ...secrets, encryptionKey: "00 11 22" } });
    const short = await failure();
    assert.equal(short.dlmsError.code, "DLMS_CONFIG_INVALID");
    assert.match(short.dlmsError.message, /^encryptionKey: expected 16 bytes for suite 0, got 3/);
  });

  it("leaves no secret in messages, errors, statuses, logs or an inspection of the nodes", async () => {
    const { port } = await startMeter();
    const wrong = { ...secrets, encryptionKey: "a5b6c7d8e9fa0b1c2d3e4f5061728394" };
    for (const credentials of [secrets, wrong]) {
      const meter = { ...ciphered, invocationCounterSource: "STORED" };
      await helper.load(allNodes, flowFor(port, {}, meter), { meter: credentials });
      const statuses = statusesOf("read");
      const seen: unknown[] = [];
      seen.push(await (credentials === secrets ? value() : failure()));
      const { meter: inside } = helper.getNode("meter") as unknown as { meter: unknown };
      const logs = helper.log().args.flat() as unknown[];
      const text = [...seen, ...statuses.list, ...logs, inside].map((one) => inspect(one, { depth: 8 })).join("\n");
      for (const secret of Object.values(credentials)) {
        const bytes = Buffer.from(secret, "hex");
        for (const form of [secret, bytes.toString("base64"), bytes.toString("latin1"), inspect(bytes).slice(8, 40)]) {
          assert.equal(text.toLowerCase().includes(form.toLowerCase()), false, `a key appears as ${form}`);
        }
      }
      await helper.unload();
    }
  });
});
