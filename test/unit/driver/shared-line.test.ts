import assert from "node:assert/strict";
import { SharedLine, SharedLines, type LineUser } from "../../../src/driver/shared-line";
import type { LinkAddress } from "../../../src/driver/address-reservations";
import { DlmsConnectionError } from "../../../src/errors/index";
import type { Connection, ConnectionEvents, Transport, TransportLineSettings } from "../../../src/transport/index";
import { settle, VirtualClock } from "../../support/virtual-clock";

class FakeTransport implements Transport {
  readonly kind = "serial";
  readonly endpoint = "serial fake";
  readonly lineKey = "fake";
  readonly baudRate = 9600;
  readonly log: string[] = [];
  events: ConnectionEvents | undefined;
  /** resolves or rejects the pending open; set = opening waits */
  hold: { resolve(): void; reject(error: Error): void } | undefined;
  holdNext = false;
  closing: (() => void) | undefined;
  holdClose = false;

  async open(events: ConnectionEvents, options: { signal?: AbortSignal }): Promise<Connection> {
    this.log.push("open");
    if (this.holdNext) {
      await new Promise<void>((resolve, reject) => {
        this.hold = { resolve, reject };
        options.signal?.addEventListener("abort", () => {
          this.log.push("abort");
          reject(options.signal?.reason as Error);
        });
      });
    }
    this.events = events;
    return {
      write: (bytes) => this.log.push(`write ${Buffer.from(bytes).toString("hex")}`),
      drain: async () => {
        this.log.push("drain");
      },
      setLine: async (settings) => {
        this.log.push(`line ${settings.baudRate}`);
      },
      close: async () => {
        this.log.push("close");
        if (this.holdClose) await new Promise<void>((resolve) => (this.closing = resolve));
        this.log.push("closed");
      },
    };
  }
}

class User implements LineUser {
  readonly settings: TransportLineSettings | undefined;
  address?: LinkAddress;
  readonly got: string[] = [];
  readonly losses: string[] = [];
  constructor(baudRate?: number) {
    this.settings = baudRate === undefined ? undefined : { baudRate, dataBits: 8, parity: "none" };
  }
  data(bytes: Uint8Array): void {
    this.got.push(Buffer.from(bytes).toString("hex"));
  }
  lost(error: DlmsConnectionError): void {
    this.losses.push(error.code);
  }
}

const attach = { timeoutMs: 1000 };

describe("a line that is left while it opens", () => {
  it("is left when the port has closed, and opened again only then", async () => {
    let letGo = (): void => undefined;
    let opened = 0;
    const transport: Transport = {
      kind: "serial",
      endpoint: "serial slow",
      baudRate: 9600,
      open: (_events, { signal }) => {
        opened += 1;
        return new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            letGo = () => {
              reject(signal.reason as Error);
            };
          });
        });
      },
    };
    const user = (): LineUser => ({ settings: undefined, data: () => undefined, lost: () => undefined });
    const line = new SharedLine(transport);
    const [a, b] = [user(), user()];
    const first = line.attach(a, { timeoutMs: 1000 }).catch(() => "failed");
    await settle();
    let left = false;
    const leaving = line.detach(a).then(() => {
      left = true;
    });
    void line.attach(b, { timeoutMs: 1000 }).catch(() => undefined);
    await settle();
    assert.deepEqual([left, opened], [false, 1]);
    letGo();
    assert.equal(await first, "failed");
    await leaving;
    await settle();
    assert.equal(opened, 2);
  });
});

