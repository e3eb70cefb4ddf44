/** One fault at every byte of a session that writes or invokes: the outcome that the client tells is the true one. */
import assert from "node:assert/strict";
import {
  attribute,
  type ConnectOptions,
  type DlmsValue,
  fromHex,
  isDlmsError,
  type MeterDefinition,
  method,
} from "../../src";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import { memoryCounterStore } from "../../src/security";
import { createMeter } from "../../src/simulator";
import { type Fault, type FaultKind, FaultyLine } from "../support/faulty-line";
import { bench } from "../support/meters";
import { VirtualClock } from "../support/virtual-clock";

interface Session {
  readonly name: string;
  readonly meter: Partial<MeterDefinition>;
  readonly client: () => Partial<ConnectOptions>;
  readonly kinds: readonly FaultKind[];
  /** length of the octet-string that is written */
  readonly length?: number;
}

const timeouts = { connect: 2000, response: 1000, close: 1000, retries: 1, reconnectMin: 500, reconnectMax: 2000 };
const keys = {
  encryptionKey: fromHex("101112131415161718191a1b1c1d1e1f"),
  authenticationKey: fromHex("e0e1e2e3e4e5e6e7e8e9eaebecedeeef"),
};
const ciphered = (client: number): Partial<MeterDefinition> => ({
  associations: [{ client, mechanism: "lls", secret: "pass", suite: 0, policy: "authenticated-encrypted", ...keys }],
});
const cipheredClient = (sap: number): Partial<ConnectOptions> => ({
  client: { sap, systemTitle: fromHex("4f555443000000a1") },
  auth: { mechanism: "lls", secret: "pass" },
  security: { suite: 0, policy: "authenticated-encrypted", ...keys, invocationCounter: memoryCounterStore(1) },
});

/** What breaks a line without changing what passes. */
const breaks: readonly FaultKind[] = ["closed", "silent", "half-open"];
/** HDLC has a check sum, ciphering an authentication tag. */
const all: readonly FaultKind[] = [...breaks, "lost", "corrupted"];

const sessions: readonly Session[] = [
  { name: "wrapper", meter: {}, client: () => ({}), kinds: breaks },
  { name: "wrapper, in blocks", meter: { maxPduSize: 64 }, client: () => ({}), kinds: breaks, length: 120 },
  { name: "wrapper, ciphered", meter: ciphered(41), client: () => cipheredClient(41), kinds: all },
  { name: "HDLC", meter: { framing: "HDLC" }, client: () => ({ link: { kind: "hdlc" } }), kinds: all },
  {
    name: "HDLC, ciphered, in segments of 32 octets",
    meter: {
      ...ciphered(42),
      framing: "HDLC",
      hdlc: { maxInfoTransmit: 32, maxInfoReceive: 32, windowTransmit: 2, windowReceive: 2 },
    },
    client: () => ({ link: { kind: "hdlc" }, ...cipheredClient(42) }),
    kinds: all,
  },
];

const serial = attribute("DATA", "0.0.96.1.0.255", "value");
const script = method("SCRIPT_TABLE", "0.0.10.0.106.255", "execute");

class Run {
  readonly clock = new VirtualClock();
  readonly line: FaultyLine;
  readonly client: DlmsClient;
  executions = 0;
  readonly #value: DlmsValue;

  constructor({ meter, client, length = 4 }: Session, fault?: Fault) {
    this.#value = { type: "octet-string", value: new Uint8Array(length).fill(0x41) };
    const simulated = createMeter(
      {
        associations: [{ client: 16 }],
        objects: [
          {
            classId: 1,
            logicalName: "0.0.96.1.0.255",
            attributes: { 2: { type: "octet-string", value: new Uint8Array(1) } },
            writable: [2],
          },
          {
            classId: 9,
            logicalName: "0.0.10.0.106.255",
            attributes: { 2: { type: "array", value: [] } },
            methods: {
              1: () => {
                this.executions++;
                return undefined;
              },
            },
          },
        ],
        ...meter,
      },
      { clock: this.clock },
    );
    this.line = new FaultyLine(simulated.transport(), this.clock, fault);
    this.client = new DlmsClient(
      {
        client: { sap: 16 },
        server: { logical: 1 },
        timeouts,
        clock: this.clock,
        random: (count) => new Uint8Array(count).fill(0xff),
        ...client(),
        transport: this.line.transport,
      },
      { lines: new SharedLines() },
    );
  }

