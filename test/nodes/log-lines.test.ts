import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NodeRedProcess, freePort, root } from "../support/node-red-process";

describe("lines of the log", function () {
  this.timeout(60_000);

  it("name an unreachable meter once", async () => {
    const port = await freePort();
    const flow = [
      { id: "tab", type: "tab", label: "test" },
      { id: "meter", type: "dlms-meter", host: "127.0.0.1", port: String(port) },
      {
        id: "read",
        type: "dlms-read",
        z: "tab",
        x: 0,
        y: 0,
        meter: "meter",
        logicalName: "1-0:1.8.0",
        interval: "60",
        wires: [[]],
      },
    ];
    const nodeRed = new NodeRedProcess({
      flow: JSON.stringify(flow),
      port: await freePort(),
    });
    try {
      const [, said = ""] = await nodeRed.until(/no connection to (.+)/);
      assert.match(said, new RegExp(`^tcp 127\\.0\\.0\\.1:${port}: the host refused `));
    } finally {
      await nodeRed.stop();
    }
  });

  it("end the meter's sentence before their own, in every language", () => {
    for (const language of ["en-US", "de", "zh-CN"]) {
      const file = join(root, "nodes", "dlms-meter", "locales", language, "dlms-meter.json");
      const { "dlms-meter": texts } = JSON.parse(readFileSync(file, "utf8")) as {
        "dlms-meter": { log: { refused: string } };
      };
      assert.match(texts.log.refused, /__reason__(\. |。)/u, language);
    }
  });
});
