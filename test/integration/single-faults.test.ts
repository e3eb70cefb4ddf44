/** One fault at every byte of a session. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import type { ConnectOptions } from "../../src/client/options/options";
import { fromHex } from "../../src/bytes";
import type { AttributeRef } from "../../src/cosem";
import { DlmsError } from "../../src/errors";
import { memoryCounterStore } from "../../src/security";
import { createMeter, type MeterDefinition } from "../../src/simulator";
import type { Transport } from "../../src/transport";
import { type Fault, type FaultKind, FaultyLine } from "../support/faulty-line";
import { registerRef, registers } from "../support/meters";
import { modeEPort } from "../support/mode-e-meter";
import { VirtualClock } from "../support/virtual-clock";

/** A session of one kind: connect, read, close. */
interface Session {
  readonly name: string;
  readonly meter: MeterDefinition;
  readonly port?: (meter: ReturnType<typeof createMeter>, clock: VirtualClock) => Transport;
  readonly client: () => Omit<ConnectOptions, "transport" | "clock">;
  readonly refs: readonly AttributeRef[];
  readonly values: readonly unknown[];
  readonly kinds: readonly FaultKind[];
  /** of this many bytes at the beginning of each frame, each bit is turned over */
  readonly header?: number;
}

const timeouts = { connect: 2000, response: 1000, close: 1000, retries: 2, reconnectMin: 500, reconnectMax: 2000 };
/**
 * Maximum duration of a read: each of two attempts (the second after a reconnect) consists of a link set-up and a few
 * exchanges, and each exchange of three attempts with the response time-out, a frame's time and the pauses between.
 */
const bound = 60_000;
/** A refused secret is not sent again before this, for the sake of the account. */
const lockOut = 300_000;

const list = (count: number): Pick<Session, "refs" | "values"> => ({
  refs: Array.from({ length: count }, (_, n) => registerRef(n)),
  values: Array.from({ length: count }, (_, n) => (1000 + n) / 10),
});

const title = fromHex("4d4d4d0000000001");
const keys = {
  encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
};
const everyFault = ["lost", "doubled", "corrupted", "silent", "half-open", "closed"] as const;

const sessions: readonly Session[] = [
  {
    name: "HDLC, segments of 32 octets, window 3",
    meter: {
      framing: "HDLC",
      maxPduSize: 1024,
      hdlc: { maxInfoTransmit: 32, maxInfoReceive: 32, windowTransmit: 3, windowReceive: 3, keepsLinks: true },
      associations: [{ client: 16 }],
      objects: registers(8),
    },
    client: () => ({ link: { kind: "hdlc" }, client: { sap: 16 }, server: { logical: 1 }, timeouts }),
    ...list(8),
    kinds: everyFault,
  },
  {
    name: "mode E",
    meter: { framing: "HDLC", associations: [{ client: 16 }], objects: registers(1) },
    port: modeEPort,
    client: () => ({ link: { kind: "hdlc-mode-e" }, client: { sap: 16 }, server: { logical: 1 }, timeouts }),
    ...list(1),
    kinds: everyFault,
  },
  {
    name: "wrapper, authenticated policy, GMAC",
    meter: {
      associations: [{ client: 18, mechanism: "hls-gmac", suite: 0, policy: "authenticated", ...keys }],
      objects: registers(2),
    },
    client: () => ({
      link: { kind: "wrapper" },
      client: { sap: 18, systemTitle: title },
      server: { logical: 1 },
      auth: { mechanism: "hls-gmac" },
      security: { suite: 0, policy: "authenticated", ...keys, invocationCounter: memoryCounterStore(1) },
      timeouts,
    }),
    ...list(2),
    kinds: everyFault,
  },
  {
    name: "wrapper, no security",
    meter: { associations: [{ client: 16 }], objects: registers(3) },
    client: () => ({ link: { kind: "wrapper" }, client: { sap: 16 }, server: { logical: 1 }, timeouts }),
    ...list(3),
    // without any check sum, the client cannot detect a changed payload
    kinds: ["silent", "half-open", "closed", "delayed", "cut"],
    header: 8,
  },
];

