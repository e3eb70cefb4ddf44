import assert from "node:assert/strict";
import { DlmsClient } from "../../../src/client";
import { SharedLines } from "../../../src/driver/shared-line";
import { DlmsConnectionError, DlmsError } from "../../../src/errors";
import {
  boundedTransport,
  type Connection,
  type ConnectionEvents,
  type Transport,
  type TransportLineSettings,
} from "../../../src/transport";
import { settle, VirtualClock } from "../../support/virtual-clock";

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const quiet: ConnectionEvents = { data: () => undefined, lost: () => undefined };
const slow: TransportLineSettings = { baudRate: 300, dataBits: 7, parity: "even" };

/** A transport whose connection follows the test's overrides, and otherwise works correctly. */
function transportWith(connection: Partial<Connection> = {}, open?: Transport["open"]): Transport {
  return {
    kind: "serial",
    endpoint: "serial own",
    lineKey: "own",
    baudRate: 9600,
    open:
      open ??
      (() =>
        Promise.resolve({
          write: () => undefined,
          drain: () => Promise.resolve(),
          setLine: () => Promise.resolve(),
          close: () => Promise.resolve(),
          ...connection,
        })),
  };
}

async function opened(connection: Partial<Connection>, events = quiet): Promise<[VirtualClock, Connection]> {
  const clock = new VirtualClock();
  const made = await boundedTransport(transportWith(connection), clock).open(events, { timeoutMs: 1000 });
  assert.equal(clock.pending, 0, "nothing is left behind by what ended in time");
  return [clock, made];
}

describe("a transport from elsewhere", () => {
  it("keeps its description", () => {
    const given = transportWith();
    const { kind, endpoint, lineKey, baudRate } = boundedTransport(given, new VirtualClock());
    assert.deepEqual([kind, endpoint, lineKey, baudRate], ["serial", "serial own", "own", 9600]);
    const { lineKey: _key, baudRate: _rate, ...plain } = given;
    const bare = boundedTransport(plain, new VirtualClock());
    assert.deepEqual(["lineKey" in bare, "baudRate" in bare], [false, false]);
  });

  for (const [what, call] of [
    ["drain", (one: Connection) => one.drain()],
    ["setLine", (one: Connection) => one.setLine(slow)],
  ] as const) {
    it(`ends in a time-out if its ${what} never settles`, async () => {
      const [clock, connection] = await opened({ [what]: () => never() });
      await assert.rejects(clock.runUntil(call(connection)), { code: "DLMS_TIMEOUT_LINK", name: "DlmsTimeoutError" });
      assert.equal(clock.now(), 1000);
      assert.equal(clock.pending, 0);
    });

    it(`ends in a connection error if its ${what} throws, or rejects with anything`, async () => {
      for (const bad of [
        () => {
          throw new TypeError("broken");
        },
        () => Promise.reject(new TypeError("broken")),
      ]) {
        const [clock, connection] = await opened({ [what]: bad });
        await assert.rejects(clock.runUntil(call(connection)), /serial own: .*broken/);
        await assert.rejects(call(connection), DlmsConnectionError);
      }
    });
  }

  it("is abandoned if it does not close", async () => {
    const [clock, connection] = await opened({ close: () => never() });
    await clock.runUntil(connection.close());
    assert.equal(clock.now(), 2000);
    const [other, throwing] = await opened({ close: () => Promise.reject(new Error("no")) });
    await other.runUntil(throwing.close());
  });

  it("is lost once if its write throws", async () => {
    const losses: string[] = [];
    const events: ConnectionEvents = { ...quiet, lost: (error) => losses.push(error.code) };
    const bad = (): void => {
      throw new Error("EIO");
    };
    const [, connection] = await opened({ write: bad }, events);
    connection.write(Uint8Array.of(1));
    connection.write(Uint8Array.of(2));
    await settle();
    assert.deepEqual(losses, ["DLMS_CONN_LOST"]);
  });

  it("ends in a time-out if it never opens, and is closed if it opens too late", async () => {
    const clock = new VirtualClock();
    let late = (_connection: Connection): void => undefined;
    let closed = 0;
    const transport = transportWith({}, () => new Promise((resolve) => (late = resolve)));
    const opening = boundedTransport(transport, clock).open(quiet, { timeoutMs: 1000 });
    await assert.rejects(clock.runUntil(opening), { code: "DLMS_TIMEOUT_CONNECT" });
    late({
      write: () => undefined,
      drain: () => Promise.resolve(),
      setLine: () => Promise.resolve(),
      close: () => {
        closed++;
        return Promise.resolve();
      },
    });
    await settle();
    assert.equal(closed, 1);
    assert.equal(clock.pending, 0);
  });

  it("that does not heed an abort is given two seconds", async () => {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const reason = new Error("mine");
    const opening = boundedTransport(transportWith({}, never), clock).open(quiet, {
      timeoutMs: 60_000,
      signal: abort.signal,
    });
    abort.abort(reason);
    await assert.rejects(clock.runUntil(opening), (error) => error === reason);
    assert.equal(clock.now(), 2000);
  });

  it("that rejects with anything when it opens ends in an error of the connection", async () => {
    const refuse = transportWith({}, () => Promise.reject(new RangeError("odd")));
    await assert.rejects(boundedTransport(refuse, new VirtualClock()).open(quiet, { timeoutMs: 1000 }), {
      code: "DLMS_CONN_LOST",
    });
    const typed = new DlmsConnectionError("CONN_REFUSED", "no");
    const known = transportWith({}, () => Promise.reject(typed));
    await assert.rejects(
      boundedTransport(known, new VirtualClock()).open(quiet, { timeoutMs: 1000 }),
      (error) => error === typed,
    );
  });
});

describe("a client on a transport that hangs", () => {
  for (const hangs of ["open", "setLine", "drain", "close"] as const) {
    it(`in ${hangs}: whatever is asked ends, and so does close`, async () => {
      const clock = new VirtualClock();
      const connection = { setLine: () => Promise.resolve(), ...(hangs === "open" ? {} : { [hangs]: () => never() }) };
      const client = new DlmsClient(
        {
          transport: transportWith(connection, hangs === "open" ? never : undefined),
          link: { kind: "hdlc-mode-e" },
          client: { sap: 16 },
          server: { logical: 1, physical: 17 },
          clock,
          timeouts: { connect: 3000, response: 500, retries: 0, reconnectMin: 60_000, reconnectMax: 60_000 },
          random: (count) => new Uint8Array(count),
        },
        { lines: new SharedLines() },
      );
      const error = await clock.runUntil(client.open().catch((reason: unknown) => reason));
      assert.ok(error instanceof DlmsError, String(error));
      if (hangs !== "close") assert.equal(error.name, "DlmsTimeoutError");
      if (hangs === "setLine" || hangs === "drain") assert.equal(error.code, "DLMS_TIMEOUT_LINK");
      assert.ok(clock.now() < 10_000, `${clock.now()} ms`);
      await clock.runUntil(client.close());
      assert.ok(clock.now() < 20_000, `${clock.now()} ms`);
      assert.equal(clock.pending, 0);
    });
  }
});
