/** Keys of a meter are replaced, and a crash at any step leaves no meter with a key that is stored nowhere. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  activateSecurityPolicy,
  createMeter,
  type DlmsValue,
  fromHex,
  isDlmsError,
  type KeyTransferState,
  type KeyTransferStore,
  type SimulatedObject,
  toHex,
  transferKeys,
} from "../../src";
import { unwrapKey } from "../../src/security";
import { bundledChild } from "../support/bundled-child";
import { bench, type Bench } from "../support/meters";

const masterKey = fromHex("000102030405060708090a0b0c0d0e0f");
const oldKey = "5c5d5e5f606162636465666768696a6b";
const newKey = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

interface KeyMeter {
  readonly object: SimulatedObject;
  readonly keys: Map<number, string>;
  readonly policies: number[];
}

function keyMeter(denied: readonly number[] = []): KeyMeter {
  const keys = new Map([[0, oldKey]]);
  const policies: number[] = [];
  const take = (argument: DlmsValue | undefined): undefined => {
    assert.ok(argument?.type === "array");
    for (const item of argument.value) {
      assert.ok(item.type === "structure");
      const [id, key] = item.value;
      assert.ok(id?.type === "enum" && key?.type === "octet-string");
      keys.set(id.value, toHex(unwrapKey(masterKey, key.value)));
    }
  };
  const object: SimulatedObject = {
    classId: 64,
    version: 1,
    logicalName: "0.0.43.0.0.255",
    attributes: { 2: { type: "enum", value: 0 } },
    methods: {
      1: (argument) => {
        assert.ok(argument?.type === "enum");
        policies.push(argument.value);
        return undefined;
      },
      2: take,
    },
    denied,
  };
  return { object, keys, policies };
}

interface Kept {
  readonly store: KeyTransferStore;
  readonly states: KeyTransferState[];
}

function memoryStore(onKeep: (state: KeyTransferState) => void = () => undefined): Kept {
  const states: KeyTransferState[] = [];
  return {
    states,
    store: {
      keep: (state) => {
        onKeep(state);
        states.push(state);
        return Promise.resolve();
      },
    },
  };
}

const setUp = (denied?: readonly number[]): Bench & KeyMeter => {
  const made = keyMeter(denied);
  return { ...made, ...bench({ objects: [made.object] }) };
};

const encryption = fromHex(newKey);

describe("transferKeys", () => {
  it("stores the keys as pending before it sends them, and as active after the meter's answer", async () => {
    const { client, clock, keys } = setUp();
    const { store, states } = memoryStore((state) => {
      assert.equal(keys.get(0), state === "pending" ? oldKey : newKey);
    });
    await clock.runUntil(transferKeys(client, { keys: { encryption, authentication: encryption }, masterKey, store }));
    assert.deepEqual(states, ["pending", "active"]);
    assert.deepEqual(
      [...keys],
      [
        [0, newKey],
        [2, newKey],
      ],
    );
    await clock.runUntil(client.close());
  });

  it("sends nothing when the keys cannot be stored", async () => {
    const { client, clock, keys } = setUp();
    const store: KeyTransferStore = { keep: () => Promise.reject(new Error("disk full")) };
    await assert.rejects(clock.runUntil(transferKeys(client, { keys: { encryption }, masterKey, store })), /disk full/);
    assert.equal(keys.get(0), oldKey);
    await clock.runUntil(client.close());
  });

  it("stores a refusal, and leaves the keys pending after a lost answer", async () => {
    const refused = setUp([-2]);
    const first = memoryStore();
    await assert.rejects(
      refused.clock.runUntil(transferKeys(refused.client, { keys: { encryption }, masterKey, store: first.store })),
      { code: "DLMS_ACCESS_READ_WRITE_DENIED" },
    );
    assert.deepEqual(first.states, ["pending", "refused"]);
    const lost = setUp();
    lost.meter.use({ name: "silent", request: (apdu) => (apdu.apdu === "action-request-normal" ? [] : undefined) });
    const second = memoryStore();
    await assert.rejects(
      lost.clock.runUntil(transferKeys(lost.client, { keys: { encryption }, masterKey, store: second.store })),
      { code: "DLMS_WRITE_OUTCOME_UNKNOWN" },
    );
    assert.deepEqual(second.states, ["pending"]);
  });

  it("refuses wrong keys before anything is stored, and shows none of them", async () => {
    const { client, clock } = setUp();
    const { store, states } = memoryStore();
    const wrong = [
      { keys: { encryption: encryption.subarray(1) }, masterKey, store },
      { keys: { encryption: newKey as never }, masterKey, store },
      { keys: { encryption }, masterKey: masterKey.subarray(2), store },
      { keys: { encryption }, masterKey: toHex(masterKey) as never, store },
      { keys: {}, masterKey, store },
      { keys: { other: encryption } as never, masterKey, store },
    ];
    for (const options of wrong) {
      await assert.rejects(clock.runUntil(transferKeys(client, options)), (error) => {
        assert.ok(isDlmsError(error) && error.is("CONFIG_INVALID"));
        assert.ok(!inspect(error, { depth: 9 }).includes(newKey) && !error.message.includes(toHex(masterKey)));
        return true;
      });
    }
    await assert.rejects(transferKeys(client, { keys: { encryption }, masterKey, store: {} as never }), /store\.keep/);
    assert.deepEqual(states, []);
  });

  it("shows neither the new keys nor the master key in traces, logs and errors", async () => {
    for (const silent of [false, true]) {
      const seen: unknown[] = [];
      const log = (text: string | (() => string)): void => void seen.push(typeof text === "string" ? text : text());
      const { object } = keyMeter();
      const { client, clock, meter } = bench(
        { objects: [object] },
        { logger: { debug: log, info: log, warn: log, error: log } },
      );
      client.on("trace", (event) => void seen.push(event));
      if (silent)
        meter.use({ name: "silent", request: (apdu) => (apdu.apdu === "action-request-normal" ? [] : undefined) });
      const { store } = memoryStore();
      const work = transferKeys(client, { keys: { encryption }, masterKey, store });
      await clock.runUntil(work.catch((error: unknown) => void seen.push(error, JSON.stringify(error))));
      await clock.runUntil(client.close());
      const text = inspect(seen, { depth: 20, maxArrayLength: null, maxStringLength: null });
      assert.ok(seen.length > 3);
      for (const key of [newKey, toHex(masterKey)]) {
        assert.ok(!text.includes(key), key);
        assert.ok(!text.replace(/[\s,]/g, "").includes([...fromHex(key)].join("")), key);
        assert.ok(!text.includes(Buffer.from(key, "hex").toString("base64").slice(0, 20)), key);
      }
    }
  });
});

describe("activateSecurityPolicy", () => {
  it("invokes security_activate with the policy as enum", async () => {
    const { client, clock, policies } = setUp();
    await clock.runUntil(activateSecurityPolicy(client, 0x6c));
    assert.deepEqual(policies, [0x6c]);
    await assert.rejects(activateSecurityPolicy(client, 256), /security\.policy/);
    await clock.runUntil(client.close());
  });
});

describe("a process that is killed during a key transfer", () => {
  it("leaves no meter with a key that is stored nowhere, whatever the step", async function () {
    this.timeout(120_000);
    const child = bundledChild(join(__dirname, "../support/key-transfer-child.ts"));
    const folder = mkdtempSync(join(tmpdir(), "dlms-keys-"));
    const outcome = async (
      name: string,
      dieAt: string,
    ): Promise<{ steps: string[]; meterKey: string; stored: string }> => {
      const { object, keys } = keyMeter();
      const meter = createMeter({ associations: [{ client: 16 }], objects: [object] });
      const listener = await meter.listen({ host: "127.0.0.1", port: 0 });
      const file = join(folder, name);
      const running = spawn(process.execPath, [child, String(listener.port), file, dieAt], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      running.stdout.on("data", (text: Buffer) => {
        said += text.toString();
      });
      await once(running, "close");
      await listener.close();
      let stored = "";
      try {
        stored = (JSON.parse(readFileSync(file, "utf8")) as { encryption: string }).encryption;
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "ENOENT", dieAt);
      }
      return { steps: said.trim().split("\n"), meterKey: keys.get(0) ?? "", stored };
    };
    try {
      const whole = await outcome("whole", "never");
      assert.ok(whole.steps.includes("done"));
      assert.deepEqual([whole.meterKey, whole.stored], [newKey, newKey]);
      const seen = new Set<string>();
      for (const step of new Set(whole.steps)) {
        const { meterKey, stored, steps } = await outcome(`at ${seen.size}`.replace(" ", "-"), step);
        assert.equal(steps.at(-1), step);
        // the present key is kept beside the pending one
        assert.ok(
          [oldKey, stored].includes(meterKey),
          `killed at "${step}": the meter has ${meterKey}, stored is ${stored}`,
        );
        seen.add(`${step}: ${meterKey === newKey ? "new" : "old"}`);
      }
      assert.ok([...seen].some((one) => one.endsWith("new")) && [...seen].some((one) => one.endsWith("old")));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