/** Promises settle in one turn of the event loop: no code here waits for a thread or a socket. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function within<T>(clock: VirtualClock, work: Promise<T>, limit: number): Promise<T> {
  let done = false;
  const end = (): void => {
    done = true;
  };
  work.then(end, end);
  const until = clock.now() + limit;
  await turn();
  while (!done) {
    const wait = clock.nextIn;
    assert.ok(wait !== undefined, "hangs: nothing is left that could end it");
    assert.ok(clock.now() + wait <= until, `takes longer than ${limit} ms`);
    clock.tick(wait);
    await turn();
  }
  return work;
}

interface Outcome {
  readonly ok: boolean;
  readonly took: number;
  readonly code?: string;
}

class Bench {
  readonly clock = new VirtualClock();
  readonly line: FaultyLine;
  readonly #session: Session;
  readonly #options: Omit<ConnectOptions, "transport" | "clock">;
  readonly #lines = new SharedLines();

  constructor(session: Session, fault?: Fault) {
    this.#session = session;
    this.#options = session.client();
    const meter = createMeter(session.meter, { clock: this.clock });
    const port = session.port?.(meter, this.clock) ?? meter.transport();
    this.line = new FaultyLine(port, this.clock, fault);
  }

  client(): DlmsClient {
    const random = (count: number): Uint8Array => new Uint8Array(count).fill(0x5a);
    const options = { ...this.#options, transport: this.line.transport, clock: this.clock, random };
    return new DlmsClient(options, { lines: this.#lines });
  }

  /** Right values, or an error of the family; anything else fails the test. */
  async read(client: DlmsClient): Promise<Outcome> {
    const start = this.clock.now();
    const { refs, values } = this.#session;
    try {
      const outcomes = await within(this.clock, client.readMany(refs), bound);
      const read = outcomes.map((outcome) => (outcome.ok ? outcome.value.value : outcome.error.code));
      assert.deepEqual(read, values, "a wrong value");
      return { ok: true, took: this.clock.now() - start };
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error;
      return { ok: false, took: this.clock.now() - start, code: error.code };
    }
  }

  async nextRead(client: DlmsClient, before: Outcome): Promise<void> {
    if (!before.ok) await this.pause(timeouts.reconnectMax + 1);
    let next = await this.read(client);
    if (!next.ok) {
      await this.pause(lockOut);
      next = await this.read(client);
    }
    assert.ok(next.ok, `the next read fails with ${next.code}`);
  }

  async close(client: DlmsClient): Promise<void> {
    await within(this.clock, client.close(), bound);
  }

  async pause(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    for (
      let wait = this.clock.nextIn;
      wait !== undefined && this.clock.now() + wait <= until;
      wait = this.clock.nextIn
    ) {
      this.clock.tick(wait);
      await turn();
    }
    this.clock.tick(until - this.clock.now());
    await turn();
  }
}

interface Tally {
  runs: number;
  right: number;
  slowest: number;
  readonly codes: Map<string, number>;
}

async function run(session: Session, fault: Fault, tally: Tally): Promise<void> {
  const bench = new Bench(session, fault);
  const client = bench.client();
  const first = await bench.read(client);
  tally.runs++;
  tally.slowest = Math.max(tally.slowest, first.took);
  if (first.ok) tally.right++;
  else tally.codes.set(first.code ?? "", (tally.codes.get(first.code ?? "") ?? 0) + 1);
  if (bench.line.hit) {
    bench.line.heal();
    await bench.nextRead(client, first);
    await bench.close(client);
  } else {
    assert.ok(first.ok);
    await bench.close(client);
    assert.ok(bench.line.hit, "the fault did not happen");
    bench.line.heal();
    const other = bench.client();
    await bench.nextRead(other, first);
    await bench.close(other);
  }
}

function* faultsOf(session: Session, line: FaultyLine): Generator<Fault> {
  for (const direction of ["out", "in"] as const) {
    for (const kind of session.kinds) {
      for (let at = 0; at < line.sent[direction]; at++) {
        yield { kind, direction, at, ...(kind === "delayed" ? { ms: 400 } : {}) };
      }
    }
    for (const start of session.header === undefined ? [] : line.starts[direction]) {
      for (let at = start; at < start + (session.header ?? 0); at++) {
        for (let bit = 0; bit < 8; bit++) yield { kind: "corrupted", direction, at, mask: 1 << bit };
      }
    }
  }
}

describe("one fault at every byte of a session", function () {
  this.timeout(120_000);

  for (const session of sessions) {
    it(`${session.name}: the right value or a typed error within bounds, and the next read works`, async () => {
      const clean = new Bench(session);
      const client = clean.client();
      assert.ok((await clean.read(client)).ok);
      await clean.close(client);
      const bytes = { ...clean.line.sent };
      const faults = [...faultsOf(session, clean.line)];
      const tally: Tally = { runs: 0, right: 0, slowest: 0, codes: new Map() };
      for (const fault of faults) {
        try {
          await run(session, fault, tally);
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          const where = `byte ${fault.at} ${fault.direction} ${fault.kind}: ${text}`;
          throw new Error(where, { cause: error });
        }
      }
      const errors = [...tally.codes].map(([code, count]) => `${code} ${count}`).join(", ");
      console.log(
        `      ${tally.runs} runs over ${bytes.out} bytes out and ${bytes.in} bytes in: ${tally.right} right values, ` +
          `${tally.runs - tally.right} typed errors (${errors || "none"}), 0 wrong values, 0 hangs; slowest ${Math.round(tally.slowest)} ms`,
      );
      assert.equal(tally.runs, faults.length);
      assert.ok(faults.length >= session.kinds.length * (bytes.out + bytes.in));
    });
  }
});
