/** Object lists that are truncated or malformed. */
import assert from "node:assert/strict";
import { fromHex } from "../../src/bytes";
import type { DlmsClient } from "../../src/client";
import type { Behaviour } from "../../src/simulator";
import { bench, registerRef, registers } from "../support/meters";

/** `0204` class id 3, version 0, 1.0.1.8.<n>.255, attribute 2 readable, no methods; `count` attributes are declared. */
const lnEntry = (n: number, count = 1): string =>
  `020412000311000906010001080${n}ff0202010${count}02030f0216010001 00`.replace(/ /g, "");
/** base name 1000 (hex) + 100 n, class 3, version 0, 1.0.1.8.<n>.255 */
const snEntry = (n: number): string => `0204101${n}0012000311000906010001080${n}ff`;

const list = (declared: number, entries: readonly string[]): string => `010${declared}${entries.join("")}`;

/** Sets the object list to `hex`, for LN and SN. */
function lists(hex: string): Behaviour {
  return {
    name: "object list",
    request: (request) => {
      if (request.apdu === "get-request-normal" && request.attribute.classId === 15) return [fromHex(`c401c100${hex}`)];
      if (request.apdu !== "read-request") return undefined;
      const [variable] = request.variables;
      if (variable?.kind !== "variable-name") return undefined;
      if (variable.name === 0xfa08) return [fromHex(`0c0100${hex}`)];
      // a value of 7, with scaler 0 and Wh
      return [fromHex(request.variables.length > 1 ? "0c02000600000007000202 0f00161e" : "0c01000600000007")];
    },
  };
}

const sn = { referencing: "sn", conformance: ["read", "multiple-references"] } as const;

async function notesOf(client: DlmsClient, run: () => Promise<void>): Promise<string> {
  const notes: string[] = [];
  const stop = client.on("trace", (event) => {
    if (event.kind === "note") notes.push(event.text);
  });
  await run();
  stop();
  return notes.join("\n");
}

const cases: readonly { name: string; ln: string; sn: string; found: string[]; skipped: number; note: RegExp }[] = [
  {
    name: "declares more entries than it has",
    ln: list(
      4,
      [1, 2, 3].map((n) => lnEntry(n)),
    ),
    sn: list(4, [1, 2, 3].map(snEntry)),
    found: ["1", "2", "3"],
    skipped: 1,
    note: /4 entries are declared, 3 were read/,
  },
  {
    name: "declares fewer entries than it has",
    ln: list(
      2,
      [1, 2, 3].map((n) => lnEntry(n)),
    ),
    sn: list(2, [1, 2, 3].map(snEntry)),
    found: ["1", "2", "3"],
    skipped: 0,
    note: /2 entries are declared, 3 were read/,
  },
  {
    name: "has an entry with a wrong count, or a type that there is not",
    ln: list(3, [lnEntry(1), lnEntry(2, 2), lnEntry(3)]),
    sn: list(3, [snEntry(1), snEntry(9).replace("1100", "0800"), snEntry(3)]),
    found: ["1", "3"],
    skipped: 1,
    note: /1 passage was passed over/,
  },
];

describe("malformed object lists", () => {
  for (const { name, ln, sn: short, found, skipped, note } of cases) {
    for (const referencing of ["ln", "sn"] as const) {
      it(`a ${referencing.toUpperCase()} list that ${name} is read as far as possible`, async () => {
        const { client, clock } = bench(referencing === "sn" ? sn : {}, { association: { referencing } }, [
          lists(referencing === "sn" ? short : ln),
        ]);
        const notes = await notesOf(client, async () => {
          const directory = await clock.runUntil(client.browse());
          assert.deepEqual(
            directory.objects.map(({ logicalName }) => logicalName.split(".")[4]),
            found,
          );
          assert.equal(directory.skipped, skipped);
        });
        assert.match(notes, note);
        assert.equal(client.statistics.associations, 1);
        await clock.runUntil(client.close());
      });
    }

    it(`values are read by short names if the list ${name}`, async () => {
      const { client, clock } = bench(sn, { association: { referencing: "sn" } }, [lists(short)]);
      const notes = await notesOf(client, async () => {
        assert.equal((await clock.runUntil(client.read(registerRef(3)))).value, 7);
      });
      assert.match(notes, note);
      await clock.runUntil(client.close());
    });
  }

  it("reports a truncated value as an error with its path", async () => {
    const { client, clock } = bench({ objects: registers(1) }, {}, [
      {
        name: "cut",
        request: ({ apdu }) => (apdu === "get-request-normal" ? [fromHex("c401c1000203 1101 11")] : undefined),
      },
    ]);
    await assert.rejects(clock.runUntil(client.read(registerRef(0, 3))), {
      code: "DLMS_DECODE_TRUNCATED",
      message: /get-response\.result\.data/,
    });
    await clock.runUntil(client.close());
  });
});
