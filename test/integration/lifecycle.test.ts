/** The life of a client: queue, connection, close and events. */
import assert from "node:assert/strict";
import { DlmsError } from "../../src/errors";
import type { StateEvent } from "../../src/client";
import type { Behaviour } from "../../src/simulator";
import { memoryTransport, type Transport } from "../../src/transport";
import { DlmsConnectionError } from "../../src/errors";
import { bench, number, registerRef, requests, silentWhen } from "../support/meters";
import { settle } from "../support/virtual-clock";

const failureOf = (promise: Promise<unknown>): Promise<DlmsError> =>
  promise.then(
    (value) => assert.fail(`a value came: ${JSON.stringify(value)}`),
    (error: unknown) => {
      assert.ok(error instanceof DlmsError, `not of the family: ${String(error)}`);
      return error;
    },
  );

const statesOf = (events: readonly StateEvent[]): string[] =>
  events.map((event) => (event.nextTryInMs === undefined ? event.state : `${event.state} ${event.nextTryInMs}`));

/** A transport that fails `times` times, then is the given one. */
function failing(transport: Transport, times: number): Transport & { tries: number } {
  const wrapped = {
    ...transport,
    tries: 0,
    open: ((events, options) => {
      wrapped.tries++;
      if (wrapped.tries <= times) {
        return Promise.reject(new DlmsConnectionError("CONN_REFUSED", "memory: refused"));
      }
      return transport.open(events, options);
    }) as Transport["open"],
  };
  return wrapped;
}

