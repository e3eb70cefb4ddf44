/** Records undisturbed sessions as seeds for the fuzz targets. */
import { isDlmsError } from "../../src/errors";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import { createMeter } from "../../src/simulator";
import { profileName } from "../support/profiles";
import { VirtualClock } from "../support/virtual-clock";
import type { Seed } from "./corpus";
import { kinds } from "./sessions/kinds";

/** Frames, APDUs and values of one undisturbed session of each kind with the simulated meter. */
export async function recordedSeeds(): Promise<Seed[]> {
  const seeds: Seed[] = [];
  for (const kind of kinds) {
    const clock = new VirtualClock();
    const meter = createMeter(kind.meter, { clock });
    const transport = kind.port?.(meter, clock) ?? meter.transport();
    const random = (count: number): Uint8Array => new Uint8Array(count).fill(0x5a);
    const client = new DlmsClient({ ...kind.client(), transport, clock, random }, { lines: new SharedLines() });
    const arrived: Uint8Array[] = [];
    client.on("trace", (event) => {
      if (event.kind !== "bytes") return;
      const { bytes, direction, layer, link } = event;
      if (layer === "link") {
        seeds.push({ kind: link !== "hdlc-mode-e" ? link : bytes[0] === 0x7e ? "hdlc" : "mode-e", bytes });
        if (direction === "in") arrived.push(bytes);
        return;
      }
      seeds.push({ kind: "apdu", bytes });
      // the value in a get-response-normal
      if (bytes[0] === 0xc4 && bytes[1] === 1 && bytes[3] === 0) seeds.push({ kind: "data", bytes: bytes.slice(4) });
    });
    const work = (async () => {
      for (const logicalName of ["0.0.96.1.0.255", "0.0.96.1.4.255"]) {
        await client.read({ classId: 1, logicalName, attributeId: 2 });
      }
      await client.read({ classId: 3, logicalName: "1.0.2.8.1.255", attributeId: 2 });
      for await (const row of client.profile(profileName)) void row;
      for (const attributeId of [2, 3]) {
        await client.read({ classId: 7, logicalName: profileName, attributeId }).catch(refused);
      }
      await client.browse();
    })();
    await clock.runUntil(work);
    await clock.runUntil(client.close());
    const whole = Buffer.concat(arrived);
    const link = kind.client().link?.kind ?? "wrapper";
    // the bytes from the meter, as one stream
    seeds.push({ kind: link === "hdlc-mode-e" ? "mode-e" : link, bytes: Uint8Array.from(whole) });
  }
  return seeds;
}

function refused(error: unknown): void {
  if (!isDlmsError(error)) throw error;
}
