/** The rules that every transport keeps, whatever carries the bytes: one suite, run against each of them. */
import assert from "node:assert/strict";
import { DlmsConnectionError, DlmsTimeoutError } from "../../src/errors";
import type { Connection, ConnectionEvents, Transport } from "../../src/transport";
import { VirtualClock } from "./virtual-clock";

/** The other end of the transport under test. */
export interface FarEnd {
  /** A transport to this end, on the given clock. */
  readonly transport: (clock?: VirtualClock) => Transport;
  /** Resolves when exactly these bytes have arrived next. */
  readonly received: (bytes: readonly number[]) => Promise<void>;
  /** Sends bytes to the connection opened last. */
  readonly send: (bytes: readonly number[]) => void;
  /** Breaks the connection opened last, like a pulled cable; `connection` may be written to. */
  readonly breakOff: (connection: Connection) => void;
  readonly stop: () => Promise<void>;
}

export interface TransportSubject {
  readonly name: string;
  readonly kind: Transport["kind"];
  /** A transport that opens slowly, so that it can time out and be aborted. */
  readonly opensLater: boolean;
  readonly start: () => Promise<FarEnd>;
  /** A transport to a closed port, where the transport can detect that. */
  readonly nowhere?: () => Promise<Transport>;
}

const timeoutMs = 5000;

/** The events of a connection. */
class Owner implements ConnectionEvents {
  readonly bytes: number[] = [];
  readonly losses: Error[] = [];
  #waiting: { readonly condition: () => boolean; readonly resolve: () => void }[] = [];

  readonly data = (bytes: Uint8Array): void => {
    assert.ok(bytes instanceof Uint8Array && !Buffer.isBuffer(bytes), "no Buffer goes up");
    this.bytes.push(...bytes);
    this.#changed();
  };

  readonly lost = (error: DlmsConnectionError): void => {
    this.losses.push(error);
    this.#changed();
  };

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ condition, resolve });
      this.#changed();
    });
  }

  #changed(): void {
    const met = this.#waiting.filter(({ condition }) => condition());
    this.#waiting = this.#waiting.filter((waiting) => !met.includes(waiting));
    for (const { resolve } of met) resolve();
  }
}

