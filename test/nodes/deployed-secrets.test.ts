import assert from "node:assert/strict";
import { DeployedSecrets } from "../../nodes/meters/deployed-secrets";

describe("a deploy of a meter", () => {
  const settings = { id: "m", type: "dlms-meter", name: "hall", host: "10.0.0.7", clientAddress: "1" };
  const secret = { password: "12345678" };

  it("counts as a change only if settings or secrets differ from before", () => {
    const deployed = new DeployedSecrets((length) => new Uint8Array(length));
    assert.equal(deployed.isChanged("m", settings, secret), true);
    assert.equal(deployed.isChanged("m", settings, secret), false);
    for (const shown of [{ name: "cellar" }, { info: "second floor" }, { x: 7, y: 8, z: "tab" }, { g: "group" }]) {
      assert.equal(deployed.isChanged("m", { ...settings, ...shown }, secret), false, JSON.stringify(shown));
    }
    assert.equal(deployed.isChanged("m", { ...settings, host: "10.0.0.8" }, secret), true);
    assert.equal(deployed.isChanged("m", { ...settings, host: "10.0.0.8" }, { password: "87654321" }), true);
  });
});
