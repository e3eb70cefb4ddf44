/** General block transfer that fails, and the fallback without it. */
import assert from "node:assert/strict";
import { fromHex, toHex } from "../../src/bytes";
import { DlmsError, isDlmsError } from "../../src/errors";
import type { ConnectOptions } from "../../src/client/options/options";
import type { Behaviour } from "../../src/simulator";
import type { SimulatedAssociation } from "../../src/simulator/definition/definition";
import { bench, number, registerRef, registers, requests } from "../support/meters";
import { sized } from "../support/apdus";
import { account, clientTitle, keys, watchedStore } from "./security/secured";

const definition = { generalBlockTransferWindow: 4 };

/** In the first association, the same block is the answer to everything. */
function repeatsOneBlock(hex: string): Behaviour {
  let associations = 0;
  return {
    name: "repeats one block",
    // acknowledgements do not come as requests
    bytesIn: (bytes, line) => {
      if (associations === 1 && bytes[8] === 0xe0) line.notify(fromHex(hex));
      return bytes;
    },
    request: ({ apdu }) => {
      if (apdu === "aarq") associations++;
      else if (associations === 1 && apdu !== "rlrq") return [fromHex(hex)];
      return undefined;
    },
  };
}

/** After `answered` requests, the line loses all that the meter sends for `lost` requests. */
function loses(answered: number, lost: number): Behaviour {
  let count = 0;
  return {
    name: "a line that loses answers in general blocks",
    request: ({ apdu }) => {
      if (!apdu.startsWith("get-request")) return undefined;
      count++;
      // the first block arrives, and the others do not
      return count > answered && count <= answered + lost ? [fromHex("e00100010000040001c401")] : undefined;
    },
  };
}

describe("an association answer of which only the first general block arrives", () => {
  for (const framing of ["WRAPPER", "HDLC"] as const) {
    it(`has an error over ${framing} that says that the meter answered before`, async () => {
      const { client, clock, meter } = bench({ framing, objects: registers(1) });
      let silent = false;
      meter.use({
        name: "one block, then silence",
        bytesIn: (bytes) => (silent ? new Uint8Array() : bytes),
        sealed: (answer) => {
          if (answer[0] !== 0x61) return undefined;
          silent = true;
          return [fromHex(`e00100010000${sized(toHex(answer.subarray(0, 20)))}`)];
        },
      });
      const error: unknown = await clock.runUntil(client.open()).catch((reason: unknown) => reason);
      assert.ok(error instanceof DlmsError);
      assert.equal(error.code, "DLMS_TIMEOUT_RESPONSE");
      assert.match(error.message, /no bytes received, although the meter answered before/);
      await clock.runUntil(client.close());
    });
  }
});

describe("general block transfer that has worked before", () => {
  const text = { type: "visible-string", value: "x".repeat(400) } as const;
  const long = { classId: 1, logicalName: "0.0.96.1.9.255", attributeId: 2 };
  const meter = { ...definition, objects: [{ classId: 1, logicalName: long.logicalName, attributes: { 2: text } }] };
  const options = { association: { maxPduSize: 128 }, timeouts: { response: 500, retries: 0, reconnectMin: 10 } };

  it("continues after one lost answer", async () => {
    const { client, clock } = bench(meter, options, [loses(1, 1)]);
    for (let i = 0; i < 3; i++) assert.equal((await clock.runUntil(client.read(long))).value, text.value);
    assert.equal(client.statistics.associations, 2);
    assert.ok(client.association.conformanceNames.includes("general-block-transfer"));
    await clock.runUntil(client.close());
  });

  it("is given up after two lost answers in a row, and the value is read without it", async () => {
    const { client, clock } = bench(meter, options, [loses(1, 2)]);
    for (let i = 0; i < 3; i++) assert.equal((await clock.runUntil(client.read(long))).value, text.value);
    assert.equal(client.statistics.associations, 3);
    assert.ok(!client.association.conformanceNames.includes("general-block-transfer"));
    await clock.runUntil(client.close());
  });
});

