/** The keys of a push's values in a message. */
import assert from "node:assert/strict";
import { decodePush, pushValues } from "../../../src/push";
import { dataNotification, double32, structure, text, word16, wrapped } from "../../support/pushes";

/** {class, obis, attribute, data index} */
const entry = (classId: number, groups: string, attribute: number, index = 0): string =>
  structure(word16(classId), `0906${groups}`, `0f0${attribute}`, word16(index));
const energy = "0100010800ff";

describe("pushValues", () => {
  const list = [
    entry(3, energy, 2),
    entry(70, "000060030aff", 3),
    entry(7, "0100630100ff", 2, 1),
    entry(7, "0100630100ff", 2, 2),
  ];
  const body = structure(`0104${list.join("")}`, double32(412), "1601", double32(1), double32(2));
  const [push] = decodePush(wrapped(dataNotification(body))).pushes;
  assert.ok(push);

  it("names attribute 2 by the OBIS code, others with the attribute, parts of one attribute with the data index", () => {
    assert.deepEqual(pushValues(push, "OBIS"), {
      "1.0.1.8.0.255": 412,
      "0.0.96.3.10.255/3": 1,
      "1.0.99.1.0.255/2.1": 1,
      "1.0.99.1.0.255/2.2": 2,
    });
  });

  it("keeps the plain code, the attribute and the data index in the items", () => {
    assert.deepEqual(
      push.items.map(({ logicalName, attributeId, dataIndex }) => [logicalName, attributeId, dataIndex]),
      [
        ["1.0.1.8.0.255", 2, null],
        ["0.0.96.3.10.255", 3, null],
        ["1.0.99.1.0.255", 2, 1],
        ["1.0.99.1.0.255", 2, 2],
      ],
    );
  });

  it("names values by their position if nothing names them, or if configured", () => {
    const [plain] = decodePush(wrapped(dataNotification(structure(text("a"), double32(1))))).pushes;
    assert.ok(plain);
    assert.deepEqual(pushValues(plain), { "#0": "a", "#1": 1 });
    assert.deepEqual(Object.keys(pushValues(push, "INDEX")), ["#0", "#1", "#2", "#3"]);
  });
});
