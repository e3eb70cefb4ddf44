/** Clocks are corrected and relays are switched on a simulated meter. */
import assert from "node:assert/strict";
import {
  type ConnectOptions,
  type DlmsValue,
  DlmsConfigError,
  encodeDateTime,
  type EncodeDateTimeOptions,
  isDlmsError,
  readClock,
  readRelay,
  setClock,
  type SimulatedObject,
  switchRelay,
} from "../../src";
import { dateTimeFromBytes, resolveDateTime } from "../../src/cosem";
import { delayAnswers } from "../../src/simulator/behaviours/behaviours";
import { bench, type Bench, requests } from "../support/meters";

type Hidden = "shift" | "preset";

interface ClockBench extends Bench {
  /** ms by which the meter is ahead of the host */
  readonly ahead: () => number;
  readonly written: Uint8Array[];
}

interface Meter extends EncodeDateTimeOptions {
  readonly aheadMs: number;
  readonly lacks?: readonly Hidden[];
  readonly refuses?: readonly Hidden[];
  readonly readOnly?: boolean;
  /** milliseconds from request to answer */
  readonly delayMs?: number;
  readonly form?: (bytes: Uint8Array) => void;
}

/** A meter whose clock runs with the bench's, some ms ahead. */
function clockBench(meter: Meter, options: Partial<ConnectOptions> = {}): ClockBench {
  const { aheadMs, lacks = [], refuses = [], readOnly = false, delayMs = 0, form, ...dates } = meter;
  let ahead = aheadMs;
  let preset = 0;
  const written: Uint8Array[] = [];
  const wall = (): number => made.clock.wallTime();
  const held = (): DlmsValue => {
    const { value } = encodeDateTime(new Date(wall() + ahead), { timeZone: "Europe/Berlin", ...dates });
    form?.(value as Uint8Array);
    return { type: "octet-string", value: value as Uint8Array };
  };
  const instantOf = (value: DlmsValue | undefined): number => {
    assert.ok(value?.type === "octet-string");
    written.push(value.value);
    const { epochMs } = resolveDateTime(dateTimeFromBytes(value.value), {
      timeZone: "Europe/Berlin",
      reversedDeviation: dates.reversedDeviation === true,
    });
    assert.ok(epochMs !== null);
    return epochMs;
  };
  const shift = (argument: DlmsValue | undefined): undefined => {
    assert.ok(argument?.type === "long");
    ahead += argument.value * 1000;
  };
  const presets = {
    4: (): undefined => {
      ahead = preset - wall();
    },
    5: (argument: DlmsValue | undefined): undefined => {
      assert.ok(argument?.type === "structure");
      const [at, start, end] = argument.value.map(instantOf);
      assert.ok(at !== undefined && start !== undefined && end !== undefined);
      assert.ok(start < wall() + ahead && wall() + ahead < end);
      preset = at;
    },
  };
  const denied = [...(refuses.includes("shift") ? [-6] : []), ...(refuses.includes("preset") ? [-5, -4] : [])];
  const object: SimulatedObject = {
    classId: 8,
    logicalName: "0.0.1.0.0.255",
    attributes: { 2: held },
    methods: { ...(lacks.includes("shift") ? {} : { 6: shift }), ...(lacks.includes("preset") ? {} : presets) },
    denied,
    ...(readOnly ? {} : { writable: [2] }),
  };
  const made = bench({ objects: [object] }, options, delayMs > 0 ? [delayAnswers(delayMs)] : []);
  // the model keeps a written value, which would stop the clock: the write moves it instead
  made.meter.use({
    name: "clock",
    request: (apdu) => {
      if (apdu.apdu !== "set-request-normal" || readOnly) return undefined;
      ahead = instantOf({ type: "octet-string", value: apdu.data.subarray(2) }) - wall();
      return [Uint8Array.of(0xc5, 0x01, apdu.invokeId, 0x00)];
    },
  });
  return { ...made, ahead: () => ahead, written };
}

const both: readonly Hidden[] = ["shift", "preset"];

