/** Several clients that share the keys of one meter. */
import assert from "node:assert/strict";
import { encodeApdu } from "../../../src/apdu";
import { fromHex } from "../../../src/bytes";
import { DlmsClient } from "../../../src/client";
import { SharedLines } from "../../../src/driver/shared-line";
import {
  KeySet,
  memoryCounterStore,
  memoryReceivedCounters,
  protect,
  type ReceivedCounterStore,
  securityControlByte,
} from "../../../src/security";
import { createMeter, type SimulatedMeter } from "../../../src/simulator";
import { memoryTransport, type Transport } from "../../../src/transport";
import type { MemoryLine } from "../../../src/transport/memory";
import { registerRef, registers } from "../../support/meters";
import { settle, VirtualClock } from "../../support/virtual-clock";
import { clientTitle, keys } from "./secured";

const meterTitle = fromHex("5348415245443031");
/** A push of the meter as it is on the line: glo-event-notification-request with `value`. */
function ciphered(value: number, invocationCounter: number): Uint8Array {
  const content = protect({
    plaintext: Uint8Array.of(0xc2, 0, 0, 3, 1, 0, 1, 8, 0, 255, 2, 0x11, value),
    keys: new KeySet(0, keys),
    suite: 0,
    systemTitle: meterTitle,
    securityControl: securityControlByte(0, "authenticated-encrypted"),
    invocationCounter,
    keyRole: "global",
  });
  return encodeApdu({ apdu: "service-ciphered", tag: 0xca, content });
}

const wpdu = (apdu: Uint8Array, client: number): Uint8Array =>
  Uint8Array.of(0, 1, 0, 1, 0, client, apdu.length >> 8, apdu.length & 0xff, ...apdu);

function makeMeter(clock: VirtualClock, invocationCounter: number): SimulatedMeter {
  const account = { policy: "authenticated-encrypted", suite: 0, ...keys } as const;
  return createMeter(
    {
      systemTitle: meterTitle,
      invocationCounter,
      associations: [
        { client: 1, ...account },
        { client: 2, ...account },
      ],
      objects: registers(3),
    },
    { clock },
  );
}

interface Wire {
  readonly transport: Transport;
  /** bytes to all that are on the wire */
  say(bytes: Uint8Array): void;
  /** while true, the meter's messages are held back */
  hold(held: boolean): void;
  /** messages of the meter */
  readonly recorded: Uint8Array[];
}

function wire(meter: SimulatedMeter, name: string): Wire {
  const lines = new Set<MemoryLine>();
  const recorded: Uint8Array[] = [];
  const waiting: (() => void)[] = [];
  let held = false;
  const transport = memoryTransport((line) => {
    lines.add(line);
    const send = (bytes: Uint8Array): void => {
      const copy = bytes.slice();
      recorded.push(copy);
      if (held) waiting.push(() => line.send(copy));
      else line.send(copy);
    };
    return meter.connect({ ...line, send });
  }, name);
  return {
    transport: { ...transport, lineKey: name },
    recorded,
    say: (bytes) => {
      for (const line of lines) line.send(bytes);
    },
    hold: (now) => {
      held = now;
      if (!held) for (const send of waiting.splice(0)) send();
    },
  };
}

interface Reader {
  readonly client: DlmsClient;
  readonly pushed: number[];
  readonly notes: string[];
}

/** one key, one counter */
const invocationCounter = memoryCounterStore();

function readers(
  clock: VirtualClock,
  places: readonly { readonly wire: Wire; readonly sap: number }[],
  receivedCounters: ReceivedCounterStore = memoryReceivedCounters(),
): Reader[] {
  const lines = new SharedLines();

  return places.map(({ wire: { transport }, sap }) => {
    const client = new DlmsClient(
      {
        transport,
        client: { sap, systemTitle: clientTitle },
        server: { logical: 1 },
        security: { suite: 0, policy: "authenticated-encrypted", ...keys, invocationCounter, receivedCounters },
        timeouts: { response: 5000, retries: 0 },
        clock,
      },
      { lines },
    );
    const reader: Reader = { client, pushed: [], notes: [] };
    client.on("notification", ({ apdu }) => {
      if (apdu.apdu === "event-notification") reader.pushed.push(apdu.data.at(-1) ?? -1);
    });
    client.on("trace", (event) => {
      if (event.kind === "note") reader.notes.push(event.text);
    });
    return reader;
  });
}

async function closed(clock: VirtualClock, all: readonly Reader[]): Promise<void> {
  await clock.runUntil(Promise.all(all.map(({ client }) => client.close())));
  assert.equal(clock.pending, 0);
}

