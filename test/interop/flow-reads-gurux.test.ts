/** A Node-RED flow reads a meter built on the Java server classes of Gurux. */
import assert from "node:assert/strict";
import { allNodes, clean, failure, flowFor, helper, value } from "../nodes/support";
import { heldValues } from "./held-values";
import { type JavaMeter, needsJava, startJavaMeter } from "./peers";

/** A real Node-RED flow of ours reads a meter on Gurux' Java server classes. */
for (const framing of ["WRAPPER", "HDLC"] as const) {
  describe(`a flow reads the Gurux meter over ${framing}`, function () {
    let meter: JavaMeter;

    before(async function () {
      needsJava(this);
      this.timeout(30_000);
      meter = await startJavaMeter({ framing });
    });
    after(async () => {
      await meter?.close();
    });
    afterEach(clean);

    const load = (read: object, settings: object = {}): Promise<void> =>
      helper.load(allNodes, flowFor(meter.port, read, { framing, timeout: "5000", ...settings }), {
        meter: { password: "gurux-17" },
      });

    it("emits the values that the meter holds, with unit and type", async () => {
      await load({});
      for (const held of heldValues) {
        const msg = await value({
          logicalName: held.logicalName,
          objectType: held.objectType,
          attributeId: held.attributeId,
        });
        assert.deepEqual(
          { value: msg.payload, unit: msg.dlms?.unit, type: msg.dlms?.type },
          { value: held.value, unit: held.unit, type: held.type },
          `${held.objectType} ${String(held.logicalName)}/${held.attributeId}`,
        );
      }
    });

    it("emits a list in one message, the refused item as an error", async () => {
      const points = heldValues.map((held) => ({
        name: `${held.objectType} ${String(held.logicalName)}/${held.attributeId}`,
        logicalName: held.logicalName,
        objectType: held.objectType,
        attributeId: held.attributeId,
      }));
      await load({ mode: "list" });
      const msg = await value({
        points: [...points, { name: "denied", logicalName: "0.0.96.15.2.255", objectType: "DATA", attributeId: 2 }],
      });
      const expected = Object.fromEntries(points.map((point, i) => [point.name, heldValues[i]?.value]));
      assert.deepEqual(msg.payload, expected);
      const items = msg.dlms?.items as Record<string, { error?: { code: string } }>;
      assert.equal(items.denied?.error?.code, "DLMS_ACCESS_READ_WRITE_DENIED");
    });

    it("client 17 reads with its password", async () => {
      await load({ logicalName: "1.0.1.8.0.255" }, { clientAddress: "17", authentication: "LOW" });
      assert.equal((await value()).payload, 12345678);
    });

    it("emits the rows of a profile, oldest first, with their columns", async () => {
      await load({ mode: "profile", logicalName: "1-0:99.1.0*255" });
      const msg = await value({ range: { from: "2026-01-01T00:30:00Z", to: "2026-01-01T00:45:00Z" } });
      assert.deepEqual(msg.payload, [
        { "0.0.1.0.0.255": "2026-01-01T00:30:00Z", "1.0.1.8.0.255": 1_000_020, "1.0.32.7.0.255": 230.2 },
        { "0.0.1.0.0.255": "2026-01-01T00:45:00Z", "1.0.1.8.0.255": 1_000_030, "1.0.32.7.0.255": 230.3 },
      ]);
      const { mode, logicalName, selection, rows, columns } = msg.dlms ?? {};
      assert.deepEqual([mode, logicalName, selection, rows], ["profile", "1.0.99.1.0.255", "range", 2]);
      assert.deepEqual(
        (columns as { key: string; unit: string | null }[]).map(({ key, unit }) => [key, unit]),
        [
          ["0.0.1.0.0.255", null],
          ["1.0.1.8.0.255", "Wh"],
          ["1.0.32.7.0.255", "V"],
        ],
      );
      const last = await value({ range: { last: 1 } });
      assert.deepEqual(
        (last.payload as { "1.0.1.8.0.255": number }[]).map((row) => row["1.0.1.8.0.255"]),
        [1_000_090],
      );
      assert.equal(((await value()).payload as unknown[]).length, 10);
    });

    it("emits the object list", async () => {
      await load({ mode: "objects" });
      const objects = (await value()).payload as { objectType: string; logicalName: string; attributes: unknown[] }[];
      const energy = objects.find((one) => one.logicalName === "1.0.1.8.0.255");
      assert.equal(energy?.objectType, "REGISTER");
      assert.equal(energy.attributes.length, 3);
    });

    it("reads a meter with short names", async () => {
      const short = await startJavaMeter({ framing, sn: true });
      try {
        await helper.load(
          allNodes,
          flowFor(short.port, { mode: "profile", logicalName: "1.0.99.1.0.255" }, { framing, referencing: "SN" }),
        );
        const rows = (await value({ range: { entries: [2, 3] } })).payload as { "1.0.1.8.0.255": number }[];
        assert.deepEqual(
          rows.map((row) => row["1.0.1.8.0.255"]),
          [1_000_010, 1_000_020],
        );
        const energy = { mode: "attribute", logicalName: "1.0.1.8.0.255", objectType: "REGISTER", attributeId: 2 };
        assert.equal((await value(energy)).payload, 12345678);
      } finally {
        await helper.unload();
        await short.close();
      }
    }).timeout(20_000);

    it("a refused read is an error and no message", async () => {
      await load({ logicalName: "0.0.96.15.2.255", objectType: "DATA" });
      const { dlmsError } = await failure();
      assert.equal(dlmsError.code, "DLMS_ACCESS_READ_WRITE_DENIED");
    });
  });
}
