/** How often a client sends a secret during power cuts and rejections. */
import assert from "node:assert/strict";
import type { Apdu } from "../../src/apdu";
import type { ConnectOptions } from "../../src/client/options/options";
import type { MeterDefinition } from "../../src/simulator";
import { exceptionResponse } from "../support/apdus";
import { type Bench, bench, registerRef, registers, requests } from "../support/meters";

type Framing = "WRAPPER" | "HDLC";
type Mechanism = "lls" | "hls-md5";
type Answer = "silence" | "hang-up" | "refusal" | "exception";

const definition = (mechanism: Mechanism): Partial<MeterDefinition> => ({
  associations: [{ client: 16 }, { client: 17, mechanism, secret: "right" }],
  objects: registers(1),
});

function benchWith(framing: Framing, mechanism: Mechanism, options: Partial<ConnectOptions> = {}): Bench {
  const secret: Partial<ConnectOptions> = { client: { sap: 17 }, auth: { mechanism, secret: "right" } };
  return bench({ ...definition(mechanism), framing }, { ...secret, ...options });
}

/** No power for `darkMs` at the end of each period: every frame and the meter's state are lost. */
function powerCuts({ meter, clock }: Bench, periodMs: number, darkMs: number): void {
  meter.use({
    name: "power cuts",
    frameIn: (_frame, line) => {
      if (clock.now() % periodMs < periodMs - darkMs) return undefined;
      line.restart();
      return "drop";
    },
  });
}

/** A permanent refusal of the association request without a reason, and of a proof. */
const requestRefused = Buffer.from("611fa109060760857405080101a203020101a305a203020101be0604040e010600", "hex");
const proofRefused = Buffer.from("c7014201", "hex");
const exceptions: Readonly<Record<Mechanism, Buffer>> = {
  lls: Buffer.from(exceptionResponse(1, 1), "hex"),
  "hls-md5": Buffer.from(exceptionResponse(1, 3), "hex"),
};

const carriesSecret = (apdu: Apdu, mechanism: Mechanism): boolean =>
  mechanism === "lls"
    ? apdu.apdu === "aarq" && apdu.authenticationValue !== undefined
    : apdu.apdu === "action-request-normal" && apdu.method.classId === 15;

/** From now on the meter rejects the secret, in one of the ways that meters use. Returns the times of the attempts. */
function takeForWrong({ meter, clock }: Bench, mechanism: Mechanism, answer: Answer): number[] {
  const start = clock.now();
  const tries: number[] = [];
  let hangsUp = false;
  meter.use({
    name: "takes the secret for wrong",
    request: (apdu) => {
      if (!carriesSecret(apdu, mechanism)) return undefined;
      tries.push(clock.now() - start);
      hangsUp = answer === "hang-up";
      if (answer === "silence") return [];
      if (answer === "exception") return [exceptions[mechanism]];
      return [mechanism === "lls" ? requestRefused : proofRefused];
    },
    frameOut: (frame) => {
      if (!hangsUp) return [{ kind: "send", bytes: frame }];
      hangsUp = false;
      return [{ kind: "close", reason: "hung up" }];
    },
  });
  return tries;
}

/** Sends a request every ten seconds. */
async function askFor({ client, clock }: Bench, ms: number): Promise<void> {
  for (const end = clock.now() + ms; clock.now() < end; await clock.tickAsync(10_000)) {
    void client.read(registerRef(0)).catch(() => undefined);
  }
}

/** Ends a working association silently, so that the next request establishes another. */
async function breakConnection({ client, clock, meter }: Bench): Promise<void> {
  let cut = true;
  meter.use({
    name: "cable pulled",
    frameOut: (frame) => {
      const now = cut;
      cut = false;
      return [now ? { kind: "close" } : { kind: "send", bytes: frame }];
    },
  });
  await clock.runUntil(client.read(registerRef(0)).catch(() => undefined));
}

const minute = 60_000;
const framings = ["WRAPPER", "HDLC"] as const;
const mechanisms = ["lls", "hls-md5"] as const;

