import assert from "node:assert/strict";
import { fromHex } from "../../../src/bytes";
import { DlmsError } from "../../../src/errors";
import {
  checkExhaustion,
  CounterBlock,
  maxCounter,
  decodeCounterRecord,
  encodeCounterRecord,
  memoryCounterStore,
  ReceivedCounters,
} from "../../../src/security";

const code = (name: string) => (error: unknown) => error instanceof DlmsError && error.code === `DLMS_${name}`;
const meter = fromHex("4D4D4D0000BC614E");
const other = fromHex("4D4D4D0000000001");

describe("security: CounterBlock", () => {
  it("issues only claimed values, each once", () => {
    const block = new CounterBlock(5);
    assert.equal(block.take(1), undefined);
    block.claim(5, 8);
    assert.deepEqual([block.take(1), block.take(2), block.take(1)], [5, 6, undefined]);
  });

  it("continues without a gap when the next claim follows, and otherwise drops the rest", () => {
    const block = new CounterBlock(0);
    block.claim(0, 4);
    assert.equal(block.take(3), 0);
    assert.equal(block.take(2), undefined);
    block.claim(4, 8);
    assert.equal(block.take(2), 3);
    block.claim(100, 104);
    assert.equal(block.take(1), 100);
  });

  it("refuses a claim below an earlier one", () => {
    const block = new CounterBlock(0);
    block.claim(0, 10);
    assert.throws(() => block.claim(9, 20), code("CONFIG_INVALID"));
  });

  it("is raised upwards only", () => {
    const block = new CounterBlock(0);
    block.claim(0, 10);
    block.raiseTo(4);
    block.raiseTo(2);
    assert.equal(block.take(1), 4);
    block.raiseTo(50);
    assert.equal(block.take(1), undefined);
    assert.equal(block.mark, 50);
    assert.throws(() => block.raiseTo(-1), code("CONFIG_INVALID"));
    assert.throws(() => block.raiseTo(Number.NaN), code("CONFIG_INVALID"));
  });
});

describe("security: memoryCounterStore", () => {
  it("counts from its start, in order, for requests at the same time too", async () => {
    const store = memoryCounterStore(10);
    assert.deepEqual(await Promise.all([store.reserve(1), store.reserve(3), store.reserve(1)]), [10, 11, 14]);
    await store.raiseTo(12);
    assert.equal(await store.reserve(1), 15);
    await store.raiseTo(1000);
    assert.equal(await store.reserve(1), 1000);
  });

  it("is exhausted 65536 values before 2^32, and stays usable below after a refused raise", async () => {
    const store = memoryCounterStore(maxCounter - 2);
    assert.equal(await store.reserve(2), maxCounter - 2);
    await assert.rejects(store.reserve(1), code("SEC_COUNTER_EXHAUSTED"));
    const young = memoryCounterStore(7);
    await assert.rejects(young.raiseTo(2 ** 32 - 1), code("SEC_COUNTER_EXHAUSTED"));
    assert.equal(await young.reserve(1), 7);
    assert.throws(() => checkExhaustion(maxCounter, 1), /exchange the keys/);
  });
});

describe("security: counter record", () => {
  it("reads back the record that it writes", () => {
    for (const next of [0, 1, 4096, maxCounter])
      assert.equal(decodeCounterRecord(encodeCounterRecord({ next, tried: [] }), "f").next, next);
  });

  it("refuses every truncation and every changed byte, and never invents a value", () => {
    const text = encodeCounterRecord({ next: 1234, tried: [] });
    for (let length = 0; length < text.length - 1; length++) {
      assert.throws(() => decodeCounterRecord(text.slice(0, length), "f"), code("CONFIG_INVALID"), `length ${length}`);
    }
    for (let at = 0; at < text.length - 1; at++) {
      const changed = `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ 1)}${text.slice(at + 1)}`;
      assert.throws(() => decodeCounterRecord(changed, "f"), code("CONFIG_INVALID"), `at ${at}`);
    }
  });

  it("refuses foreign contents and suggests a remedy", () => {
    for (const text of ["", "0", "null", "[]", "1234\n", '{"next":7}', "\0".repeat(90)]) {
      assert.throws(() => decodeCounterRecord(text, "/data/counter"), {
        code: "DLMS_CONFIG_INVALID",
        message: /\/data\/counter.*left as it is.*twice.*backup/,
      });
    }
  });
});

describe("security: ReceivedCounters", () => {
  it("requires rising counters per title and key", () => {
    const counters = new ReceivedCounters();
    counters.check(meter, "global", 0);
    counters.commit(meter, "global", 0);
    assert.throws(() => counters.check(meter, "global", 0), code("SEC_REPLAY"));
    counters.check(meter, "global", 1);
    counters.check(meter, "broadcast", 0);
    counters.check(other, "global", 0);
  });

  it("does not move before the commit, so a forged message with a high counter has no effect", () => {
    const counters = new ReceivedCounters();
    counters.commit(meter, "global", 5);
    counters.check(meter, "global", 4_000_000_000);
    counters.check(meter, "global", 6);
  });

  it("never moves backwards", () => {
    const counters = new ReceivedCounters();
    counters.commit(meter, "global", 9);
    counters.commit(meter, "global", 3);
    assert.equal(counters.last(meter, "global"), 9);
  });

  it("names title, key role, received and expected value", () => {
    const counters = new ReceivedCounters();
    counters.commit(meter, "dedicated", 9);
    assert.throws(() => counters.check(meter, "dedicated", 8), {
      message: /4d4d4d0000bc614e, dedicated key: expected an invocation counter above 9/,
    });
    counters.forget("dedicated");
    counters.check(meter, "dedicated", 0);
  });

  it("is bounded: the titles that were silent longest are forgotten", () => {
    const counters = new ReceivedCounters();
    const title = (n: number): Uint8Array => fromHex(n.toString(16).padStart(16, "0"));
    for (let n = 0; n < 5000; n++) counters.commit(title(n), "global", 1);
    assert.equal(counters.last(title(0), "global"), undefined);
    assert.equal(counters.last(title(4999), "global"), 1);
  });
});