describe("clients that share the keys of one meter", () => {
  it("each receive a ciphered push once", async () => {
    const clock = new VirtualClock();
    const line = wire(makeMeter(clock, 1), "shared-push");
    const [a, b] = readers(clock, [
      { wire: line, sap: 1 },
      { wire: line, sap: 2 },
    ]);
    assert.ok(a !== undefined && b !== undefined);
    for (const { client } of [a, b]) await clock.runUntil(client.open());
    const push = wpdu(ciphered(7, 1000), 102);
    line.say(push);
    await settle();
    assert.deepEqual([a.pushed, b.pushed], [[7], [7]], [...a.notes, ...b.notes].join("\n"));
    line.say(push);
    await settle();
    assert.deepEqual([a.pushed, b.pushed], [[7], [7]], "the copy is a replay for each");
    for (const { notes } of [a, b])
      assert.match(notes.join("\n"), /expected an invocation counter above \d+, got 1000/);
    await closed(clock, [a, b]);
  });

  it("reject a push recorded before their association, also one that arrives later over another line", async () => {
    const clock = new VirtualClock();
    const meter = makeMeter(clock, 1);
    const [first, second] = [wire(meter, "push-here"), wire(meter, "push-there")];
    const receivedCounters = memoryReceivedCounters();
    const [a, b, late] = readers(
      clock,
      [
        { wire: first, sap: 1 },
        { wire: second, sap: 2 },
        { wire: second, sap: 1 },
      ],
      receivedCounters,
    );
    assert.ok(a !== undefined && b !== undefined && late !== undefined);
    for (const { client } of [a, b]) await clock.runUntil(client.open());
    const apdu = ciphered(9, 1000);
    first.say(wpdu(apdu, 1));
    await settle();
    assert.deepEqual(a.pushed, [9]);
    await clock.tickAsync(60_000);
    second.say(wpdu(apdu, 2));
    await settle();
    assert.deepEqual(b.pushed, [], "a minute later it is no message that both hear");
    await closed(clock, [a, b, late]);
  });

  it("reach it over two lines at once, and accept an answer that the other line's has overtaken", async () => {
    const clock = new VirtualClock();
    const meter = makeMeter(clock, 500);
    const [slow, fast] = [wire(meter, "slow"), wire(meter, "fast")];
    const [a, b] = readers(clock, [
      { wire: slow, sap: 1 },
      { wire: fast, sap: 2 },
    ]);
    assert.ok(a !== undefined && b !== undefined);
    slow.hold(true);
    const opening = a.client.open();
    await settle();
    await clock.runUntil(b.client.open());
    slow.hold(false);
    await clock.runUntil(opening);
    slow.hold(true);
    const reading = a.client.read(registerRef(0));
    await settle();
    for (let n = 0; n < 3; n++) assert.equal((await clock.runUntil(b.client.read(registerRef(1)))).value, 100.1);
    slow.hold(false);
    assert.equal((await clock.runUntil(reading)).value, 100);
    assert.equal((await clock.runUntil(a.client.read(registerRef(2)))).value, 100.2);
    await closed(clock, [a, b]);
  });

  it("reject an answer that another line has already delivered", async () => {
    const clock = new VirtualClock();
    const meter = makeMeter(clock, 1);
    const [here, there] = [wire(meter, "here"), wire(meter, "there")];
    const [a, b] = readers(clock, [
      { wire: here, sap: 1 },
      { wire: there, sap: 2 },
    ]);
    assert.ok(a !== undefined && b !== undefined);
    for (const { client } of [a, b]) await clock.runUntil(client.open());
    await clock.runUntil(a.client.read(registerRef(0)));
    const stolen = here.recorded.at(-1);
    assert.ok(stolen !== undefined);
    there.hold(true);
    const reading = b.client.read(registerRef(1));
    await settle();
    const counter = new DataView(stolen.buffer, stolen.byteOffset).getUint32(11);
    there.say(Uint8Array.of(...stolen.slice(0, 5), 2, ...stolen.slice(6)));
    await settle();
    assert.match(b.notes.join("\n"), new RegExp(`expected an invocation counter above \\d+, got ${counter}`));
    there.hold(false);
    assert.equal((await clock.runUntil(reading)).value, 100.1);
    await closed(clock, [a, b]);
  });

  it("reject a message recorded before their association, although no client received it", async () => {
    const clock = new VirtualClock();
    const meter = makeMeter(clock, 500);
    const line = wire(meter, "withheld");
    const receivedCounters = memoryReceivedCounters();
    const withheld = wpdu(ciphered(3, 200), 1);
    const [first] = readers(clock, [{ wire: line, sap: 1 }], receivedCounters);
    assert.ok(first !== undefined);
    await clock.runUntil(first.client.open());
    await closed(clock, [first]);
    const [second] = readers(clock, [{ wire: line, sap: 1 }], receivedCounters);
    assert.ok(second !== undefined);
    await clock.runUntil(second.client.open());
    line.say(withheld);
    await settle();
    assert.deepEqual(second.pushed, []);
    await closed(clock, [second]);
  });
});
