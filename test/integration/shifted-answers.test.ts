/** Doubled, delayed and swapped answers must never yield a wrong value. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import type { ConnectOptions } from "../../src/client/options/options";
import type { AttributeRef } from "../../src/cosem";
import { isDlmsError } from "../../src/errors";
import { createMeter, type MeterDefinition } from "../../src/simulator";
import { memoryTransport, type Transport } from "../../src/transport";
import { number, register, registerRef } from "../support/meters";
import { counted, energies, profileName, profileOf, quarter, stampOf } from "../support/profiles";
import { VirtualClock } from "../support/virtual-clock";
import { account, clientTitle, keys, watchedStore } from "./security/secured";

const response = 1000;
/** from the meter to the client */
const latency = 10;
/** plain answers with an invoke-id: get, set, action */
const withInvokeId: ReadonlySet<number | undefined> = new Set([0xc4, 0xc5, 0xc7]);

interface Fault {
  /** which message of the meter, counted from 0 (the AARE) */
  readonly at: number;
  readonly how: "doubled" | "delayed" | "swapped";
  /** ms: after the original, or on top of the latency */
  readonly by: number;
}

interface Kind {
  readonly name: string;
  readonly link: "stream" | "datagrams" | "hdlc";
  readonly meter?: Partial<MeterDefinition>;
  readonly client?: () => Partial<ConnectOptions>;
  /** of every answer, regardless of the request */
  readonly invokeId?: number;
}

const text = (n: number): string => `value ${n} `.repeat(30);
const textRef = (n: number): AttributeRef => ({ classId: 1, logicalName: `0.0.96.1.${n}.255`, attributeId: 2 });
const rows = counted(1, 12).map((n) => [stampOf(Date.UTC(2024, 0, 1) + n * quarter, 60), number(n)]);
/** two of them are equal */
const values = [1000, 1001, 7, 7, 1004];

const ciphered = (): Partial<ConnectOptions> => ({
  client: { sap: 1, systemTitle: clientTitle },
  security: { suite: 0, policy: "authenticated-encrypted", ...keys, invocationCounter: watchedStore() },
});
const proven = (): Partial<ConnectOptions> => ({ ...ciphered(), auth: { mechanism: "hls-gmac" } });
const secret: Partial<MeterDefinition> = { associations: [{ ...account, mechanism: "none" }] };
const shortNames: Pick<Kind, "meter" | "client"> = {
  meter: { referencing: "sn" },
  client: () => ({ association: { referencing: "sn" } }),
};
const generalBlocks: Partial<MeterDefinition> = { generalBlockTransferWindow: 3, maxPduSize: 128 };
const inGeneralBlocks = (): Partial<ConnectOptions> => ({
  association: { maxPduSize: 128, conformance: ["get", "general-block-transfer", "selective-access"] },
});

const kinds: readonly Kind[] = (["stream", "datagrams", "hdlc"] as const).flatMap((link) => [
  { name: `${link}, logical names`, link },
  { name: `${link}, logical names, blocks`, link, client: () => ({ association: { maxPduSize: 128 } }) },
  { name: `${link}, general blocks`, link, meter: generalBlocks, client: inGeneralBlocks },
  ...[0, 1, 2, 9].map((invokeId) => ({ name: `${link}, every answer has invoke-id ${invokeId}`, link, invokeId })),
  { name: `${link}, ciphered`, link, meter: secret, client: ciphered },
  { name: `${link}, ciphered after HLS GMAC`, link, meter: { associations: [account] }, client: proven },
  { name: `${link}, short names`, link, ...shortNames },
]);

/** The bytes alone cannot distinguish two simultaneous copies of equal answers; see docs/limits.md. */
const onlyBytes = ({ link, name, invokeId }: Kind): boolean =>
  link !== "hdlc" && (invokeId !== undefined || name === "datagrams, short names");

interface Bench {
  readonly clock: VirtualClock;
  readonly client: DlmsClient;
  readonly notes: string[];
}

