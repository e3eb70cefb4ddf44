/** Detection of half-open connections to a gateway. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../src/client";
import { findAddress } from "../../src/client/diagnosis/find-address";
import { SharedLines } from "../../src/driver/shared-line";
import type { ConnectOptions } from "../../src/client/options/options";
import { DlmsError } from "../../src/errors";
import { createMeter } from "../../src/simulator";
import { memoryTransport, type Transport } from "../../src/transport";
import { register, registerRef } from "../support/meters";
import { VirtualClock } from "../support/virtual-clock";

const response = 1000;
const timeouts = { response, retries: 0, connect: 1000, reconnectMin: 200, reconnectMax: 5000, close: 500 };

interface Gateway {
  readonly clock: VirtualClock;
  readonly transport: Transport;
  readonly lines: SharedLines;
  readonly clients: readonly DlmsClient[];
  /** connections so far */
  readonly opened: () => number;
  /** From now on the open connections stay open, but deliver no answers. */
  readonly swallow: () => void;
  /** meters without power */
  readonly dead: Set<number>;
}

/** A gateway on one port, with meters 1..count. */
function gateway(
  count: number,
  framing: "WRAPPER" | "HDLC",
  options: (server: number) => Partial<ConnectOptions> = () => ({}),
  kind: Transport["kind"] = "tcp",
): Gateway {
  const clock = new VirtualClock();
  const lines = new SharedLines();
  const dead = new Set<number>();
  const meters = Array.from({ length: count }, (_, n) =>
    createMeter(
      {
        framing,
        serverAddress: n + 1,
        associations: [{ client: 16 }, { client: 17, mechanism: "hls-md5", secret: "secret" }],
        objects: [register("1.0.1.8.0.255", 1000 * (n + 1))],
      },
      { clock },
    ),
  );
  let opened = 0;
  let swallowed = 0;
  const memory = memoryTransport((line) => {
    const own = ++opened;
    const peers = meters.map((meter, n) =>
      meter.connect({
        send: (bytes) => {
          if (own > swallowed && !dead.has(n + 1)) line.send(bytes);
        },
        drop: (reason) => {
          line.drop(reason);
        },
      }),
    );
    return {
      receive: (bytes) => {
        // the wrapper's header has the server in its bytes 4 and 5; HDLC stations look for themselves
        const to = framing === "WRAPPER" ? ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0) : undefined;
        for (const [n, peer] of peers.entries()) if (to === undefined || to === n + 1) peer.receive(bytes);
      },
      closed: () => {
        for (const peer of peers) peer.closed();
      },
    };
  }, "gateway");
  const transport: Transport = { ...memory, kind, lineKey: "gateway" };
  const clients = meters.map(
    (_, n) =>
      new DlmsClient(
        {
          transport,
          link: framing === "HDLC" ? { kind: "hdlc" } : { kind: "wrapper" },
          client: { sap: 16 },
          server: { logical: n + 1 },
          clock,
          timeouts,
          random: (length) => new Uint8Array(length).fill(0xff),
          ...options(n + 1),
        },
        { lines },
      ),
  );
  const swallow = (): void => {
    swallowed = opened;
  };
  return { clock, transport, lines, clients, opened: () => opened, swallow, dead };
}

const at = (clients: readonly DlmsClient[], server: number): DlmsClient => {
  const one = clients[server - 1];
  assert.ok(one !== undefined);
  return one;
};

/** The value that was read, or the code of the error. */
const ask = async ({ clock }: Gateway, client: DlmsClient): Promise<unknown> =>
  clock.runUntil(
    client.read(registerRef(0)).then(
      ({ value }) => value,
      (error: unknown) => (error instanceof DlmsError ? error.code : error),
    ),
  );

/** Reads all meters at once. */
const askAll = (one: Gateway): Promise<unknown[]> =>
  one.clock.runUntil(Promise.all(one.clients.map((c) => ask(one, c))));

const valuesOf = (count: number): number[] => Array.from({ length: count }, (_, n) => 100 * (n + 1));

async function end({ clock, clients, lines }: Gateway): Promise<void> {
  await clock.runUntil(Promise.all(clients.map((client) => client.close())));
  assert.deepEqual([clock.pending, lines.size], [0, 0]);
}