describe("general block transfer that fails", () => {
  const faults: readonly [string, string][] = [
    ["the same block again and again", "e00100010000040001c401"],
    ["a last block, and what came makes no sense", "e0810001000004ffffffff"],
  ];
  for (const [name, hex] of faults) {
    it(`${name}: the value is read without it from then on`, async () => {
      const { client, clock } = bench(definition, {}, [repeatsOneBlock(hex)]);
      const notes: string[] = [];
      client.on("trace", (event) => {
        if (event.kind === "note") notes.push(event.text);
      });
      await clock.runUntil(client.open());
      assert.ok(client.association.conformanceNames.includes("general-block-transfer"));
      const reading = await clock.runUntil(client.read(registerRef(0)));
      assert.equal(reading.value, 100);
      assert.ok(!client.association.conformanceNames.includes("general-block-transfer"));
      assert.ok(notes.some((text) => /general block transfer is no longer used with this meter/.test(text)));
      assert.ok(client.statistics.roundTrips < 15, String(client.statistics.roundTrips));
      await clock.runUntil(client.read(registerRef(1)));
      assert.equal(client.statistics.associations, 2);
      await clock.runUntil(client.close());
    });
  }

  it("is no longer proposed by named conformance bits, either", async () => {
    const conformance = ["get", "block-transfer-with-get-or-read", "general-block-transfer"];
    const { client, clock } = bench(definition, { association: { conformance } }, [
      repeatsOneBlock("e00100010000040001c401"),
    ]);
    assert.equal((await clock.runUntil(client.read(registerRef(0, 3)))).type, "structure");
    assert.deepEqual(client.association.conformanceNames, ["block-transfer-with-get-or-read", "get"]);
    await clock.runUntil(client.close());
  });

  it("never sends a write a second time", async () => {
    const { client, clock, meter } = bench(definition, {}, [repeatsOneBlock("e00100010000040001c501")]);
    await assert.rejects(clock.runUntil(client.write(registerRef(0), number(1))), {
      code: "DLMS_WRITE_OUTCOME_UNKNOWN",
    });
    assert.equal(requests(meter).filter((name) => name.startsWith("set-request")).length, 1);
    await clock.tickAsync(60_000);
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    await clock.runUntil(client.close());
  });
});

/** The network delivers the meter's message number `at` once more, after `behind` further messages. */
function doubles(at: number, behind: number): Behaviour {
  let count = 0;
  let copy: Uint8Array | undefined;
  return {
    name: "a network that doubles a message",
    frameOut: (frame) => {
      const index = count++;
      if (index === at) copy = Uint8Array.from(frame);
      if (copy === undefined || index !== at + behind) return undefined;
      return [
        { kind: "send", bytes: frame },
        { kind: "send", bytes: copy },
      ];
    },
  };
}

describe("a doubled message in a session with general blocks", () => {
  const texts = [0, 1, 2].map((n) => `text ${n} `.repeat(40));
  const refs = texts.map((_, n) => ({ classId: 1, logicalName: `0.0.96.1.${n}.255`, attributeId: 2 }));
  const objects = texts.map((value, n) => ({
    ...{ classId: 1, logicalName: `0.0.96.1.${n}.255` },
    attributes: { 2: { type: "visible-string", value } as const },
  }));
  const messages = 24;
  interface Protection {
    readonly account: SimulatedAssociation;
    readonly options: Partial<ConnectOptions>;
  }
  const protections: Readonly<Record<string, () => Protection>> = {
    plain: () => ({ account: { client: 16 }, options: {} }),
    ciphered: () => ({
      account: { ...account, mechanism: "none" },
      options: {
        client: { sap: 1, systemTitle: clientTitle },
        security: { suite: 0, policy: "authenticated-encrypted", ...keys, invocationCounter: watchedStore() },
      },
    }),
  };

  for (const [name, protection] of Object.entries(protections)) {
    it(`${name}: costs one value at most, and general block transfer stays in use`, async () => {
      for (let at = 0; at < messages; at++) {
        for (const behind of [0, 1, 3]) {
          const protect = protection();
          const { client, clock } = bench(
            { ...definition, associations: [protect.account], objects: [...objects, ...registers(1)] },
            { association: { maxPduSize: 128 }, timeouts: { reconnectMin: 10, reconnectMax: 10 }, ...protect.options },
            [doubles(at, behind)],
          );
          const errors: string[] = [];
          const read = async (ref: (typeof refs)[number], value: unknown): Promise<void> => {
            const got = await clock.runUntil(client.read(ref).catch((error: unknown) => error));
            if (isDlmsError(got)) errors.push(got.message);
            else assert.deepEqual((got as { readonly value: unknown }).value, value);
          };
          for (let round = 0; round < 2; round++) {
            await read(registerRef(0), 100);
            for (const [n, ref] of refs.entries()) await read(ref, texts[n]);
          }
          const place = `message ${at}, ${behind} later: ${errors.join("; ")}`;
          assert.ok(errors.length <= 1, place);
          assert.ok(client.association.conformanceNames.includes("general-block-transfer"), place);
          await clock.runUntil(client.close());
        }
      }
    });
  }
});