  act(action: "write" | "invoke"): Promise<unknown> {
    const work: Promise<unknown> =
      action === "write" ? this.client.write(serial, this.#value) : this.client.invoke(script, this.#value);
    return this.clock.runUntil(work);
  }

  /** Whether the meter has executed the write or the method, by a read over the healed line. */
  async executed(action: "write" | "invoke"): Promise<number> {
    if (action === "invoke") return this.executions;
    this.line.heal();
    await this.clock.tickAsync(600_000);
    const { raw } = await this.clock.runUntil(this.client.read(serial));
    return raw.length > 3 ? 1 : 0;
  }
}

type Told = "done" | "unknown" | "not sent";

async function tell(run: Run, action: "write" | "invoke"): Promise<Told> {
  try {
    await run.act(action);
    return "done";
  } catch (error) {
    assert.ok(isDlmsError(error), String(error));
    if (!error.is("WRITE_OUTCOME_UNKNOWN")) return "not sent";
    assert.equal(error.details.sent, true);
    assert.equal(error.retry, "no");
    assert.equal(error.layer, "service");
    return "unknown";
  }
}

describe("the outcome of a write", () => {
  for (const session of sessions) {
    for (const action of ["write", "invoke"] as const) {
      it(`is true whatever breaks at any byte: ${session.name}, ${action}`, async function () {
        this.timeout(120_000);
        const clean = new Run(session);
        await clean.clock.runUntil(clean.client.open());
        const before = clean.line.sent.out;
        assert.equal(await tell(clean, action), "done");
        const total = { ...clean.line.sent };
        assert.equal(await clean.executed(action), 1);
        const seen = new Map<Told, number>();
        for (const direction of ["out", "in"] as const) {
          for (const kind of session.kinds) {
            for (let at = 0; at < total[direction]; at++) {
              const run = new Run(session, { kind, direction, at });
              const told = await tell(run, action);
              const executed = await run.executed(action);
              const what = `${kind} ${direction} ${at}: ${told}, executed ${executed} times`;
              if (told === "done") assert.equal(executed, 1, what);
              if (told === "not sent") assert.equal(executed, 0, what);
              if (told === "unknown") assert.ok(run.line.sent.out > before, what);
              assert.ok(executed <= 1, what);
              seen.set(told, (seen.get(told) ?? 0) + 1);
              await run.clock.runUntil(run.client.close());
            }
          }
        }
        // before the request, and in or after it
        assert.ok((seen.get("not sent") ?? 0) > 0 && (seen.get("unknown") ?? 0) > 0, JSON.stringify([...seen]));
      });
    }
  }

  it("is unknown when the caller's time limit ends the wait, or the client is closed", async () => {
    for (const end of ["timeout", "close"] as const) {
      const objects = [
        { classId: 1, logicalName: "0.0.96.1.0.255", attributes: { 2: { type: "unsigned", value: 1 } }, writable: [2] },
      ] as const;
      const { client, clock, meter } = bench({ objects: [...objects] });
      await clock.runUntil(client.open());
      meter.use({ name: "silent", request: (apdu) => (apdu.apdu === "set-request-normal" ? [] : undefined) });
      const value = { type: "unsigned", value: 2 };
      const work = client.write(serial, value, end === "timeout" ? { timeoutMs: 100 } : {});
      const queued = client.write(serial, value, { timeoutMs: 50 });
      const failed = assert.rejects(work, { code: "DLMS_WRITE_OUTCOME_UNKNOWN" });
      // it waits behind the first one and was not sent
      const waited = assert.rejects(
        queued,
        (error) => isDlmsError(error) && error.is("TIMEOUT_RESPONSE", "STATE_CLOSED"),
      );
      await clock.tickAsync(60);
      if (end === "close") await clock.runUntil(client.close());
      await clock.tickAsync(200);
      await failed;
      await waited;
      await clock.runUntil(client.close());
    }
  });

  it("is the meter's refusal where the meter refuses", async () => {
    const { client, clock, meter } = bench();
    await clock.runUntil(client.open());
    await assert.rejects(clock.runUntil(client.write(serial, { type: "unsigned", value: 2 })), {
      code: "DLMS_ACCESS_OBJECT_UNDEFINED",
    });
    // exception-response: service-not-allowed, operation-not-possible
    meter.use({
      name: "exception",
      request: (apdu) => (/^(set|action)/.test(apdu.apdu) ? [fromHex("d80101")] : undefined),
    });
    await assert.rejects(clock.runUntil(client.write(serial, { type: "unsigned", value: 2 })), {
      code: "DLMS_EXCEPTION",
    });
    await assert.rejects(clock.runUntil(client.invoke(script, 1)), { code: "DLMS_EXCEPTION" });
    await clock.runUntil(client.close());
  });

  it("counts the answered items of writes that follow each other", async () => {
    const { client, clock, meter } = bench({ conformance: ["get", "set"] });
    let sets = 0;
    meter.use({
      name: "silent from the second one on",
      request: (apdu) => (apdu.apdu === "set-request-normal" && ++sets > 1 ? [] : undefined),
    });
    const value = { type: "unsigned", value: 2 };
    const list = [serial, serial, serial].map((ref) => ({ ref, value }));
    await assert.rejects(clock.runUntil(client.writeMany(list)), (error) => {
      assert.ok(isDlmsError(error) && error.is("WRITE_OUTCOME_UNKNOWN"));
      const { items, answered, sent, reason } = error.details;
      assert.deepEqual(
        { items, answered, sent, reason },
        { items: 3, answered: 1, sent: true, reason: "DLMS_TIMEOUT_RESPONSE" },
      );
      assert.match(error.message, /^sent, outcome unknown \(write 0-0:96\.1\.0\*255\/2, .*1 of 3 were answered/);
      return true;
    });
    assert.equal(sets, 2);
    await clock.runUntil(client.close());
  });
});
