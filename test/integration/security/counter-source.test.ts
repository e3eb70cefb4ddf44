/** The invocation counter that is read from the meter. */
import assert from "node:assert/strict";
import { encodeApdu } from "../../../src/apdu";
import { DlmsConfigError } from "../../../src/errors";
import type { Behaviour, MeterDefinition } from "../../../src/simulator";
import { number, registerRef, requests } from "../../support/meters";
import { keys, secured, type WatchedStore, watchedStore } from "./secured";

/** A counter object with this value, at the usual logical name. */
const counterObject = (value: number): Pick<MeterDefinition, "objects"> => ({
  objects: [
    { classId: 3, logicalName: "1.0.1.8.0.255", attributes: { 2: number(7), 3: { type: "null-data", value: null } } },
    { classId: 1, logicalName: "0.0.43.1.0.255", attributes: { 2: number(value) } },
    { classId: 1, logicalName: "0.0.43.1.7.255", attributes: { 2: number(Math.min(value + 1000, 0xffffffff)) } },
  ],
});

/** A store that remembers which plain values were tried, and which of them were proven. */
function provable(start = 1): WatchedStore & { readonly tried: number[]; readonly proven: number[] } {
  const inner = watchedStore(start);
  const tried: number[] = [];
  const proven: number[] = [];
  return {
    ...inner,
    tried,
    proven,
    tryFrom: (atLeast) => {
      let next = atLeast;
      tried.push(atLeast);
      return {
        reserve: (count) => {
          next += count;
          return Promise.resolve(next - count);
        },
        prove: async () => {
          proven.push(atLeast);
          await inner.raiseTo(next);
        },
      };
    },
  };
}

const lostText = "invocation counter file a: it existed and is gone";

/** A store whose file was lost: it issues no value before one is proven. */
function lostStore(): ReturnType<typeof provable> {
  const inner = provable();
  const isLost = (): boolean => inner.raised.length === 0;
  return {
    ...inner,
    mark: () => Promise.resolve(isLost() ? undefined : 1),
    lost: () => Promise.resolve(isLost() ? lostText : undefined),
    reserve: (count) =>
      isLost() ? Promise.reject(new DlmsConfigError("CONFIG_MISSING", lostText)) : inner.reserve(count),
  };
}

describe("invocation counter of the store, and of the meter where it was lost", () => {
  const counterSource = { when: "lost" } as const;
  const names = ({ meter }: ReturnType<typeof secured>): readonly string[] => requests(meter).slice(0, 4);

  function warned() {
    const warnings: string[] = [];
    const none = (): undefined => undefined;
    const logger = { debug: none, info: none, error: none, warn: (text: unknown) => void warnings.push(String(text)) };
    return { warnings, logger };
  }

  it("is not read from the meter while the store has it", async () => {
    const store = { ...provable(300), lost: () => Promise.resolve(undefined) };
    const made = secured({ security: { counterSource }, meter: counterObject(5000), store });
    await made.clock.runUntil(made.client.open());
    assert.deepEqual([names(made)[0], requests(made.meter).includes("get-request-normal")], ["aarq", false]);
    assert.deepEqual([store.used[0], store.tried], [300, []]);
    await made.clock.runUntil(made.client.close());
  });

  it("is read once with a warning, and kept after the meter has proven the keys", async () => {
    const store = lostStore();
    const { logger, warnings } = warned();
    const made = secured({ security: { counterSource }, meter: counterObject(5000), store, client: { logger } });
    await made.clock.runUntil(made.client.open());
    assert.deepEqual(names(made), ["aarq", "get-request-normal", "rlrq", "aarq"]);
    assert.deepEqual([store.tried, store.proven], [[5001], [5001]]);
    assert.deepEqual(warnings, [`${lostText}; the client read it from the meter and continues with 5001`]);
    await made.clock.runUntil(made.client.close());

    const next = secured({ security: { counterSource }, meter: counterObject(9000), store, client: { logger } });
    await next.clock.runUntil(next.client.open());
    assert.deepEqual([store.tried, warnings.length], [[5001], 1]);
    await next.clock.runUntil(next.client.close());
  });

  it("stays lost while the keys are not proven", async () => {
    const store = lostStore();
    const impostor = secured({
      security: { counterSource },
      meter: counterObject(0xfff0_0000),
      account: { authenticationKey: keys.encryptionKey },
      store,
    });
    await assert.rejects(impostor.clock.runUntil(impostor.client.open()));
    assert.deepEqual([store.proven, store.raised], [[], []]);
    await impostor.clock.runUntil(impostor.client.close());
  });

  it("ends in the store's error if the counter client is the client itself, and with short names", async () => {
    for (const change of [
      { security: { counterSource: { ...counterSource, client: 1 } } },
      { security: { counterSource }, client: { association: { referencing: "sn" } }, meter: { referencing: "sn" } },
    ] as const) {
      const made = secured({ ...change, store: lostStore() });
      await assert.rejects(made.clock.runUntil(made.client.open()), {
        ...{ code: "DLMS_CONFIG_MISSING", message: /it existed and is gone/ },
      });
      await made.clock.runUntil(made.client.close());
    }
  });

  it("suggests a remedy if the meter does not provide the counter", async () => {
    const source = { ...counterSource, logicalName: "0.0.43.1.99.255" };
    const made = secured({ security: { counterSource: source }, store: lostStore() });
    await assert.rejects(made.clock.runUntil(made.client.open()), {
      message: /as client 16; check this client and the counter's OBIS code, or restore the counter file from a backup/,
    });
    await made.clock.runUntil(made.client.close());
  });
});