/** The client and a meter whose messages (wrapper) or frames (HDLC) pass the faults. */
function benchOf(kind: Kind, faults: readonly Fault[]): Bench {
  const clock = new VirtualClock();
  const hdlc = kind.link === "hdlc";
  const meter = createMeter(
    {
      framing: hdlc ? "HDLC" : "WRAPPER",
      associations: [{ client: 16 }],
      maxPduSize: 256,
      objects: [
        ...profileOf(rows).filter(({ classId }) => classId !== 3),
        ...values.map((value, n) => register(`1.0.1.8.${n}.255`, value, 0)),
        ...[0, 1].map((n) => ({
          ...textRef(n),
          attributes: { 2: { type: "visible-string", value: text(n) } as const },
        })),
        register("1.0.1.8.255.255", 1, 0),
      ],
      ...kind.meter,
    },
    { clock },
  );
  let count = 0;
  const memory = memoryTransport((line) => {
    let held: Uint8Array | undefined;
    let free = 0;
    const later = (bytes: Uint8Array, ms: number): void => {
      clock.setTimeout(() => {
        line.send(bytes);
      }, ms);
    };
    const deliver = (bytes: Uint8Array, fault: Fault | undefined): void => {
      // a stream keeps the order of its messages; a delayed message delays those that follow
      const extra = fault?.how === "delayed" ? fault.by : 0;
      const at = Math.max(kind.link === "datagrams" ? 0 : free, clock.now() + latency + extra);
      free = at;
      later(bytes, at - clock.now());
      if (fault?.how === "doubled") later(bytes, at - clock.now() + fault.by);
    };
    const peer = meter.connect({
      send: (sent) => {
        const bytes = Uint8Array.from(sent);
        if (kind.invokeId !== undefined && !hdlc && withInvokeId.has(bytes[8])) bytes[10] = 0xc0 | kind.invokeId;
        const index = count++;
        const fault = faults.find(({ at }) => at === index);
        if (fault?.how === "swapped" && held === undefined) {
          held = bytes;
          return;
        }
        deliver(bytes, fault);
        if (held !== undefined) deliver(held, undefined);
        held = undefined;
      },
      drop: (reason) => {
        line.drop(reason);
      },
    });
    return {
      receive: (bytes) => {
        peer.receive(bytes);
      },
      closed: () => {
        peer.closed();
      },
    };
  }, "line");
  if (hdlc && kind.invokeId !== undefined) meter.use(constantId(kind.invokeId));
  const transport: Transport = kind.link === "datagrams" ? { ...memory, kind: "udp" } : memory;
  let next = 0;
  const own = kind.client?.() ?? {};
  const client = new DlmsClient(
    {
      transport,
      client: { sap: 16 },
      server: { logical: 1 },
      clock,
      ...(hdlc ? { link: { kind: "hdlc" } } : {}),
      timeouts: { response, retries: 1, reconnectMin: 10, reconnectMax: 10 },
      random: (length) => Uint8Array.from({ length }, () => (next += 37) & 0xff),
      ...own,
    },
    { lines: new SharedLines() },
  );
  const notes: string[] = [];
  client.on("trace", (event) => {
    if (event.kind === "note") notes.push(event.text);
  });
  return { clock, client, notes };
}

const constantId = (invokeId: number) => ({
  name: "constant-invoke-id",
  answer: (answer: Uint8Array): readonly Uint8Array[] | undefined => {
    if (!withInvokeId.has(answer[0])) return undefined;
    const bytes = answer.slice();
    bytes[2] = 0xc0 | invokeId;
    return [bytes];
  },
});

interface Outcome {
  readonly right: number;
  readonly errors: readonly string[];
}

/** Reads values, lists, long values and a profile, twice. A wrong value fails the test. */
async function readAll({ clock, client }: Bench): Promise<Outcome> {
  let right = 0;
  const errors: string[] = [];
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      errors.push(error.code);
      // the pause before the next connection
      await clock.tickAsync(50);
    }
  };
  const is = (got: unknown, expected: unknown, what: string): void => {
    assert.deepEqual(got, expected, `${what} after ${right} right values and ${errors.join(", ") || "no error"}`);
    right += 1;
  };
  for (let round = 0; round < 2; round++) {
    for (const [n, expected] of values.entries()) {
      await attempt(async () => {
        const reading = await clock.runUntil(client.read(registerRef(n)));
        is([reading.value, reading.unit], [expected, "Wh"], `register ${n}`);
      });
    }
    await attempt(async () => {
      const outcomes = await clock.runUntil(client.readMany([registerRef(4), registerRef(0), textRef(1)]));
      const expected = [1004, 1000, text(1)];
      outcomes.forEach((outcome, i) => {
        if (outcome.ok) is(outcome.value.value, expected[i], `item ${i} of the list`);
        else errors.push(outcome.error.code);
      });
    });
    for (const n of [0, 1]) {
      await attempt(async () => {
        is((await clock.runUntil(client.read(textRef(n)))).value, text(n), `text ${n}`);
      });
    }
    await attempt(async () => {
      const { rows: read } = await clock.runUntil(client.profile(profileName, { entries: [2, 5] }).toTable());
      is(energies(read), [2, 3, 4, 5], "profile");
    });
  }
  await clock.runUntil(client.close());
  return { right, errors };
}

