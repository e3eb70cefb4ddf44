import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PersistentState } from "../../nodes/meters/persistent-state";
import { createRuntime, DlmsConfigError } from "../../src";

describe("persistent state", () => {
  it("reports that Node-RED cannot write: system title and invocation counter", () => {
    const folder = mkdtempSync(join(tmpdir(), "dlms-keepsakes-"));
    try {
      // a file stands where the folder should be made
      const file = join(folder, "file");
      writeFileSync(file, "");
      const keepsakes = new PersistentState(createRuntime()).in(file);
      const expected = (text: string) => (error: unknown) =>
        error instanceof DlmsConfigError &&
        error.code === "DLMS_CONFIG_MISSING" &&
        error.message.startsWith(text) &&
        error.message.endsWith("let Node-RED write there");
      assert.throws(() => keepsakes.systemTitle(), expected("systemTitle: none is set"));
      assert.throws(
        () => keepsakes.counter(new Uint8Array(8), new Uint8Array(16).fill(0x5a)),
        expected("invocation counter: it cannot be kept"),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
