import assert from "node:assert/strict";
import { describeReads } from "../../../../src/client/services/attribute-request";
import { attribute } from "../../../../src";
import { bench, registerRef, registers, silentWhen } from "../../../support/meters";

const energy = (n: number, id = 2): ReturnType<typeof attribute> => attribute("REGISTER", `1-0:${n}.8.0*255`, id);

describe("the name of several reads in messages", () => {
  it("lists three, counts the others, and distinguishes scalers from requested attributes", () => {
    const cases: [refs: ReturnType<typeof attribute>[], text: string][] = [
      [[energy(1)], "read 1-0:1.8.0*255/2"],
      [[energy(1), energy(1, 3)], "read 1-0:1.8.0*255/2 with its scaler_unit"],
      [[energy(1), energy(2)], "read 1-0:1.8.0*255/2, 1-0:2.8.0*255/2"],
      [[energy(1), energy(2), energy(1, 3), energy(2, 3)], "read 1-0:1.8.0*255/2, 1-0:2.8.0*255/2 with 2 scaler_unit"],
      [[energy(1, 3)], "read 1-0:1.8.0*255/3"],
      [[1, 2, 3, 4, 5].map((n) => energy(n)), "read 1-0:1.8.0*255/2, 1-0:2.8.0*255/2, 1-0:3.8.0*255/2 and 2 more"],
    ];
    for (const [refs, text] of cases) assert.equal(describeReads(refs), text);
  });

  it("appears in the error when a value and its scaler are not answered", async () => {
    const silent = silentWhen((request) => request.startsWith("get-request"));
    const { client, clock } = bench({ objects: registers(2) }, { timeouts: { response: 1000, retries: 0 } }, [silent]);
    await assert.rejects(
      clock.runUntil(client.read(registerRef(1))),
      (error: Error) => /1-0:1\.8\.1\*255\/2/.test(error.message) && !/more/.test(error.message),
    );
    await clock.runUntil(client.close());
  });
});
