import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { runInNewContext } from "node:vm";

type Validator = (this: object, value: unknown, opt: object) => true | string;

/** The script as the editor runs it, while no dialog is open; a text is its key and values. */
const { points } = ((): { points: Validator } => {
  const window: { dlmsReadChecks?: { points: Validator } } = {};
  const RED = {
    _: (key: string, values: object = {}) => [key.split(".").pop(), ...Object.values(values).map(String)].join(" "),
  };
  const file = resolve(__dirname, "..", "..", "resources", "dlms-read-checks.js");
  runInNewContext(readFileSync(file, "utf8"), { window, RED, $: () => ({ length: 0 }) });
  assert.ok(window.dlmsReadChecks !== undefined);
  return window.dlmsReadChecks;
})();

const check = (...list: object[]): true | string => points.call({ mode: "list" }, list, {});

describe("what the dialog says of a list of values", () => {
  it("takes any names that differ, and values without one", () => {
    const codes = ["1-0:32.7.0*255", "1-0:52.7.0*255"].map((logicalName) => ({ logicalName }));
    assert.equal(check(...codes), true);
    assert.equal(check({ ...codes[0], name: "constructor" }, { ...codes[1], name: "toString" }), true);
    assert.equal(check({ logicalName: "0-0:1.0.0*255" }, { logicalName: "0-0:1.0.0*255", attributeId: "3" }), true);
    assert.equal(check({ logicalName: "${CODE}" }, { logicalName: "${CODE}" }), true, "known when it is deployed");
  });

  it("says which name is there twice, also one that the node makes", () => {
    assert.equal(
      check({ logicalName: "1-0:32.7.0", name: "L" }, { logicalName: "1-0:52.7.0", name: "L" }),
      "row 2 duplicate L",
    );
    for (const logicalName of ["1-0:32.7.0*255", "1-0:32.7.0", "1.0.32.7.0.255", "0100200700ff", "1.0.32.7.0"]) {
      assert.equal(
        check({ logicalName: "1-0:32.7.0*255" }, { logicalName, attributeId: "2" }),
        "row 2 duplicate 1.0.32.7.0.255/2",
        logicalName,
      );
    }
  });

  it("says which row has no code", () => {
    assert.match(String(check({ logicalName: "1-0:32.7.0" }, { logicalName: "1-0:foo" })), /^row 2 /);
  });
});