describe("the life of a client", () => {
  describe("queue", () => {
    it("coalesces equal queued reads into one request and answers each caller", async () => {
      const { client, clock, meter } = bench();
      await clock.runUntil(client.open());
      meter.forgetReceived();
      const all = Promise.all([1, 2, 3, 4].map(() => client.read(registerRef(0))));
      const readings = await clock.runUntil(all);
      assert.deepEqual(
        readings.map((one) => one.value),
        [100, 100, 100, 100],
      );
      assert.equal(requests(meter).length, 1);
      await clock.runUntil(client.close());
    });

    it("does not answer a read with a value requested before a write", async () => {
      const objects = [{ classId: 1, logicalName: "1.0.0.0.0.255", attributes: { 2: number(1) }, writable: [2] }];
      const { client, clock } = bench({ objects });
      const ref = { classId: 1, logicalName: "1.0.0.0.0.255", attributeId: 2 };
      const before = client.read(ref);
      const write = client.write(ref, number(2));
      const after = client.read(ref);
      await clock.runUntil(Promise.all([before, write, after]));
      assert.equal((await before).value, 1);
      assert.equal((await after).value, 2);
      await clock.runUntil(client.close());
    });

    it("rejects one request beyond its limit and answers the others", async () => {
      const { client, clock } = bench({}, { queueLimit: 3 });
      const first = client.read(registerRef(0));
      const second = client.read(registerRef(1));
      const third = client.read(registerRef(2));
      const error = await failureOf(client.read(registerRef(3)));
      assert.equal(error.code, "DLMS_STATE_QUEUE_FULL");
      assert.match(error.message, /^the queue is full: 3 requests are waiting \(read 1-0:1\.8\.3\*255\/2\)/);
      await clock.runUntil(Promise.all([first, second, third]));
      await clock.runUntil(client.close());
    });

    it("drops a queued request that is aborted and rejects with the unchanged reason", async () => {
      const { client, clock, meter } = bench();
      await clock.runUntil(client.open());
      meter.forgetReceived();
      const abort = new AbortController();
      const first = client.read(registerRef(0));
      const second = client.read(registerRef(1), { signal: abort.signal });
      const reason = { my: "reason" };
      abort.abort(reason);
      await assert.rejects(second, (error) => error === reason);
      await clock.runUntil(first);
      await clock.runUntil(client.read(registerRef(2)));
      const asked = meter.received.flatMap((item) =>
        item.kind === "apdu" && item.apdu.apdu === "get-request-with-list" ? item.apdu.attributes : [],
      );
      assert.ok(asked.every((one) => one.instanceId[4] !== 1));
      await clock.runUntil(client.close());
    });

    it("rejects an already aborted signal without asking", async () => {
      const { client, meter } = bench();
      const reason = new Error("no");
      await assert.rejects(
        client.read(registerRef(0), { signal: AbortSignal.abort(reason) }),
        (error) => error === reason,
      );
      assert.equal(meter.counters.connections, 0);
      await client.close();
    });

    it("never returns the answer of an aborted request to the next one", async () => {
      const slow: Behaviour = {
        name: "slow",
        frameOut: (frame) => [{ kind: "send", bytes: frame, delayMs: 1000 }],
      };
      const { client, clock } = bench({}, {}, [slow]);
      await clock.runUntil(client.readMany([0, 1, 2].map((n) => registerRef(n))));
      const abort = new AbortController();
      const first = client.read(registerRef(0), { signal: abort.signal });
      first.catch(() => undefined);
      await clock.tickAsync(500);
      abort.abort(new Error("enough"));
      await assert.rejects(first, /enough/);
      const second = await clock.runUntil(client.read(registerRef(1)));
      assert.equal(second.value, 100.1);
      assert.equal(client.statistics.associations, 1);
      await clock.runUntil(client.close());
    });

    it("applies the time-out of an operation to its time in the queue too", async () => {
      const { client, clock } = bench({}, {}, [silentWhen((apdu) => apdu.startsWith("get"))]);
      await clock.runUntil(client.open());
      void client.read(registerRef(0)).catch(() => undefined);
      const waiting = failureOf(client.read(registerRef(1), { timeoutMs: 1500 }));
      await clock.tickAsync(1500);
      const error = await waiting;
      assert.equal(error.code, "DLMS_TIMEOUT_RESPONSE");
      assert.match(error.message, /^not finished within 1500 ms, .*\(read 1-0:1\.8\.1\*255\/2\)/);
      await clock.runUntil(client.close());
      assert.equal(clock.pending, 0);
    });
  });

  describe("connection", () => {
    it("retries a read once on a new association when the connection is lost before the answer", async () => {
      const { client, clock, meter } = bench();
      await clock.runUntil(client.read(registerRef(0)));
      const retries: string[] = [];
      client.on("retry", (event) => retries.push(`${event.what}: ${event.error.code}`));
      let broken = false;
      meter.use({
        name: "cable pulled",
        frameOut: (frame) => {
          if (broken) return [{ kind: "send", bytes: frame }];
          broken = true;
          return [{ kind: "close", reason: "cable pulled" }];
        },
      });
      assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
      assert.deepEqual(retries, ["read 1-0:1.8.0*255/2: DLMS_CONN_LOST"]);
      assert.equal(client.statistics.associations, 2);
      await clock.runUntil(client.close());
    });

    it("never retries a write", async () => {
      const objects = [{ classId: 1, logicalName: "1.0.0.0.0.255", attributes: { 2: number(1) }, writable: [2] }];
      const { client, clock, meter } = bench({ objects });
      const ref = { classId: 1, logicalName: "1.0.0.0.0.255", attributeId: 2 };
      await clock.runUntil(client.read(ref));
      meter.use({ name: "break", request: (request) => (request.apdu === "set-request-normal" ? [] : undefined) });
      const error = await failureOf(clock.runUntil(client.write(ref, number(2))));
      assert.equal(error.code, "DLMS_WRITE_OUTCOME_UNKNOWN");
      assert.equal(requests(meter).filter((one) => one === "set-request-normal").length, 1);
      await clock.runUntil(client.close());
    });

    it("reconnects after the meter restarted", async () => {
      const { client, clock, meter } = bench();
      await clock.runUntil(client.read(registerRef(0)));
      meter.restart();
      assert.equal((await clock.runUntil(client.read(registerRef(1)))).value, 100.1);
      assert.equal(client.statistics.associations, 2);
      await clock.runUntil(client.close());
    });

    it("notices a connection that ends while idle, and reconnects for the next request", async () => {
      const { client, clock, meter } = bench();
      const states: StateEvent[] = [];
      await clock.runUntil(client.open());
      client.on("state", (event) => states.push(event));
      meter.use({ name: "drop", frameOut: () => [{ kind: "close", reason: "timed out" }] });
      meter.push(Uint8Array.of(0x0f, 0, 0, 0, 0, 0, 0));
      await settle();
      assert.deepEqual(statesOf(states), ["idle"]);
      assert.equal(states[0]?.error?.code, "DLMS_CONN_LOST");
      await clock.runUntil(client.close());
    });

    it("backs off after each failure, reports it, and fails fast in between", async () => {
      const inner = bench();
      const transport = failing(inner.meter.transport(), 4);
      const { client, clock } = bench({}, { transport, timeouts: { reconnectMin: 1000, reconnectMax: 4000 } });
      const states: StateEvent[] = [];
      client.on("state", (event) => states.push(event));
      const first = await failureOf(clock.runUntil(client.read(registerRef(0))));
      assert.equal(first.code, "DLMS_CONN_REFUSED");
      await clock.tickAsync(400);
      const second = await failureOf(client.read(registerRef(0)));
      assert.equal(second.code, "DLMS_CONN_REFUSED");
      assert.match(second.message, /memory: refused; the next try is in 1 s/);
      assert.equal(transport.tries, 1);
      await clock.tickAsync(20_000);
      assert.equal(client.state, "open");
      assert.deepEqual(statesOf(states), [
        "connecting",
        "reconnecting 1000",
        "reconnecting",
        "reconnecting 2000",
        "reconnecting",
        "reconnecting 4000",
        "reconnecting",
        "reconnecting 4000",
        "reconnecting",
        "open",
      ]);
      await clock.runUntil(client.close());
      assert.equal(clock.pending, 0);
      await inner.client.close();
    });

    it("does not resend a rejected password automatically, and after 5 minutes only on request", async () => {
      const { client, clock, meter } = bench(
        { associations: [{ client: 16, mechanism: "lls", secret: "right" }] },
        { auth: { mechanism: "lls", secret: "wrong" } },
      );
      const first = await failureOf(clock.runUntil(client.read(registerRef(0))));
      assert.equal(first.code, "DLMS_ASSOC_AUTH_FAILED");
      assert.ok(!first.message.includes("wrong") || first.message.includes("is wrong"));
      assert.equal(client.state, "idle");
      assert.equal(clock.pending, 0);
      await clock.tickAsync(299_000);
      const second = await failureOf(client.read(registerRef(0)));
      assert.equal(second.code, "DLMS_ASSOC_AUTH_FAILED");
      assert.match(second.message, /not tried again automatically/);
      assert.equal(requests(meter).filter((one) => one === "aarq").length, 1);
      await clock.tickAsync(2000);
      await failureOf(clock.runUntil(client.read(registerRef(0))));
      assert.equal(requests(meter).filter((one) => one === "aarq").length, 2);
      await clock.runUntil(client.close());
    });

    it("disconnects after the idle time and keeps no resources", async () => {
      const { client, clock, meter } = bench({}, { timeouts: { idle: 5000 } });
      await clock.runUntil(client.read(registerRef(0)));
      await clock.tickAsync(4000);
      await clock.runUntil(client.read(registerRef(0)));
      await clock.tickAsync(4999);
      assert.equal(client.state, "open");
      await clock.tickAsync(1);
      assert.equal(client.state, "idle");
      assert.ok(requests(meter).includes("rlrq"));
      assert.equal(meter.counters.openConnections, 0);
      assert.equal(clock.pending, 0);
      await client.close();
    });

    it("reports an association request without an answer", async () => {
      const { client, clock } = bench({}, { server: { logical: 2 } });
      const error = await failureOf(clock.runUntil(client.read(registerRef(0))));
      assert.equal(error.code, "DLMS_TIMEOUT_ASSOCIATE");
      assert.match(error.message, /check client and server address/);
      assert.doesNotMatch(error.message, /line works|wiring/);
      await clock.runUntil(client.close());
    });

    it("reports that the link is up when only the association request has no answer", async () => {
      const { client, clock } = bench({ framing: "HDLC" }, {}, [
        { name: "deaf", frameIn: ({ frame }) => (frame === "SNRM" || frame === "DISC" ? undefined : "drop") },
      ]);
      const error = await failureOf(clock.runUntil(client.read(registerRef(0))));
      assert.equal(error.code, "DLMS_TIMEOUT_ASSOCIATE");
      assert.match(error.message, /answered the link set-up \(UA\), but not the association request/);
      assert.doesNotMatch(error.message, /wiring|baud rate|no bytes received/);
      await clock.runUntil(client.close());
    });

    it("names the protocol of the bytes that arrived before the peer closed the connection", async () => {
      const transport = memoryTransport((line) => ({
        receive: () => {
          line.send(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"));
          line.drop("closed by the other side");
        },
        closed: () => undefined,
      }));
      const { client, clock } = bench({ framing: "HDLC" }, { transport });
      const error = await failureOf(clock.runUntil(client.read(registerRef(0))));
      assert.equal(error.code, "DLMS_CONN_LOST");
      assert.match(error.message, /looks like HTTP: the device at the other end does not speak DLMS/);
      await clock.runUntil(client.close());
    });

    it("closes within its time-out although the transport neither opens nor fails", async () => {
      const { meter } = bench();
      const transport: Transport = { ...meter.transport(), open: () => new Promise(() => undefined) };
      const { client, clock } = bench({}, { transport });
      client.read(registerRef(0)).catch(() => undefined);
      await settle();
      const start = clock.now();
      await clock.runUntil(client.close());
      assert.ok(clock.now() - start <= 2000, `${clock.now() - start} ms`);
      assert.equal(client.state, "closed");
    });

    it("reports an unknown client address", async () => {
      const { client, clock } = bench({}, { client: { sap: 17 } });
      const error = await failureOf(clock.runUntil(client.read(registerRef(0))));
      assert.match(error.code, /^DLMS_ASSOC_/);
      await clock.runUntil(client.close());
    });
  });

  describe("close", () => {
    it("releases the association, frees the line, rejects queued requests, and may be called again", async () => {
      const { client, clock, meter } = bench();
      await clock.runUntil(client.open());
      const waiting = [0, 1].map((n) => failureOf(client.read(registerRef(n))));
      const closing = client.close();
      assert.equal(client.state, "closing");
      for (const [n, error] of (await clock.runUntil(Promise.all(waiting))).entries()) {
        assert.equal(error.code, "DLMS_STATE_CLOSED");
        assert.equal(error.message, `client is closed (read 1-0:1.8.${n}*255/2)`);
      }
      await clock.runUntil(Promise.all([closing, client.close()]));
      assert.equal(client.state, "closed");
      assert.ok(requests(meter).includes("rlrq"));
      assert.equal(meter.associations, 0);
      assert.equal(meter.counters.openConnections, 0);
      assert.equal(clock.pending, 0);
      assert.equal((await failureOf(client.read(registerRef(0)))).code, "DLMS_STATE_CLOSED");
    });

    it("ends within its time-out when the meter is silent", async () => {
      const { client, clock, meter } = bench({}, {}, [silentWhen((apdu) => apdu !== "aarq")]);
      await clock.runUntil(client.open());
      const waiting = failureOf(client.read(registerRef(0)));
      await clock.tickAsync(100);
      const start = clock.now();
      const closing = client.close();
      assert.equal((await waiting).code, "DLMS_STATE_CLOSED");
      await clock.runUntil(closing);
      assert.equal(clock.now() - start, 2000);
      assert.equal(meter.counters.openConnections, 0);
      assert.equal(clock.pending, 0);
    });

    it("ends an attempt to connect", async () => {
      let aborted = false;
      const transport: Transport = {
        kind: "memory",
        endpoint: "nowhere",
        open: (_events, { signal }) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener("abort", () => {
              aborted = true;
              reject(signal.reason as Error);
            });
          }),
      };
      const { client, clock } = bench({}, { transport });
      const waiting = failureOf(client.read(registerRef(0)));
      await settle();
      await clock.runUntil(client.close());
      assert.equal((await waiting).code, "DLMS_STATE_CLOSED");
      assert.ok(aborted);
      assert.equal(clock.pending, 0);
    });

    it("ends the reconnect delay", async () => {
      const inner = bench();
      const { client, clock } = bench({}, { transport: failing(inner.meter.transport(), 99) });
      await failureOf(clock.runUntil(client.open()));
      assert.equal(clock.pending, 1);
      await clock.runUntil(client.close());
      assert.equal(clock.pending, 0);
      await inner.client.close();
    });

    it("has no effect on a client that never connected", async () => {
      const { client, meter } = bench();
      await client.close();
      assert.equal(client.state, "closed");
      assert.equal(meter.counters.connections, 0);
    });

    it("works with `await using`", async () => {
      const { client, clock } = bench();
      await clock.runUntil(client.open());
      await clock.runUntil(client[Symbol.asyncDispose]());
      assert.equal(client.state, "closed");
    });
  });

  describe("events", () => {
    it("survive a listener that throws, and end with its unsubscribe", async () => {
      const said: string[] = [];
      const logger = {
        debug: () => undefined,
        info: () => undefined,
        warn: () => undefined,
        error: (text: string | (() => string)) => said.push(typeof text === "string" ? text : text()),
      };
      const { client, clock } = bench({}, { logger });
      const seen: string[] = [];
      const off = client.on("state", () => {
        throw new Error("listener's own");
      });
      client.on("state", (event) => seen.push(event.state));
      await clock.runUntil(client.open());
      off();
      await clock.runUntil(client.close());
      assert.deepEqual(seen, ["connecting", "open", "closing", "closed"]);
      assert.deepEqual(said, [
        'simulated meter 1: a listener of "state" threw: listener\'s own',
        'simulated meter 1: a listener of "state" threw: listener\'s own',
      ]);
    });

    it("trace every frame and APDU, in order and in both directions", async () => {
      const { client, clock } = bench();
      const lines: string[] = [];
      client.on("trace", (event) => {
        if (event.kind === "bytes") lines.push(`${event.direction} ${event.layer} ${event.hex.slice(0, 4)}`);
      });
      await clock.runUntil(client.open());
      assert.deepEqual(lines, ["out apdu 601d", "out link 0001", "in link 0001", "in apdu 6129"]);
      await clock.runUntil(client.close());
    });

    it("trace no password", async () => {
      const { client, clock } = bench(
        { associations: [{ client: 16, mechanism: "lls", secret: "PASSWORD" }] },
        { auth: { mechanism: "lls", secret: "PASSWORD" } },
      );
      const seen: unknown[] = [];
      client.on("trace", (event) => seen.push(event));
      await clock.runUntil(client.open());
      assert.ok(seen.length >= 4);
      assert.match(JSON.stringify(seen), /\*\*/);
      assert.doesNotMatch(JSON.stringify(seen), /PASSWORD|50415353574f5244/i);
      await clock.runUntil(client.close());
    });

    it("deliver unsolicited reports of the meter", async () => {
      const { client, clock, meter } = bench();
      const seen: string[] = [];
      client.on("notification", (event) => seen.push(event.apdu.apdu));
      await clock.runUntil(client.open());
      meter.push(Uint8Array.of(0x0f, 0, 0, 0, 1, 0, 0x11, 5));
      await settle();
      assert.deepEqual(seen, ["data-notification"]);
      assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
      await clock.runUntil(client.close());
    });
  });
});
