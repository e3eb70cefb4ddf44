import assert from "node:assert/strict";
import { accessError } from "../../../src/client/access-error";

describe("what a meter refuses, in words", () => {
  it("speaks of attributes where one was asked for, of methods where one was called", () => {
    const object = { classId: 9, logicalName: "0.0.10.0.0.255" };
    assert.match(accessError("get", { ...object, attributeId: 9 }, 13).message, /may not have this attribute, or/);
    assert.match(accessError("action", { ...object, methodId: 9 }, 13).message, /may not have this method, or/);
    assert.match(accessError("action", { ...object, methodId: 9 }, 250).message, /the method or the selection is not/);
  });
});
