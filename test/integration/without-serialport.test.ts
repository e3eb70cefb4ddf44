/** A machine without the optional package serialport. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

describe("a machine without the package serialport", () => {
  it("reads over TCP; a serial port is refused with the command that installs it", async () => {
    const script = join(__dirname, "..", "support", "without-serialport.ts");
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", script], {
      cwd: join(__dirname, "..", ".."),
    });
    const { value, ports, serial } = JSON.parse(stdout) as { value: unknown; ports: boolean; serial: string };
    assert.equal(value, 7);
    assert.equal(ports, true);
    assert.match(serial, /^DLMS_CONFIG_MISSING: .*npm install serialport/);
  });
});
