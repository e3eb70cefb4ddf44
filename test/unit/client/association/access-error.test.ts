import assert from "node:assert/strict";
import { accessError } from "../../../../src/client/association/access-error";

describe("texts of a meter's refusals", () => {
  it("name the attribute that was read, or the method that was called", () => {
    const object = { classId: 9, logicalName: "0.0.10.0.0.255" };
    assert.match(accessError("get", { ...object, attributeId: 9 }, 13).message, /may not have this attribute, or/);
    assert.match(accessError("action", { ...object, methodId: 9 }, 13).message, /may not have this method, or/);
    assert.match(accessError("action", { ...object, methodId: 9 }, 250).message, /the method or the selection is not/);
  });

  it("name the class that the code has in every meter, else those that are used for the same", () => {
    const asked = (classId: number, logicalName: string): string =>
      accessError("get", { classId, logicalName, attributeId: 2 }, 9).message;
    assert.match(asked(3, "0.0.1.0.0.255"), /another class in this meter: try CLOCK$/);
    assert.match(asked(1, "1.0.99.1.0.255"), /: try PROFILE_GENERIC$/);
    assert.match(asked(3, "1.0.1.8.0.255"), /: try EXTENDED_REGISTER or DATA$/);
    assert.match(asked(8, "0.0.1.0.0.255"), /another class in this meter$/, "the usual one is what the meter refused");
    assert.match(asked(7, "1.0.1.8.0.255"), /the object is not a profile in this meter: read it as one value$/);
  });
});
