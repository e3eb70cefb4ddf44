/** Reading values and lists from a simulated meter. */
import assert from "node:assert/strict";
import { DlmsAccessError } from "../../src/errors";
import type { Outcome } from "../../src/client";
import { encodeApdu, type ReadRequest, type ReadResult } from "../../src/apdu";
import { type DlmsValue, encodeValueBytes } from "../../src/codec";
import { attribute, parseObis } from "../../src/cosem";
import type { Behaviour, MeterDefinition } from "../../src/simulator";
import type { SimulatedObject } from "../../src/simulator/definition/definition";
import { bench, number, register, registerRef, registers, requests } from "../support/meters";

const values = (outcomes: readonly Outcome[]): unknown[] =>
  outcomes.map((one) => (one.ok ? one.value.value : one.error.code));

const withoutLists: Partial<MeterDefinition> = {
  conformance: ["get", "block-transfer-with-get-or-read", "selective-access"],
};

const shortNameDefinition = {
  referencing: "sn",
  conformance: ["read", "multiple-references", "parameterized-access"],
} as const;

describe("reading a simulated meter", () => {
  for (const framing of ["WRAPPER", "HDLC"] as const) {
    it(`gives a register's value scaled, with unit, type and raw bytes (${framing})`, async () => {
      const { client, clock } = bench({ framing, objects: [register("1-0:1.8.0*255", 1234567, -3)] });
      const reading = await clock.runUntil(client.read(attribute("REGISTER", "1-0:1.8.0", "value")));
      assert.deepEqual(
        { ...reading, raw: Buffer.from(reading.raw).toString("hex") },
        {
          value: 1234.567,
          unit: "Wh",
          unitCode: 30,
          scaler: -3,
          type: "double-long-unsigned",
          raw: "060012d687",
          readAt: "2024-01-01T00:00:00.000Z",
        },
      );
      await clock.runUntil(client.close());
      assert.equal(clock.pending, 0);
    });
  }

  it("reads an answer that is longer than a PDU", async () => {
    const text = "x".repeat(5000);
    const objects = [
      {
        classId: 1,
        logicalName: "0.0.96.1.0.255",
        attributes: { 2: { type: "visible-string", value: text } as const },
      },
    ];
    const { client, clock } = bench({ objects, maxPduSize: 128 }, { association: { maxPduSize: 128 } });
    const reading = await clock.runUntil(client.read(attribute("DATA", "0.0.96.1.0.255", 2)));
    assert.equal(reading.value, text);
    await clock.runUntil(client.close());
  });

  it("has the association's facts", async () => {
    const { client, clock } = bench();
    assert.throws(() => client.association, { code: "DLMS_STATE_BUSY" });
    await clock.runUntil(client.open());
    assert.equal(client.association.maxPduSize, 4096);
    assert.ok(client.association.conformanceNames.includes("multiple-references"));
    await clock.runUntil(client.close());
  });

  describe("readMany", () => {
    it("reads 100 registers and their units in at most 3 round trips, each scaler once", async () => {
      const { client, clock, meter } = bench({ objects: registers(100), maxPduSize: 4096 });
      await clock.runUntil(client.open());
      const refs = registers(100).map((_, n) => registerRef(n));
      const before = client.statistics.roundTrips;
      const first = await clock.runUntil(client.readMany(refs));
      const between = client.statistics.roundTrips;
      assert.ok(between - before <= 3, `${between - before} round trips`);
      assert.deepEqual(
        values(first),
        refs.map((_, n) => (1000 + n) / 10),
      );
      assert.ok(first.every((one) => one.ok && one.value.unit === "Wh"));

      meter.forgetReceived();
      await clock.runUntil(client.readMany(refs));
      assert.equal(client.statistics.roundTrips - between, 1);
      const asked = meter.received.flatMap((item) =>
        item.kind === "apdu" && item.apdu.apdu === "get-request-with-list" ? item.apdu.attributes : [],
      );
      assert.equal(asked.length, 100);
      assert.ok(asked.every((one) => one.attributeId === 2));
      await clock.runUntil(client.close());
    });

    it("needs, without lists, one round trip per attribute and, once, one per scaler", async () => {
      const { client, clock } = bench({ objects: registers(20), ...withoutLists });
      await clock.runUntil(client.open());
      const refs = registers(20).map((_, n) => registerRef(n));
      const start = client.statistics.roundTrips;
      const first = await clock.runUntil(client.readMany(refs));
      const after = client.statistics.roundTrips;
      const second = await clock.runUntil(client.readMany(refs));
      assert.equal(after - start, 40);
      assert.equal(client.statistics.roundTrips - after, 20);
      assert.deepEqual(values(first), values(second));
      await clock.runUntil(client.close());
    });

    it("splits a list by the PDU size of the meter", async () => {
      const { client, clock, meter } = bench({ objects: registers(60), maxPduSize: 200 });
      const outcomes = await clock.runUntil(client.readMany(registers(60).map((_, n) => registerRef(n))));
      assert.deepEqual(
        values(outcomes),
        outcomes.map((_, n) => (1000 + n) / 10),
      );
      for (const item of meter.received) if (item.kind === "apdu") assert.ok(item.bytes.length <= 200);
      await clock.runUntil(client.close());
    });

    it("keeps positions and returns an error for each item that the meter rejects", async () => {
      const objects = [register("1.0.1.8.0.255", 1), { ...register("1.0.1.8.1.255", 2), denied: [2] }];
      for (const more of [{}, withoutLists]) {
        const { client, clock } = bench({ objects, ...more });
        const outcomes = await clock.runUntil(client.readMany([registerRef(7), registerRef(0), registerRef(1)]));
        assert.deepEqual(values(outcomes), ["DLMS_ACCESS_OBJECT_UNDEFINED", 0.1, "DLMS_ACCESS_READ_WRITE_DENIED"]);
        await clock.runUntil(client.close());
      }
    });

    it("reads a repeated reference once and returns it at each position", async () => {
      const { client, clock, meter } = bench();
      const outcomes = await clock.runUntil(client.readMany([registerRef(1), registerRef(0), registerRef(1)]));
      assert.deepEqual(values(outcomes), [100.1, 100, 100.1]);
      const list = meter.received.find((item) => item.kind === "apdu" && item.apdu.apdu === "get-request-with-list");
      assert.ok(list?.kind === "apdu" && list.apdu.apdu === "get-request-with-list");
      assert.equal(list.apdu.attributes.length, 4);
      await clock.runUntil(client.close());
    });

    it("falls back to single reads when the meter refuses a list by an exception", async () => {
      const refuse = {
        name: "no lists",
        request: (request: { apdu: string }) =>
          request.apdu === "get-request-with-list" ? [Uint8Array.of(0xd8, 2, 2)] : undefined,
      };
      const { client, clock, meter } = bench({}, {}, [refuse]);
      const refs = [0, 1, 2].map((n) => registerRef(n));
      assert.deepEqual(values(await clock.runUntil(client.readMany(refs))), [100, 100.1, 100.2]);
      meter.forgetReceived();
      assert.deepEqual(values(await clock.runUntil(client.readMany(refs))), [100, 100.1, 100.2]);
      assert.deepEqual(requests(meter), ["get-request-normal", "get-request-normal", "get-request-normal"]);
      await clock.runUntil(client.close());
    });

    it("falls back to single reads when the meter rejects every item of a list", async () => {
      const refuse = {
        name: "lists of errors",
        request: (request: { apdu: string; attributes?: readonly unknown[] }) =>
          request.apdu === "get-request-with-list"
            ? [
                Uint8Array.of(
                  0xc4,
                  3,
                  0xc1,
                  request.attributes?.length ?? 0,
                  ...(request.attributes ?? []).flatMap(() => [1, 250]),
                ),
              ]
            : undefined,
      };
      const { client, clock } = bench({}, {}, [refuse]);
      const outcomes = await clock.runUntil(client.readMany([0, 1, 9].map((n) => registerRef(n))));
      assert.deepEqual(values(outcomes), [100, 100.1, "DLMS_ACCESS_OBJECT_UNDEFINED"]);
      await clock.runUntil(client.close());
    });

    it("asks for the list again when the meter has answered lists before: a time-out is a time-out", async () => {
      const { client, clock, meter } = bench();
      const refs = [0, 1, 2].map((n) => registerRef(n));
      await clock.runUntil(client.readMany(refs));
      let lost = false;
      meter.use({
        name: "one answer is lost for good",
        request: (apdu) => {
          if (lost || apdu.apdu !== "get-request-with-list") return undefined;
          return [];
        },
      });
      client.on("retry", () => {
        lost = true;
      });
      meter.forgetReceived();
      const outcomes = await clock.runUntil(client.readMany(refs));
      assert.ok(outcomes.every(({ ok }) => ok));
      assert.ok(lost);
      assert.deepEqual(
        requests(meter).filter((name) => name === "get-request-normal"),
        [],
      );
      await clock.runUntil(client.close());
    });

    it("reads items singly after a list that the meter did not answer", async () => {
      const silent = {
        name: "silent to lists",
        request: (request: { apdu: string }) => (request.apdu === "get-request-with-list" ? [] : undefined),
      };
      const { client, clock } = bench({}, {}, [silent]);
      await clock.runUntil(client.read(registerRef(0, 1)));
      const outcomes = await clock.runUntil(client.readMany([0, 1].map((n) => registerRef(n))));
      assert.deepEqual(values(outcomes), [100, 100.1]);
      await clock.runUntil(client.close());
    });

    it("leaves lists out after the meter was silent to them twice", async () => {
      const silent = {
        name: "silent to lists",
        request: (request: { apdu: string }) => (request.apdu === "get-request-with-list" ? [] : undefined),
      };
      const { client, clock, meter } = bench({}, {}, [silent]);
      const lists: number[] = [];
      for (let i = 0; i < 3; i++) {
        await clock.runUntil(client.read(registerRef(0, 1)));
        meter.forgetReceived();
        const outcomes = await clock.runUntil(client.readMany([0, 1].map((n) => registerRef(n))));
        assert.deepEqual(values(outcomes), [100, 100.1]);
        lists.push(requests(meter).filter((name) => name === "get-request-with-list").length);
      }
      assert.deepEqual(lists, [1, 1, 0]);
      await clock.runUntil(client.close());
    });

    describe("an answer to a list that cannot be read", () => {
      const garbling = (times: number) => {
        let left = times;
        return {
          name: "garbled",
          request: (request: { apdu: string }) =>
            request.apdu === "get-request-with-list" && left-- > 0 ? [Uint8Array.of(0xc4, 3, 0xc1, 3, 0)] : undefined,
        };
      };
      const refs = [0, 1, 2].map((n) => registerRef(n));
      const expected = [100, 100.1, 100.2];

      it("once: its items are read singly, the next list is a list again, and a note reports it", async () => {
        const { client, clock, meter } = bench({}, {}, [garbling(1)]);
        const notes: string[] = [];
        client.on("trace", (event) => {
          if (event.kind === "note") notes.push(event.text);
        });
        assert.deepEqual(values(await clock.runUntil(client.readMany(refs))), expected);
        assert.match(notes.join(), /cannot be read, its items are read one by one/);
        meter.forgetReceived();
        assert.deepEqual(values(await clock.runUntil(client.readMany(refs))), expected);
        assert.deepEqual(requests(meter), ["get-request-with-list"]);
        await clock.runUntil(client.close());
      });

      it("twice in a row: lists are given up", async () => {
        const { client, clock, meter } = bench({}, {}, [garbling(2)]);
        for (let n = 0; n < 2; n++) assert.deepEqual(values(await clock.runUntil(client.readMany(refs))), expected);
        meter.forgetReceived();
        assert.deepEqual(values(await clock.runUntil(client.readMany(refs))), expected);
        assert.deepEqual(requests(meter), ["get-request-normal", "get-request-normal", "get-request-normal"]);
        await clock.runUntil(client.close());
      });
    });

    it("returns an empty result for an empty list, without connecting", async () => {
      const { client, meter } = bench();
      assert.deepEqual(await client.readMany([]), []);
      assert.equal(meter.counters.connections, 0);
      await client.close();
    });
  });

  describe("refusals of the meter", () => {
    const cases = [
      [
        "an object that it does not have",
        registerRef(9),
        "DLMS_ACCESS_OBJECT_UNDEFINED",
        /^object-undefined \(4\): get Register 1-0:1\.8\.9\*255\/2 value; .*check the OBIS code/,
      ],
      [
        "another class",
        { ...registerRef(0), classId: 4 },
        "DLMS_ACCESS_OBJECT_CLASS_INCONSISTENT",
        /^object-class-inconsistent \(9\): get Extended register 1-0:1\.8\.0\*255\/2 value; .*try REGISTER/,
      ],
      [
        "what this client may not read",
        registerRef(2),
        "DLMS_ACCESS_READ_WRITE_DENIED",
        /^read-write-denied \(3\): get .*; .*another client address/,
      ],
    ] as const;
    for (const [name, ref, code, text] of cases) {
      it(`${name}: ${code}`, async () => {
        const objects = [register("1.0.1.8.0.255", 1), { ...register("1.0.1.8.2.255", 1), denied: [2] }];
        const { client, clock } = bench({ objects });
        const failure = await clock.runUntil(client.read(ref)).then(
          () => assert.fail("a value came"),
          (error: unknown) => error,
        );
        assert.ok(failure instanceof DlmsAccessError);
        assert.equal(failure.code, code);
        assert.match(failure.message, text);
        assert.equal(client.state, "open");
        await clock.runUntil(client.close());
      });
    }

    it("an attribute that the class does not have", async () => {
      const { client, clock } = bench();
      await assert.rejects(clock.runUntil(client.read(registerRef(0, 9))), (error: unknown) => {
        assert.ok(error instanceof DlmsAccessError);
        assert.match(error.message, /: get Register 1-0:1\.8\.0\*255\/9 attribute 9; .*may not have this attribute/);
        return true;
      });
      await clock.runUntil(client.close());
    });
  });

  describe("scalers", () => {
    it("returns the plain number and no unit when the meter has no scaler_unit", async () => {
      const objects = [{ classId: 3, logicalName: "1.0.1.8.0.255", attributes: { 2: number(42) } }];
      const { client, clock } = bench({ objects });
      const reading = await clock.runUntil(client.read(registerRef(0)));
      assert.deepEqual([reading.value, reading.unit, reading.scaler], [42, null, null]);
      await clock.runUntil(client.close());
    });

    it("fails rather than give an unscaled number when the scaler cannot be read now", async () => {
      const busy = {
        name: "scaler busy",
        request: (request: { apdu: string; attribute?: { attributeId: number } }) =>
          request.attribute?.attributeId === 3 ? [Uint8Array.of(0xc4, 1, 0xc1, 1, 2)] : undefined,
      };
      const { client, clock } = bench(withoutLists, {}, [busy]);
      await assert.rejects(clock.runUntil(client.read(registerRef(0))), {
        code: "DLMS_ACCESS_TEMPORARY_FAILURE",
        message: /get Register 1-0:1\.8\.0\*255\/3 scaler_unit/,
      });
      await clock.runUntil(client.close());
    });

    it("fails when scaler_unit is not a pair of scaler and unit", async () => {
      const objects = [{ classId: 3, logicalName: "1.0.1.8.0.255", attributes: { 2: number(42), 3: number(7) } }];
      const { client, clock } = bench({ objects });
      await assert.rejects(clock.runUntil(client.read(registerRef(0))), { code: "DLMS_DECODE_VALUE" });
      assert.equal(client.state, "open");
      await clock.runUntil(client.close());
    });

    it("fails the value if the exception may be temporary", async () => {
      const busy: Behaviour = {
        name: "operation not possible for scaler_unit",
        request: (request) =>
          request.apdu === "get-request-normal" && request.attribute.attributeId === 3
            ? [Uint8Array.of(0xd8, 1, 1)]
            : undefined,
      };
      const { client, clock } = bench(withoutLists, {}, [busy]);
      await assert.rejects(clock.runUntil(client.read(registerRef(0))), { code: "DLMS_EXCEPTION" });
      await clock.runUntil(client.close());
    });

    for (const referencing of ["ln", "sn"] as const) {
      it(`returns the value without a unit, with a note, if an exception reports not supported (${referencing})`, async () => {
        const refuses: Behaviour = {
          name: "scaler_unit refused by an exception",
          request: (request) => {
            const byName = request.apdu === "get-request-normal" && request.attribute.attributeId === 3;
            const several = request.apdu === "read-request" && request.variables.length > 1;
            const [variable] = request.apdu === "read-request" ? request.variables : [];
            const byShortName = variable?.kind === "variable-name" && variable.name % 0x100 === 0x10;
            return byName || several || byShortName ? [Uint8Array.of(0xd8, 2, 2)] : undefined;
          },
        };
        const { client, clock } =
          referencing === "ln"
            ? bench(withoutLists, {}, [refuses])
            : bench(shortNameDefinition, { association: { referencing } }, [refuses, shortNameMeter(registers(1))]);
        const notes: string[] = [];
        client.on("trace", (entry) => notes.push("text" in entry ? String(entry.text) : ""));
        for (let i = 0; i < 2; i++) {
          const { value, unit, scaler } = await clock.runUntil(client.read(registerRef(0)));
          assert.deepEqual([value, unit, scaler], [1000, null, null]);
        }
        assert.equal(notes.filter((note) => note.includes("is given without scaler and unit")).length, 1);
        await clock.runUntil(client.close());
      });
    }

    it("are read again in a new association", async () => {
      const { client, clock, meter } = bench({}, { timeouts: { idle: 1000 } });
      await clock.runUntil(client.read(registerRef(0)));
      await clock.tickAsync(2000);
      assert.equal(client.state, "idle");
      meter.forgetReceived();
      await clock.runUntil(client.read(registerRef(0)));
      assert.deepEqual(requests(meter), ["aarq", "get-request-with-list"]);
      await clock.runUntil(client.close());
    });
  });

  it("writes and reads back, and invokes a method", async () => {
    const pressed: unknown[] = [];
    const objects = [
      { classId: 1, logicalName: "0.0.96.1.0.255", attributes: { 2: number(1) }, writable: [2] },
      {
        classId: 9,
        logicalName: "0.0.10.0.0.255",
        attributes: {},
        methods: {
          1: (parameter: unknown) => {
            pressed.push(parameter);
            return number(77);
          },
        },
      },
    ];
    const { client, clock } = bench({ objects });
    const ref = attribute("DATA", "0.0.96.1.0.255", 2);
    await clock.runUntil(client.write(ref, number(5)));
    assert.equal((await clock.runUntil(client.read(ref))).value, 5);
    const script = { classId: 9, logicalName: "0.0.10.0.0.255", methodId: 1 };
    const answer = await clock.runUntil(client.invoke(script, { type: "long-unsigned", value: 3 }));
    assert.deepEqual(answer, number(77));
    assert.deepEqual(pressed, [{ type: "long-unsigned", value: 3 }]);
    await assert.rejects(clock.runUntil(client.invoke({ ...script, methodId: 2 })), (error: unknown) => {
      assert.ok(error instanceof DlmsAccessError);
      assert.match(error.message, /: action Script table 0-0:10\.0\.0\*255 method 2;/);
      return true;
    });
    await clock.runUntil(client.close());
  });

  it("reads the same values by short names as by logical names", async () => {
    const { client, clock } = bench(shortNameDefinition, { association: { referencing: "sn" } }, [
      shortNameMeter(registers(3)),
    ]);
    const outcomes = await clock.runUntil(client.readMany([registerRef(2), registerRef(9), registerRef(0)]));
    assert.deepEqual(values(outcomes), [100.2, "DLMS_ACCESS_OBJECT_UNDEFINED", 100]);
    assert.ok(outcomes[0]?.ok && outcomes[0].value.unit === "Wh");
    // association, object list, values with their scalers
    assert.equal(client.statistics.roundTrips, 3);
    await clock.runUntil(client.close());
  });

  describe("by short names, from a meter that accepts one name in a Read", () => {
    const error = (count: number): Uint8Array =>
      Uint8Array.of(0x0c, count, ...Array.from({ length: count }, () => [1, 250]).flat());
    const refusals: readonly [string, (count: number) => Uint8Array, number][] = [
      ["an exception-response", () => Uint8Array.of(0xd8, 2, 2), 1],
      ["a confirmed-service-error", () => Uint8Array.of(0x0e, 5, 0, 2), 1],
      ["an error for each name", error, 1],
      ["one error for all names", () => error(1), 2],
      ["the first value alone", () => Uint8Array.of(0x0c, 1, 0, 6, 0, 0, 3, 0xe8), 2],
      ["no result", () => Uint8Array.of(0x0c, 0), 2],
      ["an answer that is cut", () => Uint8Array.of(0x0c, 4, 0, 6, 0), 2],
    ];
    for (const [name, answer, tries] of refusals) {
      it(`requests the names singly after ${name}`, async () => {
        const refuses: Behaviour = {
          name,
          request: (request) =>
            request.apdu === "read-request" && request.variables.length > 1
              ? [answer(request.variables.length)]
              : undefined,
        };
        const { client, clock, meter } = bench(shortNameDefinition, { association: { referencing: "sn" } }, [
          refuses,
          shortNameMeter(registers(3)),
        ]);
        const notes: string[] = [];
        client.on("trace", (event) => {
          if (event.kind === "note") notes.push(event.text);
        });
        const refs = [registerRef(2), registerRef(9), registerRef(0)];
        for (let n = 0; n < tries; n++) {
          const outcomes = await clock.runUntil(client.readMany(refs));
          assert.deepEqual(values(outcomes), [100.2, "DLMS_ACCESS_OBJECT_UNDEFINED", 100]);
        }
        assert.match(notes.join(), /lists are no longer used with this meter/);
        meter.forgetReceived();
        await clock.runUntil(client.readMany(refs));
        const counts = meter.received.flatMap((item) =>
          item.kind === "apdu" && item.apdu.apdu === "read-request" ? [item.apdu.variables.length] : [],
        );
        assert.deepEqual(counts, [1, 1]);
        assert.equal(client.statistics.associations, 1);
        await clock.runUntil(client.close());
      });
    }
  });

  describe("an exception-response to one of several attributes that are read singly", () => {
    const refuses: Behaviour = {
      name: "refuses lists, and one object, by exceptions",
      request: (request) => {
        const isList = request.apdu === "get-request-with-list" || request.apdu === "access-request";
        const isOne = request.apdu === "get-request-normal" && request.attribute.instanceId[4] === 2;
        const isName = request.apdu === "read-request" && (request.variables.length > 1 || isNamed(request, 0x1208));
        return isList || isOne || isName ? [Uint8Array.of(0xd8, 2, 2)] : undefined;
      },
    };
    for (const [name, definition] of [
      ["after a GET with list", {}],
      ["without lists", withoutLists],
      ["after an ACCESS", { conformance: ["get", "access", "block-transfer-with-get-or-read"] }],
      ["by short names", shortNameDefinition],
    ] as const) {
      it(`becomes the error of that attribute (${name})`, async () => {
        const short = definition === shortNameDefinition;
        const behaviours = short ? [refuses, shortNameMeter(registers(4))] : [refuses];
        const options = short ? ({ association: { referencing: "sn" } } as const) : {};
        const { client, clock } = bench(definition, options, behaviours);
        const outcomes = await clock.runUntil(client.readMany([0, 2, 3].map((n) => registerRef(n))));
        assert.deepEqual(values(outcomes), [100, "DLMS_EXCEPTION", 100.3]);
        await clock.runUntil(client.close());
      });
    }
  });
});

