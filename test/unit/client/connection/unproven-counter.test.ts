import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileCounterStore } from "../../../../src/client/connection/file-counter-store";
import { DlmsError } from "../../../../src/errors";
import { maxCounter, type InvocationCounterStore, type UnprovenCounter } from "../../../../src/security";

const code = (name: string) => (error: unknown) => error instanceof DlmsError && error.code === `DLMS_${name}`;

describe("client: unproven values of a counter file", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dlms-unproven-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** As after a restart: it shares no state with earlier stores. */
  const opened = (): InvocationCounterStore =>
    fileCounterStore(join(folder, "counter.json"), {
      block: 4,
      marker: join(folder, "counter.known"),
      fs: { ...fs },
    });
  const tried = (store: InvocationCounterStore, from: number): UnprovenCounter => {
    const unproven = store.tryFrom?.(from);
    assert.ok(unproven !== undefined);
    return unproven;
  };

  it("are used once, and leave the mark where it is until they are proven", async () => {
    const store = opened();
    assert.equal(await store.reserve(1), 1);
    const forged = tried(store, 1_000_000);
    assert.deepEqual([await forged.reserve(1), await forged.reserve(2)], [1_000_000, 1_000_001]);
    assert.equal(await store.mark?.(), 5);
    assert.equal(await store.reserve(1), 2);

    const later = opened();
    assert.equal(await later.mark?.(), 5);
    assert.equal(await tried(later, 1_000_001).reserve(1), 1_000_016, "what was tried is not used again");
    assert.equal(await later.reserve(1), 5);
  });

  it("move the mark with their proof", async () => {
    const store = opened();
    const unproven = tried(store, 5000);
    assert.equal(await unproven.reserve(2), 5000);
    assert.equal(await store.mark?.(), undefined);
    await unproven.prove();
    assert.equal(await store.reserve(1), 5016);
    assert.equal(await opened().reserve(1), 5020);
  });

  it("are stepped over when the mark reaches them", async () => {
    const store = opened();
    await store.reserve(1);
    await tried(store, 10).reserve(1);
    const used = [];
    for (let n = 0; n < 12; n++) used.push(await store.reserve(1));
    assert.deepEqual(used, [2, 3, 4, 5, 6, 7, 8, 26, 27, 28, 29, 30]);
  });

  it("cost at most one association for a forged reading near the end, and leave the key usable", async () => {
    const store = opened();
    assert.throws(() => store.tryFrom?.(0xffff_fff1), code("SEC_COUNTER_EXHAUSTED"));
    assert.equal(await tried(store, maxCounter - 16).reserve(1), maxCounter - 16);
    await assert.rejects(tried(store, maxCounter - 16).reserve(1), code("SEC_COUNTER_EXHAUSTED"));
    const right = tried(store, 7001);
    assert.equal(await right.reserve(1), 7001);
    await right.prove();
    assert.equal(await store.reserve(1), 7017);
  });

  it("are remembered in 64 ranges; then no further reading is tried, and the store alone still counts", async () => {
    const store = opened();
    await store.reserve(1);
    for (let n = 1; n <= 64; n++) await tried(store, 1000 * n).reserve(1);
    await assert.rejects(tried(store, 900_000).reserve(1), code("SEC_COUNTER_REJECTED"));
    assert.equal(await store.reserve(1), 2);
    assert.equal(await tried(opened(), 1000).reserve(1), 1016, "a range that grows is no further one");
  });

  it("do not count as a move of the mark, whose time bounds the jump", async () => {
    const path = join(folder, "counter.json");
    const store = opened();
    await store.reserve(1);
    await fs.utimes(path, 1_700_000_000, 1_700_000_000);
    await tried(store, 1000).reserve(1);
    assert.equal(await store.markedAt?.(), 1_700_000_000_000);
    await tried(store, 2000).reserve(1);
    assert.equal(await opened().markedAt?.(), 1_700_000_000_000);
  });

  it("do not restore a lost counter before they are proven", async () => {
    await opened().reserve(1);
    rmSync(join(folder, "counter.json"));
    const store = opened();
    await assert.rejects(store.reserve(1), code("CONFIG_MISSING"));
    await tried(store, 400).reserve(1);
    await assert.rejects(store.reserve(1), code("CONFIG_MISSING"));
    const again = tried(store, 400);
    assert.equal(await again.reserve(1), 416);
    await again.prove();
    assert.equal(await store.lost?.(), undefined);
    assert.equal(await store.reserve(1), 432);
  });
});
