/** A push listener on a separate line: the memory transport and a virtual clock. */
import assert from "node:assert/strict";
import type { ListenPushOptions, ListenStateEvent } from "../../../src/listener";
import { type ListenProblem, listenPush, type PushListener } from "../../../src/listener";
import { memoryTransport, type MemoryLine, type Transport } from "../../../src/transport";
import { DlmsConnectionError } from "../../../src/errors";
import { plainPush } from "../../support/meter-pushes";
import { VirtualClock } from "../../support/virtual-clock";

interface Line {
  readonly transport: Transport;
  /** the far ends, in the order in which they were opened */
  readonly ends: MemoryLine[];
  failing: boolean;
}

function line(): Line {
  const ends: MemoryLine[] = [];
  const inner = memoryTransport((end) => {
    ends.push(end);
    return { receive: () => undefined, closed: () => undefined };
  }, "memory line");
  const made: Line = {
    ends,
    failing: false,
    transport: {
      ...inner,
      open: (events, init) =>
        made.failing
          ? Promise.reject(new DlmsConnectionError("CONN_REFUSED", "memory line: refused"))
          : inner.open(events, init),
    },
  };
  return made;
}

describe("push listener on a line", () => {
  let clock: VirtualClock;
  let far: Line;
  let listener: PushListener;
  let problems: ListenProblem[];
  let states: ListenStateEvent[];
  let values: unknown[];

  async function start(options: Partial<ListenPushOptions> = {}): Promise<void> {
    clock = new VirtualClock();
    far = line();
    problems = [];
    states = [];
    values = [];
    listener = await listenPush({ transport: far.transport, clock, random: () => 0, ...options });
    listener.on("problem", (problem) => problems.push(problem));
    listener.on("state", (state) => states.push(state));
    listener.on("push", (push) => values.push(push.values["1.0.1.8.0.255"]));
  }

  async function send(bytes: Uint8Array): Promise<void> {
    far.ends.at(-1)?.send(bytes);
    await clock.tickAsync(0);
  }

  afterEach(async () => {
    await listener.close();
    assert.equal(clock.pending, 0, "no timer is left");
  });

  const codes = (): string[] => problems.map(({ error }) => error.code);

  it("reports silence once, and again after a further push", async () => {
    await start({ silenceAfterMs: 60_000 });
    await clock.tickAsync(61_000);
    await clock.tickAsync(600_000);
    assert.deepEqual(codes(), ["DLMS_PUSH_SILENT"]);
    await send(plainPush(1));
    await clock.tickAsync(59_000);
    assert.equal(problems.length, 1);
    await clock.tickAsync(120_000);
    assert.deepEqual(codes(), ["DLMS_PUSH_SILENT", "DLMS_PUSH_SILENT"]);
    assert.match(problems[1]?.error.message ?? "", /no push for 60 s/);
  });

  it("reports once why bytes without a push arrive, after 30 s and 200 bytes", async () => {
    await start();
    await send(new Uint8Array(150));
    await clock.tickAsync(60_000);
    assert.deepEqual(codes(), []);
    await send(new Uint8Array(60));
    await clock.tickAsync(2000);
    await send(new Uint8Array(5000));
    await clock.tickAsync(120_000);
    assert.deepEqual(codes(), ["DLMS_PUSH_NO_UNIT"]);
    assert.match(problems[0]?.error.message ?? "", /only 00 and FF are received/);
    assert.equal(listener.facts.hint?.kind, "signal");
    await send(plainPush(3));
    assert.deepEqual(values, [3]);
    assert.equal(listener.facts.hint, null);
  });

  it("reopens a lost line with growing pauses, and decodes data received before the loss", async () => {
    await start();
    far.ends[0]?.send(plainPush(1));
    far.ends[0]?.drop();
    await clock.tickAsync(0);
    assert.deepEqual(values, [1]);
    far.failing = true;
    await clock.tickAsync(1000 + 1000 + 2000 + 4000);
    far.failing = false;
    await clock.tickAsync(8000);
    await send(plainPush(2));
    assert.deepEqual(values, [1, 2]);
    const pauses = states.flatMap(({ nextTryInMs }) => nextTryInMs ?? []);
    assert.deepEqual(pauses, [1000, 1000, 2000, 4000, 8000]);
    assert.equal(listener.facts.state, "listening");
  });

  it("reports the same problem once in a minute, with the number of times", async () => {
    await start();
    for (let attempt = 0; attempt < 5; attempt++) {
      far.ends.at(-1)?.drop();
      await clock.tickAsync(0);
      await clock.tickAsync(states.at(-1)?.nextTryInMs ?? 0);
    }
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.count, 1);
    await clock.tickAsync(61_000);
    assert.deepEqual(
      problems.map(({ count }) => count),
      [1, 4],
    );
    assert.equal(listener.facts.refused.DLMS_CONN_LOST, 5);
  });

  it("rejects a first opening that no further attempt can mend, and no other", async () => {
    await start();
    far.failing = true;
    const other = await listenPush({ transport: far.transport, clock });
    assert.equal(other.facts.state, "waiting");
    await other.close();
    assert.equal(other.facts.state, "closed");
  });

  it("drops the oldest pushes of an iterator that does not take them", async () => {
    await start({ limits: { queue: 3 } });
    const iterator = listener[Symbol.asyncIterator]();
    for (let value = 1; value <= 5; value++) await send(plainPush(value));
    assert.equal(listener.facts.dropped.queue, 2);
    const next = await iterator.next();
    assert.equal(next.done === true ? undefined : next.value.values["1.0.1.8.0.255"], 3);
    await iterator.return?.();
    await send(plainPush(6));
    assert.equal(listener.facts.dropped.queue, 2);
  });

  it("refuses options that do not exist or do not fit", async () => {
    await start();
    const wrong: unknown[] = [
      { transport: { kind: "tcp-server", port: 70_000 } },
      { transport: { kind: "carrier-pigeon" } },
      { transport: { kind: "serial", path: "/dev/ttyX", baudRate: "auto", mode: "8N1" } },
      { transport: { kind: "tcp-server", port: 0, tls: { cert: "x" } } },
      { transport: far.transport, limits: { connections: 0 } },
      { transport: far.transport, limits: { connection: 5 } },
      { transport: far.transport, frame: "hdlc" },
      { transport: far.transport, silenceAfterMs: -1 },
      {},
    ];
    for (const options of wrong) {
      await assert.rejects(
        () => listenPush(options as ListenPushOptions),
        (error: { name?: string }) => error.name === "DlmsConfigError",
        JSON.stringify(options),
      );
    }
  });
});
