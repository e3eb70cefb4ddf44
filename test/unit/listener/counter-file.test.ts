import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../../src/bytes";
import { isDlmsError } from "../../../src/errors";
import { pushCounterFile } from "../../../src/listener";
import { pushKeys, titleOf } from "../../support/meter-pushes";
import { VirtualClock } from "../../support/virtual-clock";

const key = pushKeys.encryptionKey;

describe("received counters of pushes in a file", () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "dlms-push-"));
    path = join(folder, "counters.json");
  });

  afterEach(() => rm(folder, { recursive: true }));

  it("keeps the counters of 20,000 meters across restarts, and no key", async () => {
    const store = pushCounterFile(path);
    await store.ready?.();
    for (let meter = 1; meter <= 20_000; meter++) store.of(key, titleOf(meter)).accept(meter);
    await store.flush?.();
    const next = pushCounterFile(path);
    await next.ready?.();
    assert.equal(next.of(key, titleOf(1)).last, 1);
    assert.equal(next.of(key, titleOf(20_000)).last, 20_000);
    assert.equal(next.of(pushKeys.authenticationKey, titleOf(1)).last, undefined, "another key has its own counter");
    assert.ok(!(await readFile(path, "utf8")).includes(toHex(key)));
    assert.deepEqual(await readdir(folder), ["counters.json"], "no temporary file is left");
  });

  it("writes once in ten seconds, however many counters rise", async () => {
    const clock = new VirtualClock();
    const store = pushCounterFile(path, { clock });
    await store.ready?.();
    const first = await readFile(path, "utf8");
    for (let counter = 1; counter <= 100; counter++) store.of(key, titleOf(1)).accept(counter);
    assert.equal(clock.pending, 1);
    assert.equal(clock.nextIn, 10_000);
    assert.equal(await readFile(path, "utf8"), first);
    clock.tick(10_000);
    await store.flush?.();
    assert.match(await readFile(path, "utf8"), /:100/);
    assert.equal(clock.pending, 0);
  });

  it("refuses a damaged file and leaves it as it is", async () => {
    await writeFile(path, '{"type":"dlms-received-counters","version":1}');
    const store = pushCounterFile(path);
    await assert.rejects(
      async () => store.ready?.(),
      (error) => isDlmsError(error) && error.is("CONFIG_INVALID") && error.message.includes(path),
    );
    assert.equal(await readFile(path, "utf8"), '{"type":"dlms-received-counters","version":1}');
  });

  it("reports at the start that the file cannot be written", async () => {
    const store = pushCounterFile(join(folder, "missing", "counters.json"));
    await assert.rejects(
      async () => store.ready?.(),
      (error) => isDlmsError(error) && error.is("CONFIG_INVALID") && /cannot be written \(ENOENT\)/.test(error.message),
    );
  });
});