describe("readClock", () => {
  it("measures how far the meter's clock is from the host's, with the round trip", async () => {
    for (const aheadMs of [-90_000, -1500, 0, 700, 3_600_000]) {
      const { client, clock } = clockBench({ aheadMs, delayMs: 400 });
      const { offsetMs, uncertaintyMs, roundTripMs } = await clock.runUntil(readClock(client, { clock }));
      assert.equal(roundTripMs, 400);
      assert.ok(Math.abs(offsetMs - aheadMs) <= uncertaintyMs, `${offsetMs} for ${aheadMs}`);
      assert.ok(uncertaintyMs <= 1200);
      await clock.runUntil(client.close());
    }
  });

  it("does not count the time that the connection takes", async () => {
    const { client, clock } = clockBench({ aheadMs: 5000, delayMs: 400 });
    await clock.runUntil(readClock(client, { clock }));
    assert.equal((await clock.runUntil(readClock(client, { clock }))).roundTripMs, 400);
    await clock.runUntil(client.close());
  });

  it("understands a reversed deviation, and a clock without one by the zone of the client", async () => {
    const reversed = clockBench({ aheadMs: 5000, reversedDeviation: true }, { quirks: { reversedDeviation: true } });
    assert.ok(
      Math.abs(
        (await reversed.clock.runUntil(readClock(reversed.client, { clock: reversed.clock }))).offsetMs - 5000,
      ) <= 1000,
    );
    const bare = clockBench({ aheadMs: 5000, unspecifiedDeviation: true }, { values: { timeZone: "Europe/Berlin" } });
    assert.ok(
      Math.abs((await bare.clock.runUntil(readClock(bare.client, { clock: bare.clock }))).offsetMs - 5000) <= 1000,
    );
    const unknown = clockBench({ aheadMs: 5000, unspecifiedDeviation: true });
    await assert.rejects(
      unknown.clock.runUntil(readClock(unknown.client, { clock: unknown.clock })),
      (error) => isDlmsError(error) && error.is("CONFIG_MISSING") && /values\.timeZone/.test(error.message),
    );
  });

  it("refuses a clock without a valid time", async () => {
    const { client, clock } = clockBench({ aheadMs: 0, form: (bytes) => bytes.fill(0xff, 5, 8) });
    await assert.rejects(clock.runUntil(readClock(client, { clock })), /no valid time/);
  });
});