describe("invocation counter from the meter", () => {
  it("is kept only after the meter has proven the keys", async () => {
    const forged = 0xfff0_0000;
    const store = provable();
    const impostor = secured({
      security: { counterSource: {} },
      meter: counterObject(forged),
      account: { authenticationKey: keys.encryptionKey },
      store,
    });
    await assert.rejects(impostor.clock.runUntil(impostor.client.open()));
    await impostor.clock.runUntil(impostor.client.close());
    assert.deepEqual([store.tried, store.proven, store.raised, store.used], [[forged + 1], [], [], []]);

    const meter = secured({ security: { counterSource: {} }, meter: counterObject(5000), store });
    await meter.clock.runUntil(meter.client.open());
    assert.deepEqual([store.tried[1], store.proven], [5001, [5001]]);
    assert.ok((store.raised[0] ?? 0) > 5001, "above what the association has used");
    await meter.clock.runUntil(meter.client.close());
  });

  it("in an exception-response is bounded by time too, followed once and kept only after proof", async () => {
    const expects = (invocationCounter: number): Behaviour => {
      let first = true;
      const apdu = encodeApdu({ apdu: "exception-response", stateError: 1, serviceError: 6, invocationCounter });
      return {
        name: "bare counter error",
        sealed: (answer) => {
          if (answer[0] !== 0xcc || !first) return undefined;
          first = false;
          return [apdu];
        },
      };
    };
    const store = provable();
    const first = secured({ store, behaviours: [expects(4000)] });
    await first.clock.runUntil(first.client.read(registerRef(0)));
    assert.deepEqual([store.tried, store.proven], [[4000], [4000]], "the first contact has no bound but the setting");
    await first.clock.runUntil(first.client.close());

    const mark = (await store.mark?.()) ?? 0;
    const second = secured({
      store: Object.assign(store, { markedAt: () => Promise.resolve(second.clock.wallTime()) }),
      behaviours: [expects(mark + 1000)],
    });
    await assert.rejects(second.clock.runUntil(second.client.read(registerRef(0))), {
      code: "DLMS_SEC_COUNTER_REJECTED",
      message: /rises by at most 0\. The value is not protected and may be forged.*accepted in 100 s/s,
    });
    assert.deepEqual([store.tried, store.proven], [[4000], [4000]]);
    await second.clock.runUntil(second.client.close());
  });

  it("continues above the counter that the public client reads, before any value is used", async () => {
    const { client, clock, meter, store } = secured({ security: { counterSource: {} }, meter: counterObject(5000) });
    await clock.runUntil(client.open());
    assert.deepEqual(store.raised, [5001]);
    assert.equal(store.used[0], 5001);
    assert.deepEqual(requests(meter).slice(0, 4), ["aarq", "get-request-normal", "rlrq", "aarq"]);
    assert.equal(meter.counters.connections, 1, "both associations on one connection");
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  });

  it("never falls below the store's mark: a stale or forged value has no effect", async () => {
    const store = watchedStore(9000);
    const { client, clock } = secured({ security: { counterSource: {} }, meter: counterObject(3), store });
    await clock.runUntil(client.open());
    assert.deepEqual(store.used.slice(0, 1), [9000]);
    await clock.runUntil(client.close());
  });

  it("accepts any value the first time, and later none beyond the allowed jump", async () => {
    const far = 5_000_000;
    const first = secured({ security: { counterSource: {} }, meter: counterObject(far) });
    await first.clock.runUntil(first.client.open());
    assert.equal(first.store.used[0], far + 1);
    await first.clock.runUntil(first.client.close());

    const store = watchedStore();
    await store.reserve(10);
    const made = secured({ security: { counterSource: {} }, meter: counterObject(far), store });
    await assert.rejects(made.clock.runUntil(made.client.open()), {
      code: "DLMS_SEC_COUNTER_REJECTED",
      message: /the meter reports 5000000, .* above the stored counter 11, .*1000000.*raise/s,
    });
    assert.deepEqual([store.raised, store.used.length], [[], 10], "nothing moved");
    assert.equal(requests(made.meter).filter((name) => name === "aarq").length, 1, "and no secret was sent");
    await made.clock.runUntil(made.client.close());

    const allowed = secured({
      security: { counterSource: {}, maxCounterJump: far },
      meter: counterObject(far),
      store,
    });
    await allowed.clock.runUntil(allowed.client.open());
    assert.deepEqual(store.raised, [far + 1]);
    await allowed.clock.runUntil(allowed.client.close());
  });

  it("bounds the jump by the time since the mark was stored, and accepts the value once it is possible", async () => {
    const store = { ...watchedStore(), markedAt: () => Promise.resolve(0) };
    await store.reserve(10);
    const made = secured({ security: { counterSource: {} }, meter: counterObject(5000), store });
    const stored = made.clock.wallTime();
    Object.assign(store, { markedAt: () => Promise.resolve(stored) });
    await assert.rejects(made.clock.runUntil(made.client.open()), {
      code: "DLMS_SEC_COUNTER_REJECTED",
      message: /the meter reports 5000, which is 4990 above the stored counter 11; .*accepted in \d+ s/,
    });
    assert.deepEqual([store.raised, store.used.length], [[], 10], "nothing moved");
    await made.clock.tickAsync(600_000);
    await made.clock.runUntil(made.client.open());
    assert.deepEqual(store.raised, [5001]);
    await made.clock.runUntil(made.client.close());
  });

  it("uses another client and object, waits, and reconnects when configured", async () => {
    const { client, clock, meter, store } = secured({
      security: {
        counterSource: { client: 20, logicalName: "0-0:43.1.7*255", pauseMs: 3000, reconnect: true },
      },
      meter: {
        ...counterObject(5000),
        associations: [
          { client: 20 },
          { client: 1, mechanism: "hls-gmac", policy: "authenticated-encrypted", ...keys },
        ],
      },
    });
    const opening = client.open();
    await clock.tickAsync(2999);
    assert.deepEqual([meter.counters.connections, meter.counters.openConnections], [1, 0], "closed while it waits");
    assert.deepEqual(store.used, []);
    await clock.tickAsync(1);
    await clock.runUntil(opening);
    assert.equal(meter.counters.connections, 2);
    assert.equal(store.used[0], 6001);
    await clock.runUntil(client.close());
    assert.deepEqual([clock.pending, meter.counters.openConnections], [0, 0]);
  });

  for (const framing of ["WRAPPER", "HDLC"] as const) {
    it(`is read for each association and is idle otherwise (${framing})`, async () => {
      const { client, clock, store } = secured({
        security: { counterSource: {} },
        meter: { framing },
        client:
          framing === "HDLC" ? { link: { kind: "hdlc" }, timeouts: { idle: 1000 } } : { timeouts: { idle: 1000 } },
      });
      await clock.runUntil(client.read(registerRef(0)));
      await clock.tickAsync(5000);
      assert.equal(client.state, "idle");
      await clock.runUntil(client.read(registerRef(1)));
      assert.equal(store.raised.length, 2);
      const last = store.raised[1] ?? 0;
      assert.ok(last > 3 && store.used.includes(last), "the meter's own count is the next value");
      await clock.runUntil(client.close());
      assert.equal(clock.pending, 0);
    });
  }

  it("names the client and object that failed, does not blame the secret, and sends no secret afterwards", async () => {
    for (const meter of [
      { associations: [{ client: 1, mechanism: "hls-gmac", policy: "authenticated-encrypted", ...keys }] },
      { objects: [{ classId: 1, logicalName: "0.0.43.1.0.255", attributes: { 2: number(1) }, denied: [2] }] },
      {
        objects: [
          {
            classId: 1,
            logicalName: "0.0.43.1.0.255",
            attributes: { 2: { type: "octet-string", value: keys.encryptionKey } },
          },
        ],
      },
    ] as const) {
      const made = secured({ security: { counterSource: {} }, meter });
      await assert.rejects(made.clock.runUntil(made.client.open()), (error: Error & { layer: string }) => {
        assert.match(error.message, /invocation counter 0-0:43\.1\.0\*255\/2 as client 16/);
        assert.notEqual(error.layer, "security");
        return true;
      });
      assert.equal(requests(made.meter).filter((name) => name === "aarq").length, 1);
      assert.equal(made.meter.counters.openConnections, 0);
      // another attempt is allowed at once, also an automatic one, because no secret was locked
      await assert.rejects(made.clock.runUntil(made.client.open()), (error: Error) => {
        assert.doesNotMatch(error.message, /not tried again automatically/);
        return true;
      });
      await made.clock.runUntil(made.client.close());
      assert.equal(made.clock.pending, 0);
    }
  });

  it("reports exhaustion near its end instead of being used", async () => {
    const { client, clock, store } = secured({ security: { counterSource: {} }, meter: counterObject(0xffffffff) });
    await assert.rejects(clock.runUntil(client.open()), { code: "DLMS_SEC_COUNTER_EXHAUSTED" });
    assert.deepEqual(store.used, []);
    await clock.runUntil(client.close());
  });

  it("leaves no resources when it is closed between the associations", async () => {
    const { client, clock, meter, store } = secured({ security: { counterSource: { pauseMs: 60_000 } } });
    const opening = client.open();
    opening.catch(() => undefined);
    await clock.tickAsync(10);
    await clock.runUntil(client.close());
    await assert.rejects(opening, { code: "DLMS_STATE_CLOSED" });
    assert.deepEqual([clock.pending, meter.counters.openConnections, store.used.length], [0, 0, 0]);
  });

  it("is not needed without ciphering, and rejected if it cannot work", () => {
    const none = { suite: 0, policy: "none", ...keys, invocationCounter: watchedStore(), counterSource: {} } as const;
    assert.doesNotThrow(() => secured({ client: { auth: { mechanism: "none" }, security: none } }));
    assert.throws(() => secured({ security: { counterSource: { client: 1 } } }), { code: "DLMS_CONFIG_INVALID" });
    assert.throws(() => secured({ security: { counterSource: { logicalName: "what" } } }), {
      code: "DLMS_CONFIG_INVALID",
    });
    assert.throws(() => secured({ security: { counterSource: {} }, client: { association: { referencing: "sn" } } }), {
      code: "DLMS_CONFIG_UNSUPPORTED",
    });
  });
});
