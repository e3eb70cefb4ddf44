/** Throughput of a long profile on a slow serial line. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import type { LinkOptions } from "../../src/client/options/options";
import { createMeter, householdDefinition } from "../../src/simulator";
import { PacedLine } from "../support/paced-line";
import { VirtualClock } from "../support/virtual-clock";

interface Figures {
  readonly efficiency: number;
  readonly rows: number;
  readonly payload: number;
  readonly elapsed: number;
  readonly collisions: number;
  readonly negotiated: string;
}

type HdlcLine = Extract<LinkOptions, { kind: "hdlc" }>;

const loadProfile = "1.0.99.1.0.255";

/** A load profile of ten days over a line of this rate; the meter answers without delay. */
async function readProfile(baudRate: number, link: HdlcLine, maxPduSize = 1024): Promise<Figures> {
  const clock = new VirtualClock();
  const meter = createMeter(householdDefinition({ clock, framing: "HDLC", maxPduSize, profileDays: 10 }), { clock });
  const line = new PacedLine(meter.transport(), clock, baudRate);
  const client = new DlmsClient(
    { transport: line.transport, link, client: { sap: 16 }, server: { logical: 1 }, clock },
    { lines: new SharedLines() },
  );
  let payload = 0;
  let negotiated = "";
  client.on("trace", (event) => {
    if (event.kind === "note") negotiated = /information field .*/.exec(event.text)?.[0] ?? negotiated;
    else if (event.layer === "apdu" && event.direction === "in") payload += event.length;
  });
  const reader = client.profile(loadProfile);
  await clock.runUntil(reader.columns());
  payload = 0;
  const start = clock.now();
  const table = await clock.runUntil(reader.toTable());
  const elapsed = clock.now() - start;
  const received = payload;
  await clock.runUntil(client.close());
  const efficiency = (received * 10 * 1000) / (elapsed * baudRate);
  return { efficiency, rows: table.rows.length, payload: received, elapsed, collisions: line.collisions, negotiated };
}

describe("a long profile over a slow line", function () {
  this.timeout(60_000);

  const lines: readonly (readonly [number, HdlcLine, number])[] = [
    [9600, { kind: "hdlc" }, 0.85],
    [9600, { kind: "hdlc", maxInfo: 512, window: 7 }, 0.85],
    [9600, { kind: "hdlc", maxInfo: 512, window: 1 }, 0.85],
    [9600, { kind: "hdlc", maxInfo: 128, window: 7 }, 0.85],
    [9600, { kind: "hdlc", maxInfo: 128, window: 1 }, 0.85],
    [300, { kind: "hdlc" }, 0.85],
    [115_200, { kind: "hdlc" }, 0.85],
  ];
  for (const [baudRate, link, floor] of lines) {
    const { maxInfo = 2030, window = 7 } = link;
    it(`${baudRate} bit/s, ${maxInfo} octets, window ${window}: at least ${floor * 100} % of the line carries APDUs`, async () => {
      const figures = await readProfile(baudRate, link);
      console.log(
        `      ${(figures.efficiency * 100).toFixed(1)} % of ${baudRate} bit/s (ten bits a byte): ${figures.rows} rows, ` +
          `${figures.payload} bytes of APDUs in ${(figures.elapsed / 1000).toFixed(1)} s; ${figures.negotiated}`,
      );
      assert.ok(figures.rows >= 900, `${figures.rows} rows`);
      assert.equal(figures.collisions, 0);
      assert.ok(figures.efficiency >= floor, `${figures.efficiency}`);
    });
  }
});