describe("setClock", () => {
  it("shifts the clock where the meter offers it", async () => {
    for (const aheadMs of [-42_300, 17_800]) {
      const { client, clock, meter, ahead } = clockBench({ aheadMs, delayMs: 200 });
      const result = await clock.runUntil(setClock(client, { clock, capturePeriod: 0 }));
      assert.equal(result.way, "shift");
      assert.ok(result.verified && result.notes.length === 0, result.notes.join());
      assert.ok(Math.abs(ahead()) <= 1200, `${ahead()}`);
      assert.ok(!requests(meter).some((name) => name.startsWith("set")));
      await clock.runUntil(client.close());
    }
  });

  it("presets the time where the meter cannot shift it", async () => {
    const { client, clock, ahead, written } = clockBench({ aheadMs: 30_000, lacks: ["shift"], delayMs: 200 });
    const result = await clock.runUntil(setClock(client, { clock, capturePeriod: 0 }));
    assert.equal(result.way, "preset");
    assert.equal(written.length, 3);
    assert.ok(Math.abs(ahead()) <= 1200, `${ahead()}`);
    assert.ok(result.verified);
    await clock.runUntil(client.close());
  });

  it("writes the time where the meter offers neither, and keeps offset, daylight bit and unspecified fields", async () => {
    const noHundredths = (bytes: Uint8Array): void => {
      bytes[8] = 0xff;
      bytes[11] = (bytes[11] ?? 0) | 0x02;
    };
    const { client, clock, ahead, written } = clockBench({ aheadMs: -20_000, lacks: both, form: noHundredths });
    const result = await clock.runUntil(setClock(client, { clock, capturePeriod: 0 }));
    assert.equal(result.way, "set");
    assert.ok(Math.abs(ahead()) <= 500, `${ahead()}`);
    // 2024-01-01 is a Monday, in Berlin one hour east of UTC; the doubtful bit is cleared
    assert.equal(Buffer.from(written[0] ?? []).toString("hex"), "07e80101010100" + "00" + "ff" + "ffc4" + "00");
    assert.ok(result.verified && result.after !== undefined);
    await clock.runUntil(client.close());
  });

  it("writes a reversed deviation back as the meter has it", async () => {
    const { client, clock, ahead, written } = clockBench(
      { aheadMs: -20_000, lacks: both, reversedDeviation: true },
      { quirks: { reversedDeviation: true } },
    );
    await clock.runUntil(setClock(client, { clock, capturePeriod: 0 }));
    assert.equal(
      Buffer.from(written[0] ?? [])
        .subarray(9, 11)
        .toString("hex"),
      "003c",
    );
    assert.ok(Math.abs(ahead()) <= 500);
    await clock.runUntil(client.close());
  });

  it("goes on to the next way when the meter refuses one, and says so", async () => {
    const { client, clock, ahead } = clockBench({ aheadMs: 30_000, refuses: both });
    const result = await clock.runUntil(
      setClock(client, { clock, capturePeriod: 0, ways: ["shift", "preset", "set"] }),
    );
    assert.equal(result.way, "set");
    assert.deepEqual(
      result.notes.map((note) => note.slice(0, 18)),
      ["shift was refused:", "preset was refused"],
    );
    assert.ok(Math.abs(ahead()) <= 1000);
    await clock.runUntil(client.close());
  });

  it("rejects with the meter's refusal when no way is left", async () => {
    const { client, clock, ahead } = clockBench({ aheadMs: 30_000, lacks: both, readOnly: true });
    await assert.rejects(
      clock.runUntil(setClock(client, { clock })),
      (error) => isDlmsError(error) && error.is("ACCESS_READ_WRITE_DENIED"),
    );
    assert.equal(ahead(), 30_000);
    await clock.runUntil(client.close());
  });

  it("sends nothing beyond the limit, and nothing within the tolerance", async () => {
    const far = clockBench({ aheadMs: -61_500 });
    await assert.rejects(
      far.clock.runUntil(setClock(far.client, { clock: far.clock })),
      (error) =>
        error instanceof DlmsConfigError &&
        /^clock not set: it is 62 s behind this host's, more than the limit of 60 s/.test(error.message),
    );
    assert.deepEqual(
      requests(far.meter).filter((name) => !name.startsWith("aa")),
      ["get-request-normal"],
    );
    const near = clockBench({ aheadMs: 400 });
    assert.equal((await near.clock.runUntil(setClock(near.client, { clock: near.clock }))).way, "none");
    assert.deepEqual(
      requests(near.meter).filter((name) => !name.startsWith("aa")),
      ["get-request-normal"],
    );
    const raised = await far.clock.runUntil(
      setClock(far.client, { clock: far.clock, maxCorrectionMs: 120_000, ways: ["set"] }),
    );
    assert.ok(raised.verified);
    await assert.rejects(setClock(far.client, { maxCorrectionMs: -1 }), /maxCorrectionMs/);
    await assert.rejects(setClock(far.client, { ways: ["jump"] as never }), /ways/);
  });

  it("says that the end of a capture period lies between, or refuses", async () => {
    // the host's clock starts at midnight in UTC, the meter's is 20 s before it
    const told = clockBench({ aheadMs: -20_000 });
    const result = await told.clock.runUntil(setClock(told.client, { clock: told.clock }));
    assert.equal(result.acrossCapturePeriod, true);
    assert.deepEqual(result.notes, ["the end of a capture period lies between the old and the new time"]);
    const refused = clockBench({ aheadMs: -20_000 });
    await assert.rejects(
      refused.clock.runUntil(setClock(refused.client, { clock: refused.clock, acrossCapturePeriod: "refuse" })),
      /a capture period of 900 s lies between the old and the new time; try again after it/,
    );
    assert.equal(refused.ahead(), -20_000);
    const within = clockBench({ aheadMs: 20_000 });
    assert.equal(
      (await within.clock.runUntil(setClock(within.client, { clock: within.clock }))).acrossCapturePeriod,
      false,
    );
  });

  it("does not try another way after a lost answer", async () => {
    const { client, clock, meter } = clockBench({ aheadMs: 30_000 });
    meter.use({ name: "silent", request: (request) => (request.apdu === "action-request-normal" ? [] : undefined) });
    await assert.rejects(
      clock.runUntil(setClock(client, { clock, capturePeriod: 0 })),
      (error) => isDlmsError(error) && error.is("WRITE_OUTCOME_UNKNOWN"),
    );
    assert.ok(!requests(meter).some((name) => name.startsWith("set")));
    await clock.runUntil(client.close());
  });
});

