import assert from "node:assert/strict";
import { previewOf } from "../../nodes/admin/write-preview-route";
import { editorClasses } from "../../nodes/admin/table-routes";

describe("the bytes of a value in the dialog of dlms-write", () => {
  it("follow the class table, or the chosen data type", () => {
    const relay = { objectType: "DISCONNECT_CONTROL", attributeId: "4", value: "4", valueType: "num" };
    assert.equal(previewOf(relay).raw, "1604");
    const data = { objectType: "DATA", attributeId: "2", value: "4294967295", valueType: "num" };
    assert.equal(previewOf({ ...data, dataType: "double-long-unsigned" }).raw, "06ffffffff");
    const shift = { objectType: "CLOCK", method: "6", value: "-30", valueType: "num" };
    assert.equal(previewOf(shift).raw, "10ffe2");
  });

  it("are refused for a value that does not fit, an open type, bad JSON and a long text", () => {
    const data = { objectType: "DATA", attributeId: "2", value: "1", valueType: "num" };
    for (const wrong of [
      { ...data, value: "256", dataType: "unsigned" },
      data,
      { ...data, value: "{", valueType: "json", dataType: "long" },
      { ...data, value: "x".repeat(5000), valueType: "str", dataType: "visible-string" },
    ]) {
      assert.throws(() => previewOf(wrong), { code: "DLMS_CONFIG_INVALID" });
    }
  });

  it("come with the methods of each class, those that need the second switch marked", () => {
    const relay = editorClasses().find(({ id }) => id === 70);
    assert.deepEqual(
      relay?.methods.map(({ name, danger, plain }) => [name, danger, plain]),
      [
        ["remote_disconnect", "switchesTheSupply", true],
        ["remote_reconnect", "switchesTheSupply", true],
      ],
    );
  });
});