describe("a half-open connection to a gateway", () => {
  for (const framing of ["WRAPPER", "HDLC"] as const) {
    for (const count of [1, 2, 8]) {
      it(`is given up when ${count} meters stop answering, and every client recovers (${framing})`, async () => {
        const one = gateway(count, framing);
        const { clock, clients, opened, swallow } = one;
        assert.deepEqual(await askAll(one), valuesOf(count));
        assert.equal(opened(), 1);
        swallow();
        const broke = clock.now();
        // each asks again and again, as flows do
        let stop = false;
        const back = clients.map(async (client, n) => {
          while (!stop) {
            const reading = await client.read(registerRef(0)).catch(() => undefined);
            if (reading?.value === 100 * (n + 1)) return;
            await new Promise<void>((resolve) => clock.setTimeout(resolve, 300));
          }
        });
        await clock.runUntil(Promise.all(back), 60_000).finally(() => {
          stop = true;
        });
        assert.ok(clock.now() - broke <= 5 * response, `${clock.now() - broke} ms`);
        assert.equal(opened(), 2);
        await end(one);
      });
    }
  }

  it("is given up too when only one of its users sends requests", async () => {
    const one = gateway(4, "WRAPPER");
    const { clock, clients, opened, swallow } = one;
    await askAll(one);
    swallow();
    const lost: string[] = [];
    at(clients, 2).on("state", ({ error }) => {
      if (error !== undefined) lost.push(error.message);
    });
    for (let round = 0; round < 3; round++) {
      await ask(one, at(clients, 1));
      // beyond the pause, after which it retries automatically
      await clock.tickAsync(6000);
    }
    assert.equal(await ask(one, at(clients, 1)), 100);
    assert.equal(opened(), 2);
    assert.equal(lost.length, 1);
    assert.match(lost[0] ?? "", /^gateway: the connection was closed after 4 consecutive frames/);
    assert.deepEqual(await askAll(one), valuesOf(4));
    assert.deepEqual(lost.length, 1);
    await end(one);
  });

  it("is given up when no meter ever answered on it and every client has tried", async () => {
    const one = gateway(3, "WRAPPER");
    const { clock, opened, dead } = one;
    for (const server of [1, 2, 3]) dead.add(server);
    await askAll(one);
    await clock.tickAsync(10_000);
    assert.ok(opened() > 1);
    dead.clear();
    await clock.tickAsync(10_000);
    assert.deepEqual(await askAll(one), valuesOf(3));
    await end(one);
  });

  it("is not assumed for a dead meter: the others keep their associations", async () => {
    const one = gateway(6, "WRAPPER");
    const { clock, clients, opened, dead } = one;
    dead.add(1).add(2);
    const first = await askAll(one);
    assert.deepEqual(first.slice(2), valuesOf(6).slice(2));
    for (let round = 0; round < 10; round++) {
      // the dead meters are read one after the other while all others are silent
      for (const server of [1, 2, 1, 2]) await ask(one, at(clients, server));
      await clock.tickAsync(6000);
      const values = await askAll(one);
      assert.deepEqual(values.slice(2), valuesOf(6).slice(2));
    }
    assert.equal(opened(), 1);
    assert.deepEqual(
      clients.map(({ statistics }) => statistics.associations),
      [0, 0, 1, 1, 1, 1],
    );
    await end(one);
  });

  it("may be assumed once when a meter dies while no other meter is asked", async () => {
    const one = gateway(4, "HDLC");
    const { clock, clients, opened, dead } = one;
    await askAll(one);
    dead.add(1);
    for (let round = 0; round < 10; round++) {
      for (let tries = 0; tries < 4; tries++) {
        await ask(one, at(clients, 1));
        await clock.tickAsync(6000);
      }
      assert.deepEqual((await askAll(one)).slice(1), valuesOf(4).slice(1));
    }
    // a client that is alone on the line closes its connection itself
    assert.ok(opened() > 2);
    assert.deepEqual(
      clients.map(({ statistics }) => statistics.associations),
      [1, 2, 2, 2],
    );
    await end(one);
  });

  it("is never assumed on a serial line", async () => {
    const one = gateway(3, "HDLC", undefined, "serial");
    const { clock, clients, opened, dead } = one;
    await askAll(one);
    for (const server of [1, 2]) dead.add(server);
    for (let round = 0; round < 4; round++) {
      for (const server of [1, 2]) await ask(one, at(clients, server));
      await clock.tickAsync(6000);
    }
    assert.equal(opened(), 1);
    await end(one);
  });

  it("is never assumed during an address search", async () => {
    const one = gateway(1, "HDLC");
    const { clock, transport, lines, opened } = one;
    const candidates = [5, 6, 7, 8, 1].map((logical) => ({ logical, why: "to be tried" }));
    const answered = await clock.runUntil(
      (async () => {
        const found: boolean[] = [];
        const search = { transport, clock, candidates, link: { kind: "hdlc" } } as const;
        for await (const trial of findAddress(search, {}, { lines })) found.push(trial.answered);
        return found;
      })(),
    );
    assert.deepEqual(answered, [false, false, false, false, true]);
    assert.equal(opened(), 1);
    await end(one);
  });

  it("does not lock a client out while its proof is queued", async () => {
    const secret = { client: { sap: 17 }, auth: { mechanism: "hls-md5", secret: "secret" } } as const;
    const one = gateway(4, "WRAPPER", (server) => (server === 1 ? secret : {}));
    const { clock, clients, opened, dead } = one;
    const others = [2, 3, 4].map((server) => at(clients, server));
    await clock.runUntil(Promise.all(others.map((client) => client.open())));
    for (const server of [2, 3, 4]) dead.add(server);
    let refused = 0;
    at(clients, 1).on("state", (event) => {
      if (event.refused === true) refused++;
    });
    const asked: Promise<unknown>[] = [];
    // its association request is answered; then those that are silent now have their turns before the proof
    at(clients, 1).on("trace", (event) => {
      if (asked.length > 0 || event.kind !== "bytes" || event.layer !== "apdu" || event.direction !== "out") return;
      asked.push(...others.map((client) => ask(one, client)));
    });
    const error = await clock.runUntil(
      at(clients, 1)
        .open()
        .catch((reason: unknown) => reason),
    );
    assert.ok(error instanceof DlmsError);
    assert.equal(error.code, "DLMS_CONN_LOST");
    await clock.runUntil(Promise.all(asked));
    assert.equal(opened(), 2);
    assert.equal(refused, 0);
    await clock.tickAsync(1000);
    assert.equal(await ask(one, at(clients, 1)), 100);
    await end(one);
  });
});