describe("power cuts", () => {
  /** Values of ten minutes in which one is asked for each second. */
  async function valuesOf(one: Bench): Promise<number> {
    let values = 0;
    for (let second = 0; second < 600; second++) {
      const counted = (): void => {
        values++;
      };
      void one.client.read(registerRef(0), { timeoutMs: 900 }).then(counted, () => undefined);
      await one.clock.tickAsync(1000);
    }
    await one.clock.runUntil(one.client.close());
    assert.equal(one.clock.pending, 0);
    return values;
  }

  for (const framing of framings) {
    for (const mechanism of mechanisms) {
      for (const darkMs of [3000, 8000, 25_000]) {
        it(`cost no more values with a secret than without one: ${mechanism}, ${framing}, ${darkMs / 1000} s each`, async () => {
          const timeouts = { response: 1000, retries: 0, reconnectMax: 4000 };
          const none = bench({ ...definition(mechanism), framing }, { timeouts });
          const one = benchWith(framing, mechanism, { timeouts });
          for (const each of [none, one]) powerCuts(each, darkMs === 25_000 ? 60_000 : 20_000, darkMs);
          const [ideal, values] = [await valuesOf(none), await valuesOf(one)];
          assert.ok(values >= 0.95 * ideal, `${values} values, ${ideal} without a secret`);
        });
      }
    }
  }

  it("do not cost an attempt with the secret while the meter is silent: the public client probes it", async () => {
    const one = benchWith("WRAPPER", "lls", { timeouts: { response: 1000, retries: 0 } });
    const { client, clock, meter } = one;
    await clock.runUntil(client.read(registerRef(0)));
    powerCuts(one, 60 * minute, 50 * minute);
    // a first cut teaches that the meter has a public client
    const cut = meter.use({ name: "a short cut", frameIn: () => "drop" });
    await clock.runUntil(client.read(registerRef(0)).catch(() => undefined));
    await clock.tickAsync(2000);
    cut();
    await clock.tickAsync(60_000);
    assert.equal(client.state, "open");
    await clock.tickAsync(9 * minute);
    let secrets = 0;
    meter.use({
      name: "counts",
      bytesIn: (bytes) => {
        if (Buffer.from(bytes).includes("right")) secrets++;
        return bytes;
      },
    });
    await askFor(one, 40 * minute);
    assert.equal(secrets, 1);
    await clock.runUntil(client.close());
  });
});

describe("a wrong secret", () => {
  /**
   * Times (ms) of the first four attempts and the number of attempts within an hour, from the version that counted only
   * two unanswered attempts. No later rule may try sooner or more often. An exception-response counts like no answer.
   */
  const before: Readonly<Record<Framing, Readonly<Record<Mechanism, Readonly<Record<Answer, [number[], number]>>>>>> = {
    WRAPPER: {
      lls: {
        silence: [[0, 6000, 311_000, 616_000], 13],
        "hang-up": [[0, 1000, 301_000, 601_000], 13],
        refusal: [[0, 300_000, 600_000, 900_000], 12],
        exception: [[0, 1000, 301_000, 601_000], 13],
      },
      "hls-md5": {
        silence: [[0, 310_000, 620_000, 930_000], 12],
        "hang-up": [[0, 300_000, 600_000, 900_000], 12],
        refusal: [[0, 300_000, 600_000, 900_000], 12],
        exception: [[0, 300_000, 600_000, 900_000], 12],
      },
    },
    HDLC: {
      lls: {
        silence: [[0, 16_000, 331_000, 646_000], 13],
        "hang-up": [[0, 1000, 301_000, 601_000], 13],
        refusal: [[0, 300_000, 600_000, 900_000], 12],
        exception: [[0, 1000, 301_000, 601_000], 13],
      },
      "hls-md5": {
        silence: [[0, 320_000, 640_000, 960_000], 12],
        "hang-up": [[0, 300_000, 600_000, 900_000], 12],
        refusal: [[0, 300_000, 600_000, 900_000], 12],
        exception: [[0, 300_000, 600_000, 900_000], 12],
      },
    },
  };

  for (const framing of framings) {
    for (const mechanism of mechanisms) {
      for (const answer of ["silence", "hang-up", "refusal", "exception"] as const) {
        for (const changed of [false, true]) {
          const which = changed ? "that the meter has accepted before" : "from the beginning";
          it(`${which}, ${answer}, ${mechanism}, ${framing}: no more attempts than the record, none sooner`, async () => {
            const one = benchWith(framing, mechanism);
            if (changed) await one.clock.runUntil(one.client.read(registerRef(0)));
            const tries = takeForWrong(one, mechanism, answer);
            if (changed) await breakConnection(one);
            await askFor(one, 60 * minute);
            const [times, count] = before[framing][mechanism][answer];
            assert.ok(tries.length >= 2 && tries.length <= count, `${tries.length} tries, ${count} before`);
            for (const [n, time] of times.entries()) {
              assert.ok((tries[n] ?? Infinity) >= time, `try ${n} after ${tries[n]} ms, ${time} ms before`);
            }
            await one.clock.runUntil(one.client.close());
            assert.equal(one.clock.pending, 0);
          });
        }
      }
    }
  }

  for (const mechanism of mechanisms) {
    it(`that was changed in a meter which loses its power too: no more tries in an hour than ever (${mechanism})`, async () => {
      for (const [period, dark] of [
        [60, 20],
        [180, 40],
        [600, 100],
      ] as const) {
        const one = benchWith("WRAPPER", mechanism, { timeouts: { response: 1000, retries: 0 } });
        await one.clock.runUntil(one.client.read(registerRef(0)));
        const tries = takeForWrong(one, mechanism, "silence");
        await breakConnection(one);
        powerCuts(one, period * 1000, dark * 1000);
        await askFor(one, 60 * minute);
        const most = mechanism === "lls" ? 13 : 12;
        assert.ok(tries.length >= 2 && tries.length <= most, `${tries.length} tries`);
        await one.clock.runUntil(one.client.close());
      }
    });
  }

  it("is not sent when the link set-up has no answer", async () => {
    const one = benchWith("HDLC", "lls");
    one.meter.use({ name: "deaf", frameIn: () => "drop" });
    await askFor(one, 10 * minute);
    assert.deepEqual(requests(one.meter), []);
    await one.clock.runUntil(one.client.close());
  });
});
