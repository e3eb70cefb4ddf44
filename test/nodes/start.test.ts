import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { demoKeys, demoPassword, toHex } from "../../src/index";
import { NodeRedProcess, exampleOn, freePort, root } from "../support/node-red-process";

describe("npm start", function () {
  // it builds when the compiled files are older than the sources
  this.timeout(120_000);

  it("prints the address and each value, answers the editor's questions, and ends with Ctrl-C", async () => {
    const nodeRed = new NodeRedProcess({ flow: exampleOn("01-first-value.json", await freePort()) });
    try {
      const [, url = ""] = await nodeRed.until(/is at {2}(http:\/\/127\.0\.0\.1:\d+\/)/);
      await nodeRed.until(/1-0:32\.7\.0\*255 +2\d\d(\.\d)? V/);
      const sets = (await (await fetch(`${url}nodes`, { headers: { Accept: "application/json" } })).json()) as {
        id: string;
        enabled: boolean;
        err?: string;
      }[];
      const ours = sets.filter(({ id }) => id.startsWith("node-red-contrib-dlms/"));
      assert.equal(ours.length, 8);
      assert.ok(ours.every(({ enabled, err }) => enabled && err === undefined));
      const table = (await (await fetch(`${url}dlms/classes`)).json()) as { classes: unknown[]; codes: unknown[] };
      assert.ok(table.classes.length > 10 && table.codes.length > 10);
      assert.ok(Array.isArray(await (await fetch(`${url}dlms/serial-ports`)).json()));
    } finally {
      assert.equal(await nodeRed.stop("SIGINT"), 0);
    }
  });

  it("reads the whole list of the second example", async () => {
    const nodeRed = new NodeRedProcess({ flow: exampleOn("02-household-list.json", await freePort()) });
    try {
      await nodeRed.until(/energy_import +[\d.]+ Wh[\s\S]*serial_number +SIM/);
    } finally {
      await nodeRed.stop();
    }
  });

  it("passes the example's published password and keys to Node-RED, which never shows them", async () => {
    const example = readFileSync(join(root, "examples", "08-password-and-ciphering.json"), "utf8");
    const flow = example.replaceAll('"4069"', `"${await freePort()}"`);
    const nodeRed = new NodeRedProcess({ flow });
    try {
      const [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
      // a line of each of the two meters: the next ones come 10 s later
      await nodeRed.until(/1-0:1\.8\.0\*255 +\d+ Wh\n[\s\S]*1-0:1\.8\.0\*255 +\d+ Wh\n/);
      assert.doesNotMatch(nodeRed.output, / {2}error {2}/);
      const nodes = (await (await fetch(`${url}flows`)).json()) as { type: string; name?: string }[];
      assert.ok(nodes.some(({ name }) => name === "Household meter with keys"));
      // the comment names the password on purpose
      const shown = JSON.stringify(nodes.filter(({ type }) => type !== "comment")).toLowerCase();
      for (const secret of [demoPassword, ...Object.values(demoKeys).map((key) => toHex(key))]) {
        assert.ok(!shown.includes(secret.toLowerCase()), "a secret is in the flow");
      }
    } finally {
      await nodeRed.stop();
    }
  });

  it("reports the error of an invalid example", async () => {
    for (const [flow, text] of [
      ["{", /this is no JSON/],
      ["{}", /this is no flow/],
    ] as const) {
      const nodeRed = new NodeRedProcess({ flow });
      try {
        await nodeRed.until(text);
        assert.equal(await nodeRed.exited(), 1);
      } finally {
        await nodeRed.stop();
      }
    }
  });

  it("suggests a remedy when the port is in use", async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const nodeRed = new NodeRedProcess({ flow: "[]", port });
    try {
      await nodeRed.until(/port \d+ is taken.*npm start -- --port \d+/);
      assert.equal(await nodeRed.exited(), 1);
    } finally {
      await nodeRed.stop();
      await new Promise((done) => other.close(done));
    }
  });
});