describe("SharedLine", () => {
  it("is opened for the first user and closed after the last", async () => {
    const transport = new FakeTransport();
    const line = new SharedLine(transport);
    const [a, b] = [new User(), new User()];
    await Promise.all([line.attach(a, attach), line.attach(b, attach)]);
    await line.detach(a);
    assert.deepEqual(transport.log, ["open"]);
    await line.detach(b);
    await line.detach(b);
    assert.deepEqual(transport.log, ["open", "close", "closed"]);
  });

  it("is opened again only after it has closed", async () => {
    const transport = new FakeTransport();
    transport.holdClose = true;
    const line = new SharedLine(transport);
    const [a, b] = [new User(), new User()];
    await line.attach(a, attach);
    const leaving = line.detach(a);
    const coming = line.attach(b, attach);
    await settle();
    assert.deepEqual(transport.log, ["open", "close"]);
    transport.closing?.();
    await Promise.all([leaving, coming]);
    assert.deepEqual(transport.log, ["open", "close", "closed", "open"]);
  });

  it("grants turns in the order of the requests", async () => {
    const line = new SharedLine(new FakeTransport());
    const users = [new User(), new User(), new User()];
    for (const user of users) await line.attach(user, attach);
    const order: number[] = [];
    const rounds = users.map(async (user, i) => {
      for (let round = 0; round < 3; round++) {
        await line.acquire(user);
        order.push(i);
        await settle();
        line.release(user);
      }
    });
    await Promise.all(rounds);
    assert.deepEqual(order, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  it("delivers bytes to the holder of the turn, and to all users between turns", async () => {
    const transport = new FakeTransport();
    const line = new SharedLine(transport);
    const [a, b] = [new User(), new User()];
    await line.attach(a, attach);
    await line.attach(b, attach);
    transport.events?.data(Uint8Array.of(1));
    assert.equal(line.acquire(a), undefined);
    transport.events?.data(Uint8Array.of(2));
    const next = line.acquire(b);
    line.release(b);
    transport.events?.data(Uint8Array.of(3));
    line.release(a);
    await next;
    transport.events?.data(Uint8Array.of(4));
    assert.deepEqual(
      [a.got, b.got],
      [
        ["01", "02", "03"],
        ["01", "04"],
      ],
    );
  });

  it("passes the turn on when its holder leaves, and skips users that left while waiting", async () => {
    const line = new SharedLine(new FakeTransport());
    const [a, b, c] = [new User(), new User(), new User()];
    for (const user of [a, b, c]) await line.attach(user, attach);
    await line.acquire(a);
    void line.acquire(b);
    const third = line.acquire(c);
    await line.detach(b);
    await line.detach(a);
    await third;
  });

  it("notifies every user when it is lost, and can be reopened", async () => {
    const transport = new FakeTransport();
    const line = new SharedLine(transport);
    const [a, b] = [new User(), new User()];
    await line.attach(a, attach);
    await line.attach(b, attach);
    await line.acquire(a);
    const waiting = assert.rejects(Promise.resolve(line.acquire(b)), { code: "DLMS_CONN_LOST" });
    transport.events?.lost(new DlmsConnectionError("CONN_LOST", "gone"));
    await waiting;
    assert.deepEqual([a.losses, b.losses, line.users], [["DLMS_CONN_LOST"], ["DLMS_CONN_LOST"], 0]);
    await line.attach(a, attach);
    assert.equal(line.acquire(a), undefined);
    await line.detach(a);
    assert.deepEqual(transport.log, ["open", "open", "close", "closed"]);
  });

  it("switches the line to the settings of the turn's holder", async () => {
    const transport = new FakeTransport();
    const line = new SharedLine(transport);
    const [slow, fast] = [new User(300), new User(9600)];
    await line.attach(slow, attach);
    await line.attach(fast, attach);
    await line.acquire(slow);
    const next = line.acquire(fast);
    line.release(slow);
    await next;
    line.release(fast);
    assert.equal(line.acquire(fast), undefined);
    assert.deepEqual(transport.log, ["open", "drain", "line 300", "drain", "line 9600"]);
  });

  it("stops opening only when the last waiting user has left", async () => {
    const transport = new FakeTransport();
    transport.holdNext = true;
    const line = new SharedLine(transport);
    const [a, b] = [new User(), new User()];
    const abort = new AbortController();
    const reason = new Error("mine");
    const first = assert.rejects(line.attach(a, { ...attach, signal: abort.signal }), (error) => error === reason);
    const second = assert.rejects(line.attach(b, attach));
    await settle();
    abort.abort(reason);
    await first;
    assert.deepEqual(transport.log, ["open"]);
    await line.detach(b);
    await second;
    assert.deepEqual(transport.log, ["open", "abort"]);
  });

  it("reports the reason why it could not be opened to all waiting users", async () => {
    const transport = new FakeTransport();
    transport.holdNext = true;
    const line = new SharedLine(transport);
    const waiting = [new User(), new User()].map((user) =>
      assert.rejects(line.attach(user, attach), { code: "DLMS_CONN_REFUSED" }),
    );
    await settle();
    transport.hold?.reject(new DlmsConnectionError("CONN_REFUSED", "no"));
    await Promise.all(waiting);
    assert.equal(line.users, 0);
  });
});

/** Users of one line that the meter cannot distinguish, by name. */
function namesakes(...names: readonly string[]): {
  readonly clock: VirtualClock;
  readonly line: SharedLine;
  readonly transport: FakeTransport;
  /** attaches a user and records the outcome */
  readonly come: (name: string, signal?: AbortSignal) => void;
  readonly go: (name: string) => Promise<void>;
  readonly log: string[];
} {
  const clock = new VirtualClock();
  const transport = new FakeTransport();
  const line = new SharedLine(transport);
  const log: string[] = [];
  const address: LinkAddress = { framing: "hdlc", server: { logical: 1, physical: 17 }, client: 16 };
  const users = new Map(names.map((name) => [name, Object.assign(new User(), { address })]));
  const user = (name: string): User => {
    const one = users.get(name);
    assert.ok(one !== undefined);
    return one;
  };
  const come = (name: string, signal?: AbortSignal): void => {
    line.attach(user(name), { timeoutMs: 1000, clock, ...(signal === undefined ? {} : { signal }) }).then(
      () => log.push(`${name} is there`),
      (error: Error & { code?: string }) => log.push(`${name} ${error.code ?? error.message}`),
    );
  };
  return { clock, line, transport, come, go: (name) => line.detach(user(name)), log };
}

describe("users of a line with the same address", () => {
  it("are admitted one at a time, in the order of arrival", async () => {
    const { clock, come, go, log, transport } = namesakes("a", "b", "c");
    for (const name of ["a", "b", "c"]) come(name);
    await settle();
    assert.deepEqual(log.splice(0), ["a is there"]);
    const left = go("a");
    // it returns at once, and queues after the waiting users
    come("a");
    await left;
    await settle();
    assert.deepEqual(log.splice(0), ["b is there"]);
    await go("b");
    await settle();
    assert.deepEqual(log.splice(0), ["c is there"]);
    await clock.tickAsync(1000);
    assert.deepEqual(log.splice(0), ["a DLMS_STATE_BUSY"]);
    await go("c");
    assert.equal(clock.pending, 0);
    assert.equal(transport.log.filter((one) => one === "open").length, 3, "each has a connection without a past");
  });

  it("wait at most for their time-out, and do not count as users while they wait", async () => {
    const { clock, come, go, line, log } = namesakes("a", "b", "c", "d");
    const abort = new AbortController();
    come("a");
    come("b", abort.signal);
    come("c");
    come("d");
    await clock.tickAsync(500);
    assert.equal(line.users, 1);
    abort.abort(new Error("enough"));
    await go("d");
    await clock.tickAsync(499);
    assert.deepEqual(log.splice(0), ["a is there", "b enough", "d DLMS_STATE_CLOSED"]);
    await clock.tickAsync(1);
    assert.deepEqual(log, ["c DLMS_STATE_BUSY"]);
    assert.deepEqual([line.users, clock.pending], [1, 0]);
    await go("a");
  });

  it("are admitted when the previous user's connection is lost", async () => {
    const { come, go, log, transport, clock } = namesakes("a", "b");
    come("a");
    come("b");
    await settle();
    transport.events?.lost(new DlmsConnectionError("CONN_LOST", "gone"));
    await settle();
    assert.deepEqual(log, ["a is there", "b is there"]);
    await go("b");
    assert.equal(clock.pending, 0);
  });

  it("are admitted when the previous user cannot connect", async () => {
    const { come, go, log, transport, clock } = namesakes("a", "b");
    transport.holdNext = true;
    come("a");
    come("b");
    await settle();
    transport.holdNext = false;
    transport.hold?.reject(new DlmsConnectionError("CONN_REFUSED", "no"));
    await settle();
    assert.deepEqual(log, ["a DLMS_CONN_REFUSED", "b is there"]);
    await go("b");
    assert.equal(clock.pending, 0);
  });

  it("keep the line in the registry while they wait", async () => {
    const registry = new SharedLines();
    const clock = new VirtualClock();
    const transport = new FakeTransport();
    transport.holdClose = true;
    const address: LinkAddress = { framing: "wrapper", server: { logical: 1, physical: undefined }, client: 16 };
    const [a, b] = [new User(), new User()].map((user) => Object.assign(user, { address }));
    assert.ok(a !== undefined && b !== undefined);
    const line = registry.lineFor(transport);
    await line.attach(a, { ...attach, clock });
    const coming = line.attach(b, { ...attach, clock });
    const leaving = line.detach(a);
    await settle();
    transport.closing?.();
    await Promise.all([leaving, coming]);
    assert.equal(registry.lineFor(transport), line);
    transport.holdClose = false;
    await line.detach(b);
    assert.equal(registry.size, 0);
  });
});

describe("SharedLines", () => {
  it("shares one line between transports with one key while it is in use", async () => {
    const registry = new SharedLines();
    const transport = new FakeTransport();
    const line = registry.lineFor(transport);
    assert.equal(registry.lineFor(new FakeTransport()), line);
    const user = new User();
    await line.attach(user, attach);
    await line.detach(user);
    assert.equal(registry.size, 0);
    assert.notEqual(registry.lineFor(transport), line);
  });
});

describe("a port that is still closing", () => {
  it("is not opened a second time when users join and leave in the meantime", async () => {
    const registry = new SharedLines();
    const transport = new FakeTransport();
    transport.holdClose = true;
    const [a, b, c] = [new User(), new User(), new User()];
    const line = registry.lineFor(transport);
    await line.attach(a, attach);
    const leaving = line.detach(a);
    const abort = new AbortController();
    const second = registry.lineFor(transport);
    const coming = assert.rejects(second.attach(b, { ...attach, signal: abort.signal }), { message: "gone" });
    abort.abort(new Error("gone"));
    await second.detach(b);
    const third = registry.lineFor(transport).attach(c, attach);
    await settle();
    assert.deepEqual(transport.log, ["open", "close"]);
    transport.closing?.();
    await Promise.all([leaving, coming, third]);
    assert.deepEqual(transport.log, ["open", "close", "closed", "open"]);
    transport.holdClose = false;
    await registry.lineFor(transport).detach(c);
    assert.equal(registry.size, 0);
  });

  it("is forgotten after it has closed without a new user, and not opened for a user that left again", async () => {
    const registry = new SharedLines();
    const transport = new FakeTransport();
    transport.holdClose = true;
    const [a, b] = [new User(), new User()];
    const line = registry.lineFor(transport);
    await line.attach(a, attach);
    const leaving = line.detach(a);
    const coming = assert.rejects(line.attach(b, attach), { code: "DLMS_STATE_CLOSED" });
    await line.detach(b);
    assert.equal(registry.size, 1);
    transport.closing?.();
    await Promise.all([leaving, coming]);
    assert.deepEqual(transport.log, ["open", "close", "closed"]);
    assert.equal(registry.size, 0);
  });
});