const all = 2 * (values.length + 3 + 2 + 1);
/** SHIFTED_RUNS: more of them, in a soak */
const runs = process.env.SHIFTED_RUNS === undefined ? {} : { numRuns: Number(process.env.SHIFTED_RUNS) };
const fault: fc.Arbitrary<Fault> = fc.record({
  at: fc.integer({ min: 0, max: 60 }),
  how: fc.constantFrom("doubled" as const, "doubled" as const, "delayed" as const, "swapped" as const),
  by: fc.constantFrom(0, 1, 5, latency, 15, 25, 45, 90, 990, 1010, 1500, 2500),
});

describe("answers that are doubled, delayed or swapped", () => {
  for (const kind of kinds) {
    it(`${kind.name}: reads everything without a fault`, async () => {
      const { right, errors } = await readAll(benchOf(kind, []));
      assert.deepEqual(errors, []);
      assert.equal(right, all);
    });

    it(`${kind.name}: a doubled answer at any position shifts no other answer`, async () => {
      for (let at = 0; at < 20; at++) {
        for (const by of [1, latency + 5]) {
          const { right, errors } = await readAll(benchOf(kind, [{ at, how: "doubled", by }]));
          assert.ok(right > all / 2, `message ${at}: ${right} of ${all} values, ${errors.join(", ")}`);
        }
      }
    });

    it(`${kind.name}: the right value or an error, never another value`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fault, { minLength: 1, maxLength: onlyBytes(kind) ? 1 : 3 }), async (faults) => {
          await readAll(benchOf(kind, faults));
        }),
        { numRuns: 15, ...runs },
      );
    });
  }

  it("ends the session over datagrams too, once answers are shifted", async () => {
    const kind = kinds.find(({ name }) => name === "datagrams, every answer has invoke-id 1");
    assert.ok(kind);
    const bench = benchOf(
      kind,
      [1, 4].map((at) => ({ at, how: "doubled", by: 45 })),
    );
    await readAll(bench);
    assert.ok(bench.client.statistics.associations > 1);
    assert.match(bench.notes.join("\n"), /the answer equals one to another request, so the client requests it again/);
  });

  it("waits for further copies before it believes an equal answer, once an unsolicited one has ended a session", async () => {
    for (const copies of [0, 1]) {
      const clock = new VirtualClock();
      const objects = [1, 1, 1].map((value, n) => register(`1.0.1.8.${n}.255`, value, 0));
      const meter = createMeter({ associations: [{ client: 16 }], objects, referencing: "sn" }, { clock });
      let last = new Uint8Array(0);
      let again = (): void => undefined;
      const transport = memoryTransport((line) => {
        const send = (bytes: Uint8Array): void => {
          last = Uint8Array.from(bytes);
          line.send(bytes);
        };
        again = () => {
          line.send(last);
        };
        return meter.connect({
          send,
          drop: (reason) => {
            line.drop(reason);
          },
        });
      }, "line");
      const client = new DlmsClient(
        {
          ...{ transport, client: { sap: 16 }, server: { logical: 1 }, clock },
          ...{ association: { referencing: "sn" }, quirks: { noGetWithList: true } },
          timeouts: { response, reconnectMin: 10, reconnectMax: 10 },
        },
        { lines: new SharedLines() },
      );
      const read = async (n: number): Promise<number> => {
        const begun = clock.now();
        assert.equal((await clock.runUntil(client.read(registerRef(n)))).value, 1);
        return clock.now() - begun;
      };
      await read(0);
      if (copies > 0) again();
      await clock.tickAsync(50);
      await read(0);
      assert.equal((await read(1)) >= response, copies > 0);
      assert.equal(client.statistics.associations, 1 + copies);
      await clock.runUntil(client.close());
    }
  });

  it("notes the dropped answers", async () => {
    const [kind] = kinds;
    assert.ok(kind);
    const bench = benchOf(kind, [{ at: 3, how: "doubled", by: 5 }]);
    const { errors } = await readAll(bench);
    assert.deepEqual(errors, []);
    assert.match(bench.notes.join("\n"), /a late or duplicate answer to an earlier request was dropped/);
  });
});