/** Declares the suite for one transport. */
export function transportCompliance(subject: TransportSubject): void {
  describe(`${subject.name} as a transport`, () => {
    let far: FarEnd;

    beforeEach(async () => {
      far = await subject.start();
    });

    afterEach(() => far.stop());

    const open = (owner: ConnectionEvents): Promise<Connection> => far.transport().open(owner, { timeoutMs });

    /** Checks that a connection carries bytes in both directions. */
    const exchange = async (connection: Connection, owner: Owner, bytes: readonly number[]): Promise<void> => {
      const had = owner.bytes.length;
      const came = far.received(bytes);
      connection.write(Uint8Array.from(bytes));
      await came;
      far.send([...bytes].reverse());
      await owner.until(() => owner.bytes.length >= had + bytes.length);
      assert.deepEqual(owner.bytes.slice(had), [...bytes].reverse());
    };

    it("names its kind, and its endpoint by it", () => {
      const transport = far.transport();
      assert.equal(transport.kind, subject.kind);
      assert.ok(transport.endpoint.startsWith(subject.kind), transport.endpoint);
    });

    it("carries bytes both ways, and settles draining and switching the line", async () => {
      const owner = new Owner();
      const connection = await open(owner);
      await exchange(connection, owner, [1, 2, 0, 0xff]);
      await connection.drain();
      await connection.setLine({ baudRate: 9600, dataBits: 8, parity: "none" });
      await exchange(connection, owner, [0x7e, 0x80]);
      await connection.close();
      assert.deepEqual(owner.losses, []);
    });

    it("closes on every request, without reporting a loss", async () => {
      const owner = new Owner();
      const connection = await open(owner);
      await Promise.all([connection.close(), connection.close()]);
      await connection.close();
      assert.deepEqual(owner.losses, []);
    });

    it("ignores all calls after its close", async () => {
      const owner = new Owner();
      const connection = await open(owner);
      await exchange(connection, owner, [1, 2]);
      const { length } = owner.bytes;
      const closing = connection.close();
      far.send([3, 4]);
      connection.write(Uint8Array.of(5));
      await closing;
      await connection.drain();
      await connection.setLine({ baudRate: 9600, dataBits: 8, parity: "none" });
      // a second connection that works is proof that the first one had its time
      const next = new Owner();
      const again = await open(next);
      await exchange(again, next, [6, 7]);
      await again.close();
      assert.deepEqual([owner.bytes.length, owner.losses], [length, []]);
    });

    it("opens again after it was closed, each connection on its own", async () => {
      for (let turn = 0; turn < 3; turn++) {
        const owner = new Owner();
        const connection = await open(owner);
        await exchange(connection, owner, [turn, 9]);
        await connection.close();
      }
    });

    it("reports a loss once, as a typed error with its endpoint, and opens again", async () => {
      const owner = new Owner();
      const connection = await open(owner);
      await exchange(connection, owner, [1]);
      far.breakOff(connection);
      await owner.until(() => owner.losses.length > 0);
      connection.write(Uint8Array.of(1));
      await connection.drain();
      await connection.close();
      await connection.close();
      assert.equal(owner.losses.length, 1);
      const [error] = owner.losses;
      assert.ok(error instanceof DlmsConnectionError);
      assert.ok(error.message.startsWith(far.transport().endpoint), error.message);
      await far.stop();
      far = await subject.start();
      const next = new Owner();
      const again = await open(next);
      await exchange(again, next, [2]);
      await again.close();
    });

    it("does not open when it was aborted before, and reports the reason", async () => {
      const reason = new Error("not wanted any more");
      const opening = far.transport().open(new Owner(), { timeoutMs, signal: AbortSignal.abort(reason) });
      await assert.rejects(opening, (error) => error === reason);
    });

    if (subject.opensLater) {
      it("ends its opening when it is aborted, reports the reason, and opens again", async () => {
        const reason = new Error("not wanted any more");
        const controller = new AbortController();
        const opening = far.transport().open(new Owner(), { timeoutMs, signal: controller.signal });
        controller.abort(reason);
        await assert.rejects(opening, (error) => error === reason);
        const owner = new Owner();
        const connection = await open(owner);
        await exchange(connection, owner, [1, 2]);
        await connection.close();
      });

      it("ends its opening in time, and leaves no timer", async () => {
        const clock = new VirtualClock();
        const opening = far.transport(clock).open(new Owner(), { timeoutMs: 700 });
        const ended = assert.rejects(opening, (error) => {
          assert.ok(error instanceof DlmsTimeoutError, String(error));
          assert.equal(error.code, "DLMS_TIMEOUT_CONNECT");
          return true;
        });
        await untilTimer(clock);
        clock.tick(700);
        await ended;
        assert.equal(clock.pending, 0);
      });
    }

    const { nowhere } = subject;
    if (nowhere !== undefined) {
      it("rejects with a typed error if there is no peer", async () => {
        const transport = await nowhere();
        await assert.rejects(transport.open(new Owner(), { timeoutMs }), (error) => {
          assert.ok(error instanceof DlmsConnectionError, String(error));
          assert.match(error.code, /^DLMS_CONN_/);
          assert.ok(error.message.startsWith(transport.endpoint), error.message);
          return true;
        });
      });
    }
  });
}

/** Lets a transport act before its time-out starts, within the same turn of the event loop. */
async function untilTimer(clock: VirtualClock): Promise<void> {
  for (let turn = 0; clock.pending === 0 && turn < 20; turn++) await Promise.resolve();
  assert.ok(clock.pending > 0, "its opening has no time-out");
}
