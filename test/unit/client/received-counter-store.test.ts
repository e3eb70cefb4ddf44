import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { toHex } from "../../../src/bytes";
import { connect } from "../../../src/index";
import { fileReceivedCounters } from "../../../src/client/connection/received-counter-store";
import { memoryCounterStore } from "../../../src/security";
import { createMeter } from "../../../src/simulator";
import { registerRef, registers } from "../../support/meters";
import { type Recording, recordingTransport } from "../../support/recorded-session";
import { VirtualClock } from "../../support/virtual-clock";

const key = new Uint8Array(16).fill(0x21);
const otherKey = new Uint8Array(16).fill(0x22);
const title = Uint8Array.of(0x4d, 0x4d, 0x4d, 0, 0, 0, 0, 1);
const child = resolve(__dirname, "../../support/replay-child.ts");

describe("client: received counter file", () => {
  let folder = "";
  let path = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dlms-received-"));
    path = join(folder, "received-counters.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("remembers the highest counter of each key and title across stores, and names no key", async () => {
    const first = fileReceivedCounters(path);
    await first.ready?.();
    first.of(key, title).accept(7);
    first.of(key, title).accept(5);
    first.of(otherKey, title).accept(0);
    await first.flush?.();
    const text = readFileSync(path, "utf8");
    assert.ok(!text.includes(toHex(key)) && !text.includes(Buffer.from(key).toString("base64")));
    assert.deepEqual(readdirSync(folder), ["received-counters.json"]);

    const second = fileReceivedCounters(path);
    await second.ready?.();
    assert.equal(second.of(key, title).last, 7);
    assert.equal(second.of(otherKey, title).last, 0);
    assert.equal(
      second.of(
        key,
        title.map((byte) => byte ^ 1),
      ).last,
      undefined,
    );
  });

  it("computes the names of the keys that an association announces without blocking the event loop", async () => {
    const first = fileReceivedCounters(path);
    await first.ready?.();
    let turns = 0;
    let over = false;
    const turn = (): void => {
      turns++;
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    await first.ready?.([key, otherKey]);
    const during = turns;
    first.of(key, title).accept(7);
    over = true;
    await first.flush?.();
    assert.ok(during > 0, "other work went on while the names were made");
    // the same names as those of a store that works them out when they are asked for
    const second = fileReceivedCounters(path);
    await second.ready?.();
    assert.equal(second.of(key, title).last, 7);
  });

  it("writes once for many answers: at most once in the time set", async () => {
    let writes = 0;
    let written = (): void => undefined;
    const counting = {
      ...fs,
      rename: async (from: string, to: string): Promise<void> => {
        await fs.rename(from, to);
        writes += 1;
        written();
      },
    };
    const clock = new VirtualClock();
    const store = fileReceivedCounters(path, { writeEvery: 1000, fs: counting, clock });
    await store.ready?.();
    // the file was made
    assert.equal(writes, 1);
    writes = 0;
    const counter = store.of(key, title);
    for (let round = 1; round <= 3; round++) {
      for (let n = 0; n < 500; n++) counter.accept(round * 1000 + n);
      assert.equal(writes, round - 1, "nothing is written before its time");
      const done = new Promise<void>((resolve) => {
        written = resolve;
      });
      await clock.tickAsync(1000);
      await done;
      await store.flush?.();
      assert.equal(writes, round);
    }
    assert.equal(clock.pending, 0);
  });

  it("keeps the entries that two processes wrote to one file", async () => {
    const [one, two] = [fileReceivedCounters(path), fileReceivedCounters(path)];
    await one.ready?.();
    one.of(key, title).accept(5);
    await one.flush?.();
    await two.ready?.();
    one.of(key, title).accept(9);
    two.of(otherKey, title).accept(3);
    await one.flush?.();
    await two.flush?.();
    const later = fileReceivedCounters(path);
    await later.ready?.();
    assert.deepEqual([later.of(key, title).last, later.of(otherKey, title).last], [9, 3]);
  });

  it("keeps the entries of two processes that started together, before the file existed", async () => {
    const fresh = join(folder, "user", "received-counters.json");
    const both = [fileReceivedCounters(fresh), fileReceivedCounters(fresh)];
    await Promise.all(both.map(async (store) => store.ready?.()));
    both[0]?.of(key, title).accept(9);
    both[1]?.of(otherKey, title).accept(3);
    for (const store of both) await store.flush?.();
    const later = fileReceivedCounters(fresh);
    await later.ready?.();
    assert.deepEqual([later.of(key, title).last, later.of(otherKey, title).last], [9, 3]);
  });

  it("refuses associations with a damaged file, keeps the file, and suggests a remedy", async () => {
    const store = fileReceivedCounters(path);
    await store.ready?.();
    store.of(key, title).accept(7);
    await store.flush?.();
    const good = readFileSync(path, "utf8");
    for (const text of ["", "{}", good.slice(0, -20), good.replace(":7", ":6")]) {
      writeFileSync(path, text);
      const next = fileReceivedCounters(path);
      await assert.rejects(async () => next.ready?.(), {
        code: "DLMS_CONFIG_INVALID",
        message: /received-counters\.json.*left as it is.*remove it/,
      });
      assert.equal(readFileSync(path, "utf8"), text);
      writeFileSync(path, good);
      await next.ready?.();
      assert.equal(next.of(key, title).last, 7);
    }
  });

  it("reports a failed write with the next association, and writes again once the disk has room", async () => {
    let full = false;
    const failing = {
      ...fs,
      rename: (from: string, to: string): Promise<void> =>
        full ? Promise.reject(Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC" })) : fs.rename(from, to),
    };
    const store = fileReceivedCounters(path, { fs: failing, clock: new VirtualClock() });
    await store.ready?.();
    full = true;
    store.of(key, title).accept(7);
    await assert.rejects(async () => store.flush?.(), { code: "DLMS_CONFIG_INVALID", message: /ENOSPC/ });
    await assert.rejects(async () => store.ready?.(), { code: "DLMS_CONFIG_INVALID", message: /ENOSPC/ });
    full = false;
    await store.ready?.();
    const later = fileReceivedCounters(path);
    await later.ready?.();
    assert.equal(later.of(key, title).last, 7);
  });

  it("refuses associations while the file cannot be made, and makes it once the disk has room", async () => {
    let full = true;
    const failing = {
      ...fs,
      rename: (from: string, to: string): Promise<void> =>
        full ? Promise.reject(Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC" })) : fs.rename(from, to),
    };
    const store = fileReceivedCounters(path, { fs: failing, clock: new VirtualClock() });
    await assert.rejects(async () => store.ready?.(), { code: "DLMS_CONFIG_INVALID", message: /ENOSPC/ });
    full = false;
    await store.ready?.();
    assert.deepEqual(readdirSync(folder), ["received-counters.json"]);
  });

  it("a new process refuses a session that was recorded before it started", async function () {
    this.timeout(60_000);
    const meter = createMeter({
      associations: [
        {
          client: 1,
          policy: "authenticated-encrypted",
          suite: 0,
          encryptionKey: key,
          authenticationKey: key,
        },
      ],
      objects: registers(1),
    });
    const recording: Recording = [];
    const client = await connect({
      transport: recordingTransport(meter, recording),
      client: { sap: 1, systemTitle: Uint8Array.of(0x4d, 0x4d, 0x4d, 0, 0, 0, 0x0a, 1) },
      server: { logical: 1 },
      security: {
        suite: 0,
        policy: "authenticated-encrypted",
        encryptionKey: key,
        authenticationKey: key,
        invocationCounter: memoryCounterStore(),
        receivedCounters: fileReceivedCounters(path),
      },
    });
    assert.equal((await client.read(registerRef(0))).value, 100);
    await client.close();
    const given = (counters: string): string => {
      const file = join(folder, "given.json");
      writeFileSync(file, JSON.stringify({ counters, key: toHex(key), recording: recording.map((one) => toHex(one)) }));
      return spawnSync(process.execPath, ["--import", "tsx", child, file], { encoding: "utf8" }).stdout.trim();
    };
    assert.equal(given(path), "DLMS_SEC_REPLAY");
    assert.equal(given(join(folder, "nothing.json")), "value 100", "the recording is whole: only the file refuses it");
  });
});
