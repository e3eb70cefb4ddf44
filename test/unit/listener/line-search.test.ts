/** The search for the settings of a serial line. */
import assert from "node:assert/strict";
import type { ListenStateEvent, SerialLine } from "../../../src/listener";
import { Intake } from "../../../src/listener/intake";
import { LineSource, searchedLines } from "../../../src/listener/line-source";
import { resolveListenOptions } from "../../../src/listener/options";
import { type MemoryLine, memoryTransport } from "../../../src/transport";
import { plainPush } from "../../support/meter-pushes";
import { VirtualClock } from "../../support/virtual-clock";

describe("search for the settings of a serial line", () => {
  it("tries one setting after the other until a push is read, and stays there", async () => {
    const clock = new VirtualClock();
    const transport = { kind: "serial", path: "/dev/ttyTEST", baudRate: "auto" } as const;
    const intake = new Intake(resolveListenOptions({ transport, clock, expectedIntervalMs: 10_000 }));
    const tried: SerialLine[] = [];
    const states: ListenStateEvent[] = [];
    const ends: MemoryLine[] = [];
    const source = new LineSource(
      intake,
      transport,
      (event) => states.push(event),
      ({ baudRate, mode }) => {
        const memory = memoryTransport((end) => {
          tried.push({ baudRate, mode });
          ends.push(end);
          return { receive: () => undefined, closed: () => undefined };
        });
        return { ...memory, kind: "serial", endpoint: "serial /dev/ttyTEST", baudRate };
      },
    );
    await source.open();
    const seconds = async (count: number): Promise<void> => {
      for (let second = 0; second < count; second++) {
        await clock.tickAsync(1000);
        source.sweep();
        await clock.tickAsync(0);
      }
    };
    // bytes of a line with wrong settings
    ends[0]?.send(Uint8Array.of(0xff, 0x00, 0xfc, 0x1c));
    await seconds(19);
    assert.deepEqual(tried, [searchedLines[0]]);
    await seconds(1 + 20);
    assert.deepEqual(tried, searchedLines.slice(0, 3));
    ends[2]?.send(plainPush(1));
    await seconds(200);
    assert.deepEqual(tried, searchedLines.slice(0, 3), "no further setting is tried");
    assert.deepEqual(source.line, { baudRate: 2400, mode: "8E1" });
    assert.deepEqual(
      states.filter(({ found }) => found).map(({ line }) => line),
      [{ baudRate: 2400, mode: "8E1" }],
    );
    await source.close();
    assert.equal(intake.pushes, 1);
  });

  it("starts again if no setting yielded a push", async () => {
    const clock = new VirtualClock();
    const transport = { kind: "serial", path: "/dev/ttyTEST", baudRate: "auto" } as const;
    const intake = new Intake(resolveListenOptions({ transport, clock, expectedIntervalMs: 500 }));
    const tried: number[] = [];
    const source = new LineSource(
      intake,
      transport,
      () => undefined,
      ({ baudRate }) => {
        const memory = memoryTransport(() => {
          tried.push(baudRate);
          return { receive: () => undefined, closed: () => undefined };
        });
        return { ...memory, kind: "serial", endpoint: "serial /dev/ttyTEST", baudRate };
      },
    );
    await source.open();
    for (let second = 0; second < 5; second++) {
      await clock.tickAsync(1000);
      source.sweep();
      await clock.tickAsync(0);
    }
    assert.deepEqual(tried, [115_200, 9600, 2400, 2400, 38_400, 115_200]);
    await source.close();
  });
});
