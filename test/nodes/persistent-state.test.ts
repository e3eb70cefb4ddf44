import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PersistentStates } from "../../nodes/meters/persistent-state";
import { createRuntime, DlmsConfigError, keyFingerprint, toHex } from "../../src";

describe("persistent state", () => {
  it("reports that Node-RED cannot write: system title and invocation counter", () => {
    const folder = mkdtempSync(join(tmpdir(), "dlms-persistent-state-"));
    try {
      // a file occupies the path of the folder
      const file = join(folder, "file");
      writeFileSync(file, "");
      const persistentState = new PersistentStates(createRuntime()).in(file);
      const expected = (text: string) => (error: unknown) =>
        error instanceof DlmsConfigError &&
        error.code === "DLMS_CONFIG_MISSING" &&
        error.message.startsWith(text) &&
        error.message.endsWith("let Node-RED write there");
      assert.throws(() => persistentState.systemTitle(), expected("systemTitle: none is set"));
      assert.throws(
        () => persistentState.counter(new Uint8Array(8), new Uint8Array(16).fill(0x5a)),
        expected("invocation counter: it cannot be kept"),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("keeps the counter of a key in a file that is named when the counter is used", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dlms-persistentState-"));
    try {
      const [title, key] = [new Uint8Array(8).fill(0x4d), new Uint8Array(16).fill(0x5a)];
      const persistentState = new PersistentStates(createRuntime()).in(folder);
      const counter = persistentState.counter(title, key);
      assert.equal(persistentState.counter(title.slice(), key.slice()), counter);
      assert.notEqual(
        persistentState.counter(
          title,
          key.map((byte) => byte ^ 1),
        ),
        counter,
      );
      assert.deepEqual(readdirSync(join(folder, "dlms")), []);
      assert.equal(await counter.reserve(3), 1);
      const name = `counter-${toHex(title)}-${keyFingerprint(title, key)}.json`;
      assert.deepEqual(readdirSync(join(folder, "dlms")).sort(), [name, `${name}.known`]);
      // the next process continues after the claimed values
      const next = new PersistentStates(createRuntime()).in(folder).counter(title, key);
      assert.ok((await next.reserve(1)) >= 4);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