interface RelayBench extends Bench {
  readonly state: () => number;
}

function relayBench(controlMode: number, start = 1): RelayBench {
  let state = start;
  const direct = controlMode === 2 || controlMode === 4;
  const made = bench({
    objects: [
      {
        classId: 70,
        logicalName: "0.0.96.3.10.255",
        attributes: {
          2: () => ({ type: "boolean", value: state === 1 }),
          3: () => ({ type: "enum", value: state }),
          4: { type: "enum", value: controlMode },
        },
        methods: {
          1: () => {
            state = 0;
            return undefined;
          },
          2: () => {
            if (state === 0) state = direct ? 1 : 2;
            return undefined;
          },
        },
      },
    ],
  });
  return { ...made, state: () => state };
}

describe("relays", () => {
  it("tell state, mode and what the mode permits in words", async () => {
    const expected = [
      "connected; control mode 0: always connected, cannot be switched",
      "connected; control mode 1: can be disconnected remotely, by hand, by the meter; remote_reconnect makes it ready; it is then connected by hand",
      "connected; control mode 2: can be disconnected remotely, by hand, by the meter; remote_reconnect connects at once",
      "connected; control mode 3: can be disconnected remotely, by the meter; remote_reconnect makes it ready; it is then connected by hand",
      "connected; control mode 4: can be disconnected remotely, by the meter; remote_reconnect connects at once",
      "connected; control mode 5: can be disconnected remotely, by hand, by the meter; remote_reconnect makes it ready; it is then connected by hand, by the meter",
      "connected; control mode 6: can be disconnected remotely, by the meter; remote_reconnect makes it ready; it is then connected by hand, by the meter",
      "connected; control mode 7 is not in the standard",
    ];
    for (const [controlMode, text] of expected.entries()) {
      const { client, clock } = relayBench(controlMode);
      const relay = await clock.runUntil(readRelay(client));
      assert.equal(relay.text, text);
      assert.deepEqual([relay.connected, relay.state, relay.controlMode], [true, "connected", controlMode]);
      await clock.runUntil(client.close());
    }
  });

  it("are disconnected and reconnected, and read back", async () => {
    for (const controlMode of [1, 2, 3, 4, 5, 6]) {
      const { client, clock, state } = relayBench(controlMode);
      const off = await clock.runUntil(switchRelay(client, "disconnect"));
      assert.deepEqual(
        [off.before.state, off.after?.state, off.reached, state()],
        ["connected", "disconnected", true, 0],
      );
      const on = await clock.runUntil(switchRelay(client, "reconnect"));
      const direct = controlMode === 2 || controlMode === 4;
      assert.equal(on.reached, true);
      assert.equal(on.after?.state, direct ? "connected" : "ready-for-reconnection");
      assert.deepEqual(on.notes, direct ? [] : ["the relay is still open until it is connected at the meter"]);
      const again = await clock.runUntil(switchRelay(client, "reconnect"));
      assert.equal(again.after?.state, on.after?.state);
      assert.ok(again.reached);
      await clock.runUntil(client.close());
    }
  });

  it("are not switched in control mode 0", async () => {
    const { client, clock, meter } = relayBench(0);
    await assert.rejects(
      clock.runUntil(switchRelay(client, "disconnect")),
      (error) => isDlmsError(error) && error.is("CONFIG_UNSUPPORTED") && /always connected/.test(error.message),
    );
    assert.ok(!requests(meter).some((name) => name.startsWith("action")));
    await assert.rejects(switchRelay(client, "toggle" as never), /action: expected one of disconnect, reconnect/);
    await clock.runUntil(client.close());
  });

  it("report a state that was not reached", async () => {
    const { client, clock, meter } = relayBench(2);
    meter.use({
      name: "slow relay",
      request: (apdu) =>
        apdu.apdu === "action-request-normal" ? [Uint8Array.of(0xc7, 0x01, apdu.invokeId, 0x00, 0x00)] : undefined,
    });
    const { reached, notes, after } = await clock.runUntil(switchRelay(client, "disconnect"));
    assert.equal(reached, false);
    assert.equal(after?.state, "connected");
    assert.deepEqual(notes, ["expected disconnected, the meter reports connected; it may need some time"]);
    await clock.runUntil(client.close());
  });
});
