import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import * as fs from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  type CounterFileHandle,
  type CounterFileSystem,
  fileCounterStore,
} from "../../../../src/client/connection/file-counter-store";
import type { Clock } from "../../../../src/clock/index";
import { DlmsError } from "../../../../src/errors/index";
import { maxCounter, decodeCounterRecord, encodeCounterRecord } from "../../../../src/security/index";
import { bundledChild } from "../../../support/bundled-child";

const code = (name: string) => (error: unknown) => error instanceof DlmsError && error.code === `DLMS_${name}`;

/** The real file system as a new object: stores on it share no state with earlier ones, as after a restart. */
const restarted = (): CounterFileSystem => ({ ...fs });

const unprovenKills = 20;

/** Time that jumps to each timer at once, so that bounded waits end without waiting. */
function jumpingClock(): Clock {
  let ahead = 0;
  return {
    now: () => ahead,
    wallTime: () => Date.now() + ahead,
    setTimeout: (callback, ms) => {
      ahead += ms;
      setImmediate(callback);
      return 0;
    },
    clearTimeout: () => undefined,
  };
}

class Signal {
  give: () => void = () => undefined;
  readonly done = new Promise<void>((resolved) => (this.give = resolved));
}

describe("client: counter file", () => {
  let folder = "";
  let path = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dlms-counter-"));
    path = join(folder, "counter.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const stored = (): number | undefined => decodeCounterRecord(readFileSync(path, "utf8"), path).next;

  it("starts at 1, counts in order, and writes the mark ahead of use", async () => {
    const store = fileCounterStore(path, { block: 4, fs: restarted() });
    assert.equal(await store.reserve(1), 1);
    assert.equal(stored(), 5);
    assert.deepEqual(await Promise.all([store.reserve(2), store.reserve(1), store.reserve(1)]), [2, 4, 5]);
    assert.equal(stored(), 9);
  });

  it("reserves a whole block with one write", async () => {
    let writes = 0;
    const counting = { ...restarted(), rename: (from: string, to: string) => (writes++, fs.rename(from, to)) };
    const store = fileCounterStore(path, { block: 100, fs: counting });
    for (let i = 0; i < 100; i++) await store.reserve(1);
    assert.equal(writes, 1);
    await store.reserve(1);
    assert.equal(writes, 2);
  });

  it("continues above all that was claimed after a restart, and leaves no file but its own", async () => {
    assert.equal(await fileCounterStore(path, { block: 10, fs: restarted() }).reserve(3), 1);
    assert.equal(await fileCounterStore(path, { block: 10, fs: restarted() }).reserve(1), 11);
    assert.equal(await fileCounterStore(path, { block: 10, fs: restarted() }).reserve(25), 21);
    assert.equal(await fileCounterStore(path, { block: 10, fs: restarted() }).reserve(1), 46);
    assert.deepEqual(readdirSync(folder), ["counter.json"]);
  });

  it("creates its folder", async () => {
    const deep = join(folder, "a", "b", "counter.json");
    assert.equal(await fileCounterStore(deep, { fs: restarted() }).reserve(1), 1);
  });

  it("shares one counter between two stores on one path, including symbolic links", async () => {
    const shared = restarted();
    const one = fileCounterStore(path, { fs: shared });
    const two = fileCounterStore(join(folder, ".", "counter.json"), { fs: shared });
    assert.deepEqual(await Promise.all([one.reserve(1), one.reserve(1)]), [1, 2]);
    assert.equal(await two.reserve(1), 3);
    symlinkSync(path, join(folder, "link.json"));
    assert.equal(await fileCounterStore(join(folder, "link.json"), { fs: shared }).reserve(1), 4);
  });

  it("stores of several processes never hand out the same value", async () => {
    // Each file system object stands for a process: they share only the files.
    const stores = Array.from({ length: 4 }, () => fileCounterStore(path, { block: 2, fs: restarted() }));
    const firsts = await Promise.all(stores.flatMap((store) => Array.from({ length: 5 }, () => store.reserve(1))));
    assert.equal(new Set(firsts).size, 20);
  });

  it("is raised upwards only, and remembers it across restarts", async () => {
    const store = fileCounterStore(path, { block: 10, fs: restarted() });
    await store.raiseTo(100);
    assert.equal(stored(), 100);
    assert.equal(await store.reserve(1), 100);
    await store.raiseTo(50);
    await store.raiseTo(105);
    assert.equal(await store.reserve(1), 105);
    const next = fileCounterStore(path, { block: 10, fs: restarted() });
    await next.raiseTo(20);
    assert.equal(await next.reserve(1), 110);
  });

  it("is exhausted long before 2^32, and a raise beyond the limit changes nothing", async () => {
    writeFileSync(path, encodeCounterRecord({ next: maxCounter - 3, tried: [] }));
    const store = fileCounterStore(path, { fs: restarted() });
    assert.equal(await store.reserve(2), maxCounter - 3);
    await assert.rejects(store.reserve(2), code("SEC_COUNTER_EXHAUSTED"));
    assert.equal(await store.reserve(1), maxCounter - 1);
    await assert.rejects(store.reserve(1), code("SEC_COUNTER_EXHAUSTED"));
    assert.equal(stored(), maxCounter);
    const young = fileCounterStore(join(folder, "young"), { fs: restarted() });
    await assert.rejects(young.raiseTo(2 ** 32 - 1), code("SEC_COUNTER_EXHAUSTED"));
    assert.equal(await young.reserve(1), 1);
  });

  it("refuses nonsense arguments", async () => {
    assert.throws(() => fileCounterStore(""), code("CONFIG_MISSING"));
    assert.throws(() => fileCounterStore(path, { block: 0 }), code("CONFIG_INVALID"));
    const store = fileCounterStore(path, { fs: restarted() });
    for (const count of [0, -1, 1.5, 65537, Number.NaN])
      await assert.rejects(store.reserve(count), code("CONFIG_INVALID"));
    await assert.rejects(store.raiseTo(-1), code("CONFIG_INVALID"));
  });

  describe("a file that cannot be trusted or used", () => {
    const damaged: Record<string, string> = {
      empty: "",
      "cut short": encodeCounterRecord({ next: 77, tried: [] }).slice(0, 40),
      "a lower number written by hand": encodeCounterRecord({ next: 77, tried: [] }).replace("77", "70"),
      foreign: '{"flows":[]}',
      "of zeros": "\0".repeat(100),
      huge: "x".repeat(100_000),
    };
    for (const [what, text] of Object.entries(damaged)) {
      it(`${what}: an error, the file left as it is, no value`, async () => {
        writeFileSync(path, text);
        const store = fileCounterStore(path, { fs: restarted() });
        await assert.rejects(store.reserve(1), { code: "DLMS_CONFIG_INVALID", message: /counter\.json/ });
        await assert.rejects(store.raiseTo(500), code("CONFIG_INVALID"));
        assert.equal(readFileSync(path, "utf8"), text);
        assert.deepEqual(readdirSync(folder), ["counter.json"]);
        // and it recovers automatically when the file is repaired
        writeFileSync(path, encodeCounterRecord({ next: 900, tried: [] }));
        assert.equal(await store.reserve(1), 900);
      });
    }

    it("reports a read-only folder", async () => {
      writeFileSync(path, encodeCounterRecord({ next: 5, tried: [] }));
      chmodSync(path, 0o444);
      await assert.rejects(fileCounterStore(path, { fs: restarted() }).reserve(1), {
        code: "DLMS_CONFIG_INVALID",
        message: /counter\.json: is read-only/,
      });
    });

    it("reports a folder in its place", async () => {
      mkdirSync(path);
      await assert.rejects(fileCounterStore(path, { fs: restarted() }).reserve(1), { message: /is not a file/ });
    });

    for (const [operation, errno] of [
      ["open", "EROFS"],
      ["open", "EACCES"],
      ["rename", "EACCES"],
      ["readFile", "EIO"],
      ["stat", "EACCES"],
      ["realpath", "EACCES"],
    ] as const) {
      it(`${operation} fails with ${errno}: an error with the code, no value, and a retry once it is mended`, async () => {
        writeFileSync(path, encodeCounterRecord({ next: 5, tried: [] }));
        let broken = true;
        const real = restarted();
        const failing = {
          ...real,
          [operation]: (...parameters: unknown[]): unknown => {
            if (broken) return Promise.reject(Object.assign(new Error(`${errno}: no`), { code: errno }));
            return (real[operation] as (...all: unknown[]) => unknown)(...parameters);
          },
        };
        const store = fileCounterStore(path, { fs: failing });
        await assert.rejects(store.reserve(1), (error: unknown) => {
          assert.ok(error instanceof DlmsError);
          assert.equal(error.code, "DLMS_CONFIG_INVALID");
          assert.match(error.message, new RegExp(errno));
          assert.equal(error.toJSON().cause?.code, errno);
          return true;
        });
        assert.equal(stored(), 5);
        broken = false;
        rmSync(`${path}.lock`, { force: true });
        assert.equal(await store.reserve(1), 5);
      });
    }

    it("a full disk in the middle of the record: an error, the old mark stays", async () => {
      writeFileSync(path, encodeCounterRecord({ next: 5, tried: [] }));
      const real = restarted();
      const full: CounterFileSystem = {
        ...real,
        open: async (name, flags) => {
          const file = await real.open(name, flags);
          if (!name.endsWith(".tmp")) return file;
          const writeFile = async (text: string): Promise<void> => {
            await file.writeFile(text.slice(0, 20));
            throw Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC" });
          };
          return { writeFile, sync: () => file.sync(), close: () => file.close() };
        },
      };
      await assert.rejects(fileCounterStore(path, { fs: full }).reserve(1), { message: /ENOSPC/ });
      assert.equal(stored(), 5);
      assert.equal(await fileCounterStore(path, { fs: restarted() }).reserve(1), 5);
    });
  });

  describe("a missing file whose marker proves that it existed", () => {
    const marked = (): ReturnType<typeof fileCounterStore> =>
      fileCounterStore(path, { block: 10, marker: `${path}.known`, fs: restarted() });

    it("issues no value, suggests a remedy, and continues once the meter's counter is known", async () => {
      assert.equal(await marked().lost?.(), undefined);
      assert.equal(await marked().reserve(1), 1);
      assert.equal(await marked().reserve(1), 11);
      rmSync(path);
      const lost = marked();
      await assert.rejects(lost.reserve(1), {
        code: "DLMS_CONFIG_MISSING",
        message: /counter\.json: it existed and is gone;.*read from the meter.*restore.*remove .*counter\.json\.known/,
      });
      assert.deepEqual(readdirSync(folder), ["counter.json.known"], "nothing is written");
      assert.match((await lost.lost?.()) ?? "", /existed and is gone/);
      assert.equal(await lost.mark?.(), undefined);
      await lost.raiseTo(500);
      assert.equal(await lost.reserve(1), 500);
      assert.equal(await lost.lost?.(), undefined);
    });

    it("does not affect the process that holds the mark", async () => {
      const store = marked();
      assert.equal(await store.reserve(1), 1);
      rmSync(path);
      assert.equal(await store.reserve(10), 2);
      assert.equal(stored(), 21);
    });

    it("is a new counter when the marker is gone too", async () => {
      await marked().reserve(1);
      rmSync(path);
      rmSync(`${path}.known`);
      assert.equal(await marked().reserve(1), 1);
    });
  });

  describe("locks of other processes", () => {
    const lock = (): string => `${path}.lock`;
    const holder = (pid: number, host = hostname()): string => JSON.stringify({ pid, host, token: "00" });

    it("is taken over at once if its holder died", async () => {
      const { pid } = spawnSync(process.execPath, ["-e", ""]);
      writeFileSync(lock(), holder(pid));
      assert.equal(await fileCounterStore(path, { fs: restarted() }).reserve(1), 1);
      assert.deepEqual(readdirSync(folder), ["counter.json"]);
    });

    it("is awaited while its holder is alive, then reported as busy", async () => {
      const future = Date.now() / 1000 + 6;
      for (const text of [holder(process.ppid), holder(1, "another-machine"), ""]) {
        writeFileSync(lock(), text);
        // As old as the clock will say when the wait ends, so that it never counts as stale.
        const waiting: Clock = { ...jumpingClock(), wallTime: () => future * 1000 };
        utimesSync(lock(), future, future);
        await assert.rejects(fileCounterStore(path, { fs: restarted(), clock: waiting }).reserve(1), {
          code: "DLMS_STATE_BUSY",
          message: /another process holds .*counter\.json\.lock/,
        });
        assert.equal(readFileSync(lock(), "utf8"), text);
      }
    });

    it("is taken over if it was not touched for seconds", async () => {
      for (const text of [holder(process.pid), holder(1, "another-machine"), "", "rubbish"]) {
        writeFileSync(lock(), text);
        utimesSync(lock(), 1_000_000, 1_000_000);
        await fileCounterStore(path, { fs: restarted() }).reserve(1);
      }
      assert.deepEqual(readdirSync(folder), ["counter.json"]);
    });

    it("names its holder at every moment, so that the lock of a killed process is taken over at once", async () => {
      const { pid } = spawnSync(process.execPath, ["-e", ""]);
      let kills = 0;
      for (let crashAt = 0; ; crashAt++) {
        const crashing = crashingFileSystem(crashAt);
        await fileCounterStore(path, { block: 3, fs: crashing.fs })
          .reserve(1)
          .catch(() => undefined);
        if (!crashing.crashed()) break;
        if (readdirSync(folder).includes("counter.json.lock")) {
          const text = readFileSync(lock(), "utf8");
          assert.match(text, /^\{"pid":\d+,.*\}$/, `killed before operation ${crashAt}`);
          writeFileSync(lock(), text.replace(/"pid":\d+/, `"pid":${pid}`));
          kills++;
        }
        const patient = { ...jumpingClock(), setTimeout: () => assert.fail("waits for a process that has ended") };
        await fileCounterStore(path, { block: 3, fs: restarted(), clock: patient }).reserve(1);
      }
      assert.ok(kills > 5, `only ${kills} locks were left`);
    });

    it("works on a file system without links", async () => {
      for (const errno of ["EPERM", "ENOTSUP", "ENOSYS"]) {
        const link = (): Promise<void> => Promise.reject(Object.assign(new Error(errno), { code: errno }));
        const stores = Array.from({ length: 3 }, () =>
          fileCounterStore(path, { fs: { ...restarted(), link }, block: 1 }),
        );
        const values = await Promise.all(stores.flatMap((store) => [store.reserve(1), store.reserve(1)]));
        assert.equal(new Set(values).size, 6);
        assert.deepEqual(readdirSync(folder), ["counter.json"]);
      }
    });

    it("is not put back when a faster process has had it: its holder uses no value", async () => {
      const { pid } = spawnSync(process.execPath, ["-e", ""]);
      writeFileSync(lock(), holder(pid));
      const real = restarted();
      const [standsStill, goesOn] = [new Signal(), new Signal()];
      let thirdValue = 0;
      const slowTakeOver: CounterFileSystem = {
        ...real,
        rename: async (from, to) => {
          // this store has read the lock of the dead process; the loser takes it over first
          if (from === lock()) await standsStill.done;
          await real.rename(from, to);
          if (from === lock()) thirdValue = await fileCounterStore(path, { block: 3, fs: restarted() }).reserve(1);
        },
      };
      const paused: CounterFileSystem = {
        ...real,
        open: async (name, flags) => {
          if (name.endsWith(".tmp")) {
            // this store has read the counter
            standsStill.give();
            await goesOn.done;
          }
          return real.open(name, flags);
        },
      };
      const second = fileCounterStore(path, { block: 3, fs: slowTakeOver }).reserve(1);
      const loser = fileCounterStore(path, { block: 3, fs: paused }).reserve(1);
      const secondValue = await second;
      goesOn.give();
      await assert.rejects(loser, code("STATE_BUSY"));
      assert.equal(new Set([thirdValue, secondValue]).size, 2);
      assert.deepEqual(readdirSync(folder), ["counter.json"]);
    });

    it("is released by a process without a free file handle", async () => {
      const real = restarted();
      let exhausted = false;
      const few: CounterFileSystem = {
        ...real,
        rename: async (from, to) => {
          await real.rename(from, to);
          exhausted = true;
        },
        readFile: (name, encoding) =>
          exhausted
            ? Promise.reject(Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" }))
            : real.readFile(name, encoding),
      };
      await assert.rejects(fileCounterStore(path, { block: 3, fs: few }).reserve(1), {
        code: "DLMS_CONFIG_INVALID",
        message: /EMFILE.*ulimit -n/,
      });
      assert.deepEqual(readdirSync(folder), ["counter.json"]);
    });

    it("issues no value if it was lost between the check and the rename", async () => {
      const real = restarted();
      const paused: CounterFileSystem = {
        ...real,
        rename: async (from, to) => {
          // another process took over the lock while this one was stopped
          if (from.endsWith(".tmp")) writeFileSync(lock(), holder(process.ppid));
          await real.rename(from, to);
        },
      };
      await assert.rejects(fileCounterStore(path, { fs: paused }).reserve(1), {
        code: "DLMS_STATE_BUSY",
        message: /took it over/,
      });
    });

    it("an earlier holder that stood still cannot put an old mark back: its temporary file is gone", async () => {
      const real = restarted();
      let taken: Promise<number> | undefined;
      const paused: CounterFileSystem = {
        ...real,
        rename: async (from, to) => {
          if (from.endsWith(".tmp")) {
            utimesSync(lock(), 1_000_000, 1_000_000);
            taken = fileCounterStore(path, { block: 10, fs: restarted() }).reserve(1);
            assert.equal(await taken, 1);
          }
          await real.rename(from, to);
        },
      };
      await assert.rejects(fileCounterStore(path, { block: 3, fs: paused }).reserve(1), code("CONFIG_INVALID"));
      assert.equal(stored(), 11, "the mark of the other process stands");
    });

    it("temporary files of processes that were killed are removed", async () => {
      for (const name of ["counter.json.4711.tmp", "counter.json.00ff.tmp", "counter.json.lock.4711"]) {
        writeFileSync(join(folder, name), "x");
      }
      writeFileSync(join(folder, "counter.json2.tmp"), "of another counter");
      await fileCounterStore(path, { fs: restarted() }).reserve(1);
      assert.deepEqual(readdirSync(folder).sort(), ["counter.json", "counter.json2.tmp"]);
    });

    it("leaves the temporary files of a counter whose name begins with this one's", async () => {
      const real = restarted();
      const other = `${path}.b`;
      const slow: CounterFileSystem = {
        ...real,
        rename: async (from, to) => {
          if (to === other) await fileCounterStore(path, { fs: restarted() }).reserve(1);
          await real.rename(from, to);
        },
      };
      assert.equal(await fileCounterStore(other, { start: 7, fs: slow }).reserve(1), 7);
    });

    it("stops the write if it was lost in the meantime", async () => {
      const real = restarted();
      const slow: CounterFileSystem = {
        ...real,
        open: async (name, flags) => {
          if (name.endsWith(".tmp")) writeFileSync(lock(), holder(process.ppid));
          return real.open(name, flags);
        },
      };
      await assert.rejects(fileCounterStore(path, { fs: slow }).reserve(1), {
        code: "DLMS_STATE_BUSY",
        message: /took it over/,
      });
      assert.ok(!readdirSync(folder).includes("counter.json"));
    });
  });

  it("a crash between any two file operations repeats no value (every place, with half-written files)", async () => {
    const used: number[] = [];
    let places = 0;
    for (let crashAt = 0; ; crashAt++) {
      const crashing = crashingFileSystem(crashAt);
      const store = fileCounterStore(path, { block: 3, fs: crashing.fs, clock: jumpingClock() });
      try {
        for (let i = 0; i < 4; i++) {
          const count = 1 + (i % 2);
          const first = await store.reserve(count);
          for (let value = first; value < first + count; value++) used.push(value);
        }
      } catch (error) {
        assert.ok(error instanceof DlmsError, String(error));
      }
      if (!crashing.crashed()) break;
      places++;
      // The next process finds the dead one's lock.
      if (readdirSync(folder).includes("counter.json.lock")) utimesSync(`${path}.lock`, 1_000_000, 1_000_000);
    }
    assert.ok(places > 20, `only ${places} places`);
    assert.equal(new Set(used).size, used.length);
    assert.deepEqual(
      used,
      [...used].sort((a, b) => a - b),
    );
  });

  it("kill -9 at many moments, in real processes: no value is used twice", async function () {
    this.timeout(60_000);
    const used: number[] = [];
    for (let round = 0; round < 14; round++) {
      // In turns: the child kills itself directly before an operation, or the test kills it after one of its messages.
      // The moments are spread over the life of a child; by then it has written at least this much.
      const messages = 20 + 12 * round;
      const own = String(4 + 7 * round);
      const lines = await (round % 2 === 0 ? runChild(path, own) : runChild(path, "never", messages));
      const values = lines.filter((line) => line.startsWith("used ")).map((line) => Number(line.slice(5)));
      assert.ok(!lines.some((line) => line.startsWith("failed")), lines.join("\n"));
      used.push(...values);
    }
    assert.ok(used.length > 20, `only ${used.length} values`);
    assert.equal(new Set(used).size, used.length, "a value was used twice");
    assert.deepEqual(
      used,
      [...used].sort((a, b) => a - b),
    );
  });

  it("kill -9 between the use of unproven values and their proof: no value is used twice", async function () {
    this.timeout(60_000);
    const used: number[] = [];
    let proofs = 0;
    for (let round = 0; round < unprovenKills; round++) {
      const own = String(4 + ((7 * round) % 300));
      const messages = 20 + ((23 * round) % 600);
      const lines = await (round % 2 === 0
        ? runChild(path, own, undefined, "unproven")
        : runChild(path, "never", messages, "unproven"));
      assert.ok(!lines.some((line) => line.startsWith("failed")), lines.join("\n"));
      proofs += lines.filter((line) => line === "proven").length;
      used.push(...lines.filter((line) => line.startsWith("used ")).map((line) => Number(line.slice(5))));
    }
    assert.ok(used.length > 30 && proofs > 0, `only ${used.length} values and ${proofs} proofs`);
    assert.equal(new Set(used).size, used.length, "a value was used twice");
  });
});

/**
 * A file system of a process that dies directly before the n-th operation; its files remain, its last write is
 * truncated.
 */
function crashingFileSystem(crashAt: number): { fs: CounterFileSystem; crashed: () => boolean } {
  let operations = 0;
  const step = async <T>(operation: () => Promise<T>): Promise<T> => {
    if (operations++ < crashAt) return operation();
    throw Object.assign(new Error("the process is dead"), { code: "EDEAD" });
  };
  const handle = (file: fs.FileHandle): CounterFileHandle => ({
    writeFile: async (text) => {
      await file.writeFile(text.slice(0, text.length / 2));
      await step(() => file.writeFile(text.slice(text.length / 2)));
    },
    sync: () => step(() => file.sync()),
    // Dead or not, the operating system closes.
    close: () => file.close(),
  });
  return {
    crashed: () => operations > crashAt,
    fs: {
      realpath: (name) => step(() => fs.realpath(name)),
      readFile: (name) => step(() => fs.readFile(name, "utf8")),
      stat: (name) => step(() => fs.stat(name)),
      readdir: (name) => step(() => fs.readdir(name)),
      open: (name, flags) => step(async () => handle(await fs.open(name, flags))),
      rename: (from, to) => step(() => fs.rename(from, to)),
      link: (from, to) => step(() => fs.link(from, to)),
      unlink: (name) => step(() => fs.unlink(name)),
      mkdir: (name, options) => step(() => fs.mkdir(name, options)),
    },
  };
}

let bundle: string | undefined;

function childScript(): string {
  return (bundle ??= bundledChild(resolve(__dirname, "../../../support/counter-store-child.ts")));
}

/** Lines that a child wrote before it died: on its own, or by SIGKILL after a number of lines. */
function runChild(
  path: string,
  dieBefore: string,
  killAfterLines = Number.POSITIVE_INFINITY,
  mode = "claimed",
): Promise<string[]> {
  const child: ChildProcess = spawn(process.execPath, [childScript(), path, dieBefore, mode], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (text.split("\n").length > killAfterLines) child.kill("SIGKILL");
  });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", () => done(text.split("\n")));
  });
}
