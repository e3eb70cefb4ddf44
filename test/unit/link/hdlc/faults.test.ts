import assert from "node:assert/strict";
import { fromHex } from "../../../../src/bytes";
import { isDlmsError } from "../../../../src/errors";
import type { LinkOutput, LinkProtocol } from "../../../../src/link";
import { hdlcLink } from "../../../../src/link/hdlc";
import { toHex } from "../../../../src/bytes";
import { HdlcPeer } from "../../../support/hdlc-peer";

type Fault = "lost" | "doubled" | "corrupted" | "flag" | "silence";
type Direction = "out" | "in";
interface Plan {
  readonly direction: Direction;
  /** counted from the start of the session */
  readonly byte: number;
  readonly fault: Fault;
}

const requests = ["60" + "a1".repeat(40), "c001c100070100630100ff0200", "c001c200030100010800ff0200"];
/** 7E and format bytes inside, so that a damaged frame offers false starts. */
const long = "c401c1000982" + "00a0" + "7ea0237e0222a8".repeat(23).slice(0, 320);
const answers = new Map([
  [requests[0]!, "6129a109060760857405080101"],
  [requests[1]!, long],
  [requests[2]!, "c401c2000600001234"],
]);

/** A line with one fault in it, on virtual time; a byte takes a millisecond. */
class FaultyLine {
  now = 0;
  readonly counts = { out: 0, in: 0 };
  dead = false;
  #faulted = false;
  #due: { at: number; bytes: Uint8Array }[] = [];
  readonly #link: LinkProtocol;
  readonly #peer: HdlcPeer;
  readonly #plan: Plan | undefined;
  readonly #echo: boolean;
  readonly apdus: string[] = [];
  failure: unknown;
  state = "";

  weather: Weather | undefined;
  #lastArrival = 0;

  constructor(link: LinkProtocol, peer: HdlcPeer, plan: Plan | undefined, echo: boolean) {
    this.#link = link;
    this.#peer = peer;
    this.#plan = plan;
    this.#echo = echo;
  }