function isNamed(request: ReadRequest, name: number): boolean {
  const [first] = request.variables;
  return first?.kind === "variable-name" && first.name === name;
}

/** Answers Read: the object list at FA08, and attribute n of object i at 1000 (hex) + 100 i + 8 (n - 1). */
function shortNameMeter(objects: readonly SimulatedObject[]): Behaviour {
  const base = (index: number): number => 0x1000 + 0x100 * index;
  const list: DlmsValue = {
    type: "array",
    value: objects.map((object, index) => ({
      type: "structure",
      value: [
        { type: "long", value: base(index) },
        { type: "long-unsigned", value: object.classId },
        { type: "unsigned", value: 0 },
        { type: "octet-string", value: parseObis(object.logicalName) },
      ],
    })),
  };
  const read = (name: number): ReadResult => {
    if (name === 0xfa08) return { kind: "data", data: encodeValueBytes(list) };
    const value = objects[(name >> 8) - 0x10]?.attributes[(name & 0xff) / 8 + 1];
    if (value === undefined || typeof value === "function") return { kind: "error", result: 4 };
    return { kind: "data", data: encodeValueBytes(value) };
  };
  return {
    name: "short names",
    request: (request) => {
      if (request.apdu !== "read-request") return undefined;
      const results = request.variables.map((one): ReadResult =>
        one.kind === "variable-name" ? read(one.name) : { kind: "error", result: 250 },
      );
      return [encodeApdu({ apdu: "read-response", results })];
    },
  };
}
