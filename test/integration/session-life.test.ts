/** Sessions that the meter or the network ends, and the trace of a session. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import type { ConnectOptions } from "../../src/client/options/options";
import { createMeter, type MeterDefinition, type SimulatedMeter } from "../../src/simulator";
import { FaultyLine } from "../support/faulty-line";
import { bench, register, registerRef, silentWhen } from "../support/meters";
import type { Transport } from "../../src/transport";
import { modeEPort } from "../support/mode-e-meter";
import { VirtualClock } from "../support/virtual-clock";

const hdlc = { framing: "HDLC" } as const;

const frames = (meter: SimulatedMeter): string[] =>
  meter.received.flatMap((item) => (item.kind === "frame" ? [item.frame] : []));

interface ModeE {
  readonly clock: VirtualClock;
  readonly client: DlmsClient;
  readonly meter: SimulatedMeter;
  readonly transport: Transport;
}

const opticalOptions = (transport: Transport, clock: VirtualClock): ConnectOptions => ({
  transport,
  link: { kind: "hdlc-mode-e" },
  client: { sap: 16 },
  server: { logical: 1 },
  clock,
});

function optical(options: Partial<ConnectOptions> = {}): ModeE {
  const clock = new VirtualClock();
  const definition: MeterDefinition = {
    ...hdlc,
    associations: [{ client: 16 }],
    objects: [register("1.0.1.8.0.255", 1000)],
  };
  const meter = createMeter(definition, { clock });
  const transport = modeEPort(meter, clock);
  const client = new DlmsClient({ ...opticalOptions(transport, clock), ...options }, { lines: new SharedLines() });
  return { clock, client, meter, transport };
}

describe("a session that the meter or the network ends", () => {
  it("repeats the read on a new link when the meter answers DM after an inactivity time-out", async () => {
    const { client, clock, meter } = bench(hdlc);
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    await clock.tickAsync(600_000);
    meter.restart();
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    assert.equal(client.statistics.associations, 2);
    assert.equal(client.statistics.lastError?.code, "DLMS_LINK_DISCONNECTED");
    await clock.runUntil(client.close());
  });

  it("reads an optical meter that a crashed client left in HDLC, without waiting for its inactivity time-out", async () => {
    const { client, clock, meter, transport } = optical();
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    // a process that dies sends nothing; the system closes its connections
    const next = new DlmsClient({ ...opticalOptions(transport, clock) }, { lines: new SharedLines() });
    const start = clock.now();
    assert.equal((await clock.runUntil(next.read(registerRef(0)))).value, 100);
    assert.ok(clock.now() - start < 10_000, `${clock.now() - start} ms`);
    assert.ok(
      frames(meter).some((frame) => frame.startsWith("DISC")),
      frames(meter).join(" "),
    );
    await clock.runUntil(next.close());
  });

  it("repeats the read after a new sign-on when an optical meter has returned to its sign-on", async () => {
    const { client, clock } = optical();
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    // the port returns to text after 30 s
    await clock.tickAsync(60_000);
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    assert.equal(client.statistics.associations, 2);
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  });

  it("repeats the read also after an automatic new association without an answer", async () => {
    const { client, clock } = optical();
    await clock.runUntil(client.open());
    await clock.tickAsync(60_000);
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    await clock.runUntil(client.close());
  });

  it("keep-alive holds the link over the meter's inactivity time-out", async () => {
    const { client, clock } = optical({ link: { kind: "hdlc-mode-e", keepAlive: 20_000 } });
    await clock.runUntil(client.read(registerRef(0)));
    await clock.tickAsync(90_000);
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    assert.equal(client.statistics.associations, 1);
    await clock.runUntil(client.close());
  });

  it("a half-open connection is noticed by the time-out and replaced, and the read returns its value", async () => {
    const clock = new VirtualClock();
    const meter = createMeter(
      { associations: [{ client: 16 }], objects: [register("1.0.1.8.0.255", 1000)] },
      { clock },
    );
    const probe = new FaultyLine(meter.transport(), clock);
    const make = (line: FaultyLine): DlmsClient =>
      new DlmsClient(
        { transport: line.transport, client: { sap: 16 }, server: { logical: 1 }, clock },
        { lines: new SharedLines() },
      );
    const first = make(probe);
    await clock.runUntil(first.read(registerRef(0)));
    const at = probe.sent.out;
    await clock.runUntil(first.close());
    const line = new FaultyLine(meter.transport(), clock, { kind: "half-open", direction: "out", at });
    const client = make(line);
    await clock.runUntil(client.read(registerRef(0)));
    const start = clock.now();
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    assert.ok(line.hit);
    assert.ok(clock.now() - start <= 6000, `${clock.now() - start} ms`);
    assert.equal(client.statistics.associations, 2);
    await clock.runUntil(client.close());
  });
});

describe("the end of a session", () => {
  it("a meter that does not answer the release is disconnected within the time-out", async () => {
    const { client, clock, meter } = bench(hdlc, {}, [silentWhen((name) => name === "rlrq")]);
    await clock.runUntil(client.read(registerRef(0)));
    const start = clock.now();
    await clock.runUntil(client.close());
    assert.ok(clock.now() - start <= 2000);
    assert.equal(frames(meter).at(-1), "DISC");
    assert.equal(meter.associations, 0);
  });

  it("sends DISC first when so configured", async () => {
    const { client, clock, meter } = bench(hdlc, { link: { kind: "hdlc", discFirst: true } });
    await clock.runUntil(client.read(registerRef(0)));
    assert.deepEqual(frames(meter).slice(0, 2), ["DISC", "SNRM"]);
    await clock.runUntil(client.close());
  });
});

describe("the trace of a bug report", () => {
  const secret = "Tapir-4401-Fluss-Ufer";

  /** The forms in which a secret could occur in a text; base64 at each of its three alignments, ends left out. */
  const forms = [
    secret,
    Buffer.from(secret).toString("hex"),
    ...[0, 1, 2].map((shift) =>
      Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)])
        .toString("base64")
        .slice(4, 24),
    ),
  ];

  for (const [name, definition] of [
    ["wrapper", {}],
    ["HDLC", hdlc],
    [
      "HDLC in segments that cut the password",
      { ...hdlc, hdlc: { maxInfoTransmit: 32, maxInfoReceive: 32, windowTransmit: 1, windowReceive: 1 } },
    ],
  ] as const) {
    it(`${name}: every frame with its direction, time and meaning, and the password in no form`, async () => {
      const { client, clock } = bench(
        { ...definition, associations: [{ client: 16, mechanism: "lls", secret }] },
        { auth: { mechanism: "lls", secret } },
      );
      const seen: Record<string, unknown>[] = [];
      client.on("trace", (event) => seen.push({ ...event }));
      await clock.runUntil(client.read(registerRef(0)));
      await clock.runUntil(client.close());
      const frameEvents = seen.filter((event) => event.kind === "bytes" && event.layer === "link");
      assert.ok(frameEvents.length >= 6);
      for (const event of frameEvents) {
        assert.match(String(event.time), /^\d{4}-.*Z$/);
        assert.match(String(event.direction), /^(in|out)$/);
        assert.ok(String(event.decoded).length > 0);
      }
      const text = JSON.stringify(seen);
      for (const form of forms) assert.ok(!text.toLowerCase().includes(form.toLowerCase()), form);
      // a part of the secret in one of the segments is also a leak
      for (let at = 0; at + 8 <= secret.length; at++) {
        assert.ok(!text.includes(Buffer.from(secret.slice(at, at + 8)).toString("hex")), "a piece in hex");
        assert.ok(!text.includes(secret.slice(at, at + 8)), "a piece in text");
      }
    });
  }
});