  #pass(bytes: Uint8Array, direction: Direction): Uint8Array {
    const out: number[] = [];
    for (const byte of bytes) {
      const at = this.counts[direction]++;
      const hit = this.#plan?.direction === direction && this.#plan.byte === at && !this.#faulted;
      if (hit) this.#faulted = true;
      if (hit && this.#plan.fault === "silence") this.dead = true;
      if (this.dead) continue;
      if (this.weather && this.weather.random() < this.weather.errorRate) {
        const kind = this.weather.random();
        if (kind < 0.4) out.push(byte ^ (1 << Math.floor(this.weather.random() * 8)));
        else if (kind < 0.7) out.push(byte, byte);
      } else if (!hit) out.push(byte);
      else if (this.#plan.fault === "doubled") out.push(byte, byte);
      else if (this.#plan.fault === "corrupted") out.push(byte ^ 0x24);
      else if (this.#plan.fault === "flag") out.push(byte === 0x7e ? 0xa0 : 0x7e);
    }
    return Uint8Array.from(out);
  }

  take(outputs: readonly LinkOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "transmit") this.#transmit(output.bytes);
      else if (output.kind === "apdu") this.apdus.push(toHex(output.apdu));
      else if (output.kind === "failed") this.failure = output.error;
    }
  }

  #transmit(bytes: Uint8Array): void {
    const arrived = this.#pass(bytes, "out");
    let at = this.now + bytes.length;
    if (this.#echo && !this.dead) this.#due.push({ at, bytes: arrived });
    for (const reply of this.#peer.receive(arrived)) {
      const coming = this.#pass(fromHex(reply), "in");
      at += 20 + coming.length + (this.weather ? Math.floor(this.weather.random() * this.weather.delay) : 0);
      // One line keeps the order of its bytes.
      this.#lastArrival = at = Math.max(at, this.#lastArrival + coming.length);
      if (coming.length > 0) this.#due.push({ at, bytes: coming });
    }
  }

  /** The line was idle for a while: no byte is in flight. */
  quiet(): void {
    this.#due = [];
    this.#lastArrival = this.now;
    this.#peer.silence();
  }

  /** Runs until the link is idle, or failed. */
  run(done: () => boolean): void {
    for (let steps = 0; !done() && this.failure === undefined; steps++) {
      assert.ok(steps < 5000, "no end within 5000 steps");
      this.#due.sort((a, b) => a.at - b.at);
      const next = this.#due[0];
      const deadline = this.#link.deadline;
      if (next && (deadline === undefined || next.at <= deadline)) {
        this.#due.shift();
        this.now = Math.max(this.now, next.at);
        this.take(this.#link.receive(next.bytes, this.now));
      } else {
        assert.ok(deadline !== undefined, `nothing is awaited in state ${this.#link.state}`);
        // A meter drops a frame that broke off.
        if (deadline - this.now > 100) this.#peer.silence();
        this.now = Math.max(this.now, deadline);
        this.take(this.#link.tick(this.now));
      }
    }
  }
}

/** A line on which any byte may be wrong and any answer late, by a source of numbers from 0 to 1. */
interface Weather {
  readonly random: () => number;
  readonly errorRate: number;
  /** the meter's delay, at most, in ms */
  readonly delay: number;
}

interface Kind {
  readonly name: string;
  readonly meter: { maxTransmit: number; maxReceive: number; windowTransmit: number; windowReceive: number };
  readonly echo: boolean;
}

const kinds: Kind[] = [
  { name: "window 1", meter: { maxTransmit: 128, maxReceive: 128, windowTransmit: 1, windowReceive: 1 }, echo: false },
  {
    name: "windows of 3 and 2, small fields",
    meter: { maxTransmit: 64, maxReceive: 16, windowTransmit: 3, windowReceive: 2 },
    echo: false,
  },
  {
    name: "windows of 7, echoing adapter",
    meter: { maxTransmit: 48, maxReceive: 16, windowTransmit: 7, windowReceive: 7 },
    echo: true,
  },
];

/** One session of three exchanges; the received APDUs and the error, if any. */
function session(link: LinkProtocol, line: FaultyLine): void {
  line.take(link.open(line.now));
  line.run(() => link.state === "open");
  for (const request of requests) {
    if (line.failure !== undefined) return;
    const have = line.apdus.length;
    line.take(link.send(fromHex(request), line.now, { request: "read" }));
    line.run(() => line.apdus.length > have);
  }
  if (line.failure !== undefined) return;
  line.take(link.close(line.now));
  line.run(() => link.state === "closed");
}

/** A small generator (mulberry32), so that a failing run can be repeated by its seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const expected = requests.map((request) => answers.get(request));

describe("HDLC link: every single fault at every byte", () => {
  for (const { name, meter, echo } of kinds) {
    it(`${name}: the right APDUs or a typed error, and the next session works`, function () {
      this.timeout(120_000);
      const make = (plan?: Plan): { link: LinkProtocol; line: FaultyLine } => {
        const link = hdlcLink({
          clientAddress: 16,
          server: { logical: 1, physical: 17 },
          timeouts: { response: 1000, interFrame: 300, close: 500 },
        });
        const peer = new HdlcPeer({ ...meter, answer: (apdu) => [answers.get(apdu) ?? "d80101"] });
        return { link, line: new FaultyLine(link, peer, plan, echo) };
      };
      const good = make();
      session(good.link, good.line);
      assert.deepEqual(good.line.apdus, expected);

      let runs = 0;
      let failed = 0;
      let longest = 0;
      for (const direction of ["out", "in"] as const) {
        for (let byte = 0; byte < good.line.counts[direction]; byte++) {
          for (const fault of ["lost", "doubled", "corrupted", "flag", "silence"] as const) {
            const where = `${fault} ${direction} ${byte}`;
            const { link, line } = make({ direction, byte, fault });
            session(link, line);
            runs++;
            assert.deepEqual(line.apdus, expected.slice(0, line.apdus.length), `wrong value: ${where}`);
            if (line.failure !== undefined) {
              failed++;
              assert.ok(isDlmsError(line.failure), where);
              assert.equal(fault, "silence", `${where}: ${line.failure.message}`);
            } else assert.equal(line.apdus.length, expected.length, where);
            longest = Math.max(longest, line.now);
            assert.ok(line.now < 30_000, `${where}: ${line.now} ms`);
            // The next session, on the same link and the same meter, on a line that is whole again.
            line.dead = false;
            line.failure = undefined;
            line.apdus.length = 0;
            session(link, line);
            assert.equal(line.failure, undefined, `next session after ${where}`);
            assert.deepEqual(line.apdus, expected, `next session after ${where}`);
          }
        }
      }
      assert.ok(failed > 0, "a line that stays silent has to be an error");
      console.log(`      ${runs} runs, ${failed} typed errors, the longest took ${longest} ms of virtual time`);
    });
  }
});

describe("HDLC link: bad lines and slow meters", () => {
  it("returns the right APDUs or a typed error within bounds, and recovers with the line", function () {
    this.timeout(120_000);
    let good = 0;
    let failed = 0;
    const runs = 600;
    for (let seed = 1; seed <= runs; seed++) {
      const random = numbers(seed);
      const kind = kinds[seed % kinds.length]!;
      const link = hdlcLink({
        clientAddress: 16,
        server: { logical: 1, physical: 17 },
        timeouts: { response: 1000, interFrame: 300, close: 500 },
      });
      const peer = new HdlcPeer({ ...kind.meter, answer: (apdu) => [answers.get(apdu) ?? "d80101"] });
      const line = new FaultyLine(link, peer, undefined, kind.echo);
      line.weather = {
        random,
        errorRate: [0, 0.0005, 0.003, 0.02][seed % 4]!,
        delay: [0, 900, 1500, 4000][(seed >> 2) % 4]!,
      };
      session(link, line);
      assert.deepEqual(line.apdus, expected.slice(0, line.apdus.length), `wrong value: seed ${seed}`);
      assert.ok(line.now < 300_000, `seed ${seed}: ${line.now} ms`);
      if (line.failure === undefined) good++;
      else failed++;
      assert.ok(line.failure === undefined || isDlmsError(line.failure), `seed ${seed}`);
      line.weather = undefined;
      line.failure = undefined;
      line.apdus.length = 0;
      line.quiet();
      session(link, line);
      assert.equal(line.failure, undefined, `next session after seed ${seed}: ${String(line.failure)}`);
      assert.deepEqual(line.apdus, expected, `next session after seed ${seed}`);
    }
    console.log(`      ${runs} runs: ${good} sessions went through, ${failed} ended in a typed error`);
    assert.ok(good > 0 && failed > 0);
  });
});
