import assert from "node:assert/strict";
import type { Node, NodeAPI, NodeDef } from "node-red";
import type { MeterNode } from "../../nodes/meters/meter-node";
import type { WriteRight } from "../../nodes/meters/write-rights";
import { type ErrorJson, isDlmsError } from "../../src";
import { allNodes, clean, flowFor, helper } from "./support";

type Flow = { id: string; type: string; [key: string]: unknown }[];

const meterOf = (id = "meter"): MeterNode["meter"] => (helper.getNode(id) as unknown as MeterNode).meter;

/** The right of a deployed meter, or the error of its settings. */
function rightOf(id?: string): WriteRight | ErrorJson {
  const { problem, writing } = meterOf(id);
  return problem === undefined ? writing : problem.toJSON();
}

/** The right for a meter that a message describes by overrides of a deployed one. */
async function describedRight(overrides: object, id?: string): Promise<string> {
  const { described } = meterOf(id);
  assert.ok(described !== undefined);
  try {
    const meter = await described.open({ ...overrides }, undefined, new AbortController().signal);
    meter.release();
    return meter.writing;
  } catch (error) {
    assert.ok(isDlmsError(error));
    return error.message;
  }
}

describe("allowWriting of a dlms-meter", () => {
  afterEach(clean);

  it("is NO unless the dialog says otherwise, in older flows as well", async () => {
    for (const [allowWriting, right] of [
      [undefined, "NO"],
      ["", "NO"],
      ["NO", "NO"],
      ["CLOCK", "CLOCK"],
      ["all", "ALL"],
    ] as const) {
      await helper.load(allNodes, flowFor(1, {}, allowWriting === undefined ? {} : { allowWriting }));
      assert.equal(rightOf(), right, String(allowWriting));
      await helper.unload();
    }
  });

  it("refuses an unknown word", async () => {
    await helper.load(allNodes, flowFor(1, {}, { allowWriting: "YES" }));
    const problem = rightOf() as ErrorJson;
    assert.deepEqual([problem.code, problem.details.property], ["DLMS_CONFIG_INVALID", "allowWriting"]);
    assert.match(problem.message, /^allowWriting: expected NO, CLOCK, ALL, got "YES"/);
  });

  it("refuses an environment variable, whatever its value, and an unset one", async () => {
    try {
      for (const value of ["ALL", "CLOCK", "NO", undefined]) {
        if (value === undefined) delete process.env.DLMS_TEST_WRITING;
        else process.env.DLMS_TEST_WRITING = value;
        for (const written of ["${DLMS_TEST_WRITING}", "$(DLMS_TEST_WRITING)"]) {
          await helper.load(allNodes, flowFor(1, {}, { allowWriting: written }));
          const problem = rightOf() as ErrorJson;
          assert.match(problem.message, /^allowWriting: expected a value chosen in the dialog/, `${written} ${value}`);
          assert.equal(meterOf().session, undefined, "no session, so nothing is sent");
          await helper.unload();
        }
      }
    } finally {
      delete process.env.DLMS_TEST_WRITING;
    }
  });

  it("refuses a variable of a flow or a subflow, and takes a word inside a subflow", async () => {
    const [tab, meter, ...others] = flowFor(1, {}, { allowWriting: "${RIGHT}" });
    const env = [{ name: "RIGHT", type: "str", value: "ALL" }];
    await helper.load(allNodes, [{ ...tab, env }, { ...meter, z: "tab" }, ...others] as Flow);
    assert.match((rightOf() as ErrorJson).message, /^allowWriting: expected a value chosen in the dialog/);
    await helper.unload();
    for (const [allowWriting, expected] of [
      ["${RIGHT}", /^allowWriting: expected a value chosen in the dialog/],
      ["ALL", /^ALL$/],
    ] as const) {
      const inner = { ...meter, id: "inner", z: "sub", allowWriting };
      let found: MeterNode["meter"] | undefined;
      /** A node beside the meter, which finds the subflow's own copy of it. */
      const neighbour = (RED: NodeAPI): void => {
        RED.nodes.registerType("neighbour", function (this: Node, config: NodeDef & { meter?: string }) {
          RED.nodes.createNode(this, config);
          found = (RED.nodes.getNode(config.meter ?? "") as unknown as MeterNode).meter;
        });
      };
      await helper.load([...allNodes, neighbour], [
        { id: "tab", type: "tab", label: "test" },
        { id: "sub", type: "subflow", name: "sub", in: [], out: [], env },
        { id: "use", type: "subflow:sub", z: "tab", x: 0, y: 0, wires: [], env },
        inner,
        { id: "beside", type: "neighbour", z: "sub", x: 0, y: 0, meter: "inner", wires: [] },
      ] as Flow);
      assert.ok(found !== undefined);
      assert.match(found.problem?.message ?? found.writing, expected);
      await helper.unload();
    }
  });

  it("cannot be set by msg.meter", async () => {
    await helper.load(allNodes, flowFor(1));
    for (const name of ["allowWriting", "writing"]) {
      assert.match(
        await describedRight({ [name]: "ALL" }),
        new RegExp(`^msg.meter.${name}: a message cannot set this`),
      );
    }
  });

  it("holds for the meters that messages describe with these settings", async () => {
    await helper.load(allNodes, flowFor(1, {}, { allowWriting: "CLOCK" }));
    assert.equal(await describedRight({}), "CLOCK");
    assert.equal(await describedRight({ port: 2, name: "ALL" }), "CLOCK");
  });

  it("is not raised by a message that describes a read-only meter with the settings of another one", async () => {
    const [, meter] = flowFor(1);
    const template = { ...meter, id: "template", name: "of a fleet", port: "2", allowWriting: "ALL" };
    await helper.load(allNodes, [...flowFor(1), template]);
    assert.equal(rightOf("template"), "ALL");
    assert.equal(await describedRight({ port: 3 }, "template"), "ALL");
    for (const same of [
      { port: 1 },
      { port: "1", clientAddress: 1 },
      { port: 1, host: "localhost", physicalAddress: 0 },
    ]) {
      assert.equal(await describedRight(same, "template"), "NO", JSON.stringify(same));
    }
  });
});
