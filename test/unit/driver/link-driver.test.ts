import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes/index";
import { LinkDriver } from "../../../src/driver/link-driver";
import { SharedLine, type LineUser } from "../../../src/driver/shared-line";
import { hdlcLink } from "../../../src/link/index";
import { memoryTransport } from "../../../src/transport/index";
import { hdlcFrame } from "../../support/hdlc-peer";
import { settle, VirtualClock } from "../../support/virtual-clock";

const client = "21";
const meter = "0223";

interface Rig {
  readonly clock: VirtualClock;
  readonly line: SharedLine;
  readonly channel: LinkDriver;
  /** to the client, in hex */
  readonly say: (hex: string) => void;
  readonly sent: string[];
  readonly notifications: string[];
  readonly downs: string[];
}

/** A channel to meter 1/17 whose HDLC link is up; the test scripts the meter. */
async function up(): Promise<Rig> {
  const clock = new VirtualClock();
  const sent: string[] = [];
  let say = (_hex: string): void => undefined;
  const transport = memoryTransport((peer) => {
    say = (hex) => {
      peer.send(fromHex(hex));
    };
    return {
      receive: (bytes) => {
        sent.push(toHex(bytes));
      },
      closed: () => undefined,
    };
  }, "channel");
  const line = new SharedLine(transport);
  const notifications: string[] = [];
  const downs: string[] = [];
  const channel = new LinkDriver({
    line,
    link: hdlcLink({
      clientAddress: 16,
      server: { logical: 1, physical: 17 },
      timeouts: { response: 1000 },
      retries: 0,
    }),
    clock,
    traffic: { bytesIn: 0, bytesOut: 0, roundTrips: 0 },
    events: {
      notification: (apdu) => {
        notifications.push(toHex(apdu));
      },
      down: (error) => {
        downs.push(error.code);
      },
      frame: () => undefined,
      apdu: () => undefined,
      note: () => undefined,
    },
  });
  const opening = channel.open({ timeoutMs: 1000 });
  await settle();
  say(hdlcFrame(client, meter, 0x73));
  await opening;
  sent.length = 0;
  return {
    clock,
    line,
    channel,
    say: (hex) => {
      say(hex);
    },
    sent,
    notifications,
    downs,
  };
}

function neighbour(): LineUser & { readonly got: string[] } {
  const got: string[] = [];
  return {
    settings: undefined,
    got,
    data: (bytes) => {
      got.push(toHex(bytes));
    },
    lost: () => undefined,
  };
}

describe("a channel on a shared line that sends an unconfirmed APDU", () => {
  it("keeps the turn until the meter has acknowledged it", async () => {
    const { line, channel, say, sent } = await up();
    const other = neighbour();
    await line.attach(other, { timeoutMs: 1000 });
    const transmitted = channel.transmit(fromHex("c100"), {});
    let itsTurn = false;
    const turn = line.acquire(other)?.then(() => {
      itsTurn = true;
    });
    await settle();
    assert.equal(sent.length, 1);
    assert.equal(itsTurn, false, "the receive ready of the meter is still to come");
    say(hdlcFrame(client, meter, 0x31));
    await transmitted;
    await turn;
    assert.equal(itsTurn, true);
    assert.deepEqual(other.got, []);
  });

  it("returns the turn when no acknowledgement arrives, and reports it", async () => {
    const { clock, line, channel, downs } = await up();
    const other = neighbour();
    await line.attach(other, { timeoutMs: 1000 });
    await assert.rejects(clock.runUntil(channel.transmit(fromHex("c100"), {})), { layer: "link" });
    assert.deepEqual(downs, [], "whoever sent it knows");
    assert.equal(line.acquire(other), undefined);
    assert.equal(clock.pending, 0);
  });
});

describe("a time-out in a process that was held up", () => {
  const request = fromHex("c001c100");
  const answer = hdlcFrame(client, meter, 0x30, "e6e700c401c100");

  it("reads an answer that arrived in that time", async () => {
    const { clock, channel, say } = await up();
    const exchange = channel.exchange(request, {});
    await settle();
    clock.block(6000);
    clock.tick(0);
    say(answer);
    assert.equal(toHex(await exchange), "c401c100");
  });

  it("waits a little longer for an answer that takes several turns, and no longer than that", async () => {
    for (const [turn, answered] of [
      [99, true],
      [101, false],
    ] as const) {
      const { clock, channel, say } = await up();
      const exchange = channel.exchange(request, {});
      const outcome = exchange.then(
        () => true,
        () => false,
      );
      await settle();
      clock.block(6000);
      await clock.tickAsync(turn);
      say(answer);
      assert.equal(await outcome, answered);
      assert.equal(clock.pending, answered ? 1 : 0);
    }
  });

  it("also ends if every timer is late", async () => {
    const { clock, channel } = await up();
    const exchange = channel.exchange(request, {});
    const refused = assert.rejects(exchange, { code: "DLMS_TIMEOUT_RESPONSE" });
    for (let turn = 0; turn < 2; turn++) {
      clock.block(6000);
      await clock.tickAsync(0);
    }
    await refused;
    assert.equal(clock.pending, 0);
  });
});
