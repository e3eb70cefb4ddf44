/** Words beside the codes of the last event, by the companion specification that is chosen. */
import assert from "node:assert/strict";
import { attribute } from "../../src/cosem";
import type { Companion } from "../../src/names";
import { bench, number } from "../support/meters";

const code = (logicalName: string, value: number) => ({
  classId: 1,
  logicalName,
  attributes: { 2: number(value) },
});
const objects = [code("0.0.96.11.0.255", 48), code("0.0.96.11.1.255", 48), code("0.0.96.50.0.255", 1)];

async function words(companion: Companion | undefined): Promise<unknown[]> {
  const { client, clock } = bench({ objects }, companion === undefined ? {} : { values: { companion } });
  const found: unknown[] = [];
  for (const { logicalName } of objects) {
    const { value, valueName } = await clock.runUntil(client.read(attribute("DATA", logicalName, 2)));
    found.push([value, valueName]);
  }
  const all = await clock.runUntil(
    client.readMany(objects.map(({ logicalName }) => attribute("DATA", logicalName, 2))),
  );
  const listed = all.map((one) => (one.ok ? [one.value.value, one.value.valueName] : one.error.code));
  assert.deepEqual(listed, found);
  await clock.runUntil(client.close());
  return found;
}

describe("event codes of a simulated meter", () => {
  it("have no words without a companion specification", async () => {
    assert.deepEqual(await words(undefined), [
      [48, undefined],
      [48, undefined],
      [1, undefined],
    ]);
  });

  it("have the words of their log in the chosen specification, beside the number", async () => {
    assert.deepEqual(await words("idis"), [
      [48, "global-keys-changed"],
      [48, undefined],
      [1, undefined],
    ]);
    assert.deepEqual(await words("dsmr"), [
      [48, undefined],
      [48, "module-cover-opened"],
      [1, undefined],
    ]);
  });

  it("refuses an unknown companion specification", () => {
    assert.throws(() => bench({ objects }, { values: { companion: "dlms" as Companion } }), {
      code: "DLMS_CONFIG_INVALID",
      message: /^values\.companion: /,
    });
  });
});
