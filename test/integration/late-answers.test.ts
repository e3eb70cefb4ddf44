/** Answers after their time-out on a shared connection. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import type { DlmsValue } from "../../src/codec";
import type { AttributeRef } from "../../src/cosem";
import { isDlmsError } from "../../src/errors";
import { createMeter } from "../../src/simulator";
import { memoryTransport, type Transport } from "../../src/transport";
import { number } from "../support/meters";
import { VirtualClock } from "../support/virtual-clock";

const response = 1000;
/** while the next association is made, and while the first request in it waits */
const finely = [1.05, 1.055, 1.06, 1.0625, 1.065, 1.07, 1.075];
const dataRef = (n: number): AttributeRef => ({ classId: 1, logicalName: `0.0.96.1.${n}.255`, attributeId: 2 });

/** needs three blocks if an answer has 64 bytes */
const text = (meter: number, n: number): DlmsValue => ({
  type: "visible-string",
  value: `meter ${meter} value ${n} `.repeat(8),
});

interface Gateway {
  readonly clock: VirtualClock;
  readonly client: DlmsClient;
  readonly other: DlmsClient;
  /** which answers of meter 1 take how long, counted from 0; others take 5 ms */
  readonly slow: Map<number, number>;
}

/**
 * Two meters behind one gateway over the wrapper: the connection stays open when one of the clients starts again, so
 * late answers of the meter still arrive.
 */
function gateway(order: "in order" | "overtaking", long = false): Gateway {
  const clock = new VirtualClock();
  const slow = new Map<number, number>();
  let answers = 0;
  const meters = [1, 2].map((serverAddress) =>
    createMeter(
      {
        serverAddress,
        associations: [{ client: 16 }],
        conformance: ["get", "block-transfer-with-get-or-read"],
        objects: [0, 1, 2, 3].map((n) => {
          // without a scaler, which would distinguish the answers
          const attributes = { 2: long ? text(serverAddress, n) : number(100 * serverAddress + n) };
          return { classId: 1, logicalName: dataRef(n).logicalName, attributes };
        }),
      },
      { clock },
    ),
  );
  const bus = memoryTransport((line) => {
    // a gateway sends one request after the other to its bus, and forwards every answer
    let lastAt = 0;
    const peers = meters.map((meter, n) =>
      meter.connect({
        send: (bytes) => {
          const copy = Uint8Array.from(bytes);
          const wait = n === 0 ? (slow.get(answers++) ?? 5) : 5;
          const soonest = n === 0 && order === "in order" ? lastAt : 0;
          const at = Math.max(soonest, clock.now() + wait);
          if (n === 0) lastAt = at;
          clock.setTimeout(() => {
            line.send(copy);
          }, at - clock.now());
        },
        drop: (reason) => {
          line.drop(reason);
        },
      }),
    );
    return {
      receive: (bytes) => peers[(bytes[5] ?? 0) - 1]?.receive(bytes),
      closed: () => {
        for (const peer of peers) peer.closed();
      },
    };
  }, "gateway");
  const transport: Transport = { ...bus, lineKey: "gateway" };
  const lines = new SharedLines();
  const [client, other] = [1, 2].map(
    (logical) =>
      new DlmsClient(
        {
          transport,
          client: { sap: 16 },
          server: { logical },
          ...(long ? { association: { maxPduSize: 64 } } : {}),
          clock,
          timeouts: { response, retries: 0, reconnectMin: 10, reconnectMax: 10 },
          random: (count) => new Uint8Array(count).fill(0xff),
        },
        { lines },
      ),
  );
  assert.ok(client && other);
  return { clock, client, other, slow };
}

describe("answers after their time-out, with the wrapper on a shared connection", () => {
  const orders = ["in order", "overtaking"] as const;
  const cases = orders.flatMap((order) =>
    [1.003, 1.007, 1.012, ...finely, 1.2, 2.3, 4.1].map((late) => ({ order, late })),
  );
  for (const { order, late } of cases) {
    for (let which = 0; which < 6; which++) {
      it(`answer ${which} takes ${late} time-outs, ${order}: never a wrong value, and the right ones afterwards`, async () => {
        const { clock, client, other, slow } = gateway(order);
        await clock.runUntil(other.open());
        slow.set(which, late * response);
        const seen: (number | string)[] = [];
        for (let round = 0; round < 12; round++) {
          const n = round % 4;
          try {
            const { value } = await clock.runUntil(client.read(dataRef(n)));
            assert.equal(value, 100 + n, `round ${round} after ${seen.join(", ")}`);
            seen.push(value);
          } catch (error) {
            if (!isDlmsError(error)) throw error;
            seen.push(error.code);
          }
          assert.equal((await clock.runUntil(other.read(dataRef(n)))).value, 200 + n);
          await clock.tickAsync(50);
        }
        assert.deepEqual(seen.slice(-4), [100, 101, 102, 103], seen.join(", "));
        const errors = seen.filter((one) => typeof one === "string");
        assert.ok(errors.length <= 5, errors.join(", "));
        await clock.runUntil(Promise.all([client.close(), other.close()]));
      });
    }
  }

  for (const { order, late } of cases) {
    for (let which = 0; which < 8; which++) {
      it(`answer ${which} takes ${late} time-outs, ${order}, values in blocks: never a wrong one`, async () => {
        const { clock, client, other, slow } = gateway(order, true);
        await clock.runUntil(other.open());
        slow.set(which, late * response);
        const seen: string[] = [];
        for (let round = 0; round < 8; round++) {
          const n = round % 4;
          try {
            const { value } = await clock.runUntil(client.read(dataRef(n)));
            assert.equal(value, text(1, n).value, `round ${round} after ${seen.join(", ")}`);
            seen.push("right");
          } catch (error) {
            if (!isDlmsError(error)) throw error;
            seen.push(error.code);
          }
          assert.equal((await clock.runUntil(other.read(dataRef(n)))).value, text(2, n).value);
          await clock.tickAsync(50);
        }
        assert.deepEqual(seen.slice(-3), ["right", "right", "right"], seen.join(", "));
        const errors = seen.filter((one) => one !== "right");
        assert.ok(errors.length <= 4 && errors.every((one) => one.includes("TIMEOUT")), errors.join(", "));
        await clock.runUntil(Promise.all([client.close(), other.close()]));
      });
    }
  }
});
