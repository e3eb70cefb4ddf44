/** The rules that every link protocol keeps, whatever its framing: one suite, run against each of them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, fromHex, toHex } from "../../src/bytes";
import { DlmsError } from "../../src/errors";
import type { LinkOutput, LinkProtocol, LinkSendOptions, PushAddress } from "../../src/link";
import { dataNotification, getData, getRequest } from "./apdus";

/** The meter's side of a line: takes the transmitted bytes and returns the answer, one piece per receive. */
export type FarSide = (bytes: Uint8Array) => readonly Uint8Array[];

/** The link under test and the facts about it that the suite needs. */
export interface LinkSubject {
  readonly name: string;
  readonly kind: LinkProtocol["kind"];
  /** false: each `receive` is a whole datagram, so the bytes of a message never come in pieces */
  readonly stream: boolean;
  readonly make: () => LinkProtocol;
  /** A meter that answers each request APDU by these APDUs. */
  readonly meter: (answer: (apdu: string) => readonly string[]) => FarSide;
  /** The frames of a push from the link's meter to its client. */
  readonly push: (apdu: string) => Uint8Array;
  /** The address of such a push. */
  readonly address: PushAddress;
}

const request = getRequest();
const answer = getData("06000004d2");
const push = dataNotification("020109060100010800ff");
const never: FarSide = () => [];
/** More consecutive time-outs than any bounded wait of these links needs. */
const maxTicks = 200;

/** A link, a meter and a clock: each transmission is answered at once, and all outputs are recorded. */
class Conversation {
  readonly link: LinkProtocol;
  readonly outputs: LinkOutput[] = [];
  far: FarSide;
  now = 1000;

  constructor(subject: LinkSubject, far: FarSide = subject.meter(() => [answer])) {
    this.link = subject.make();
    this.far = far;
    assert.equal(this.link.kind, subject.kind);
  }

  open(): this {
    return this.#take(this.link.open(this.now)).#settle("opening");
  }

  /** Opens the link and waits as long as the meter requires. */
  openWhole(): this {
    this.open();
    assert.equal(this.link.state, "open");
    return this;
  }

  send(apdu = request, options?: LinkSendOptions): this {
    return this.#take(this.link.send(fromHex(apdu), this.now, options));
  }

  await(): this {
    return this.#take(this.link.await(this.now));
  }

  close(): this {
    return this.#take(this.link.close(this.now));
  }

  receive(...pieces: Uint8Array[]): this {
    for (const piece of pieces) this.#take(this.link.receive(piece, this.now));
    return this;
  }

  tick(ms: number): this {
    this.now += ms;
    return this.#take(this.link.tick(this.now));
  }

  /** Advances from deadline to deadline until none is left; fails if they do not end. */
  exhaust(): this {
    for (let ticks = 0; this.link.deadline !== undefined; ticks++) {
      assert.ok(ticks < maxTicks, `still waiting after ${ticks} deadlines, state ${this.link.state}`);
      this.#toDeadline();
    }
    return this;
  }

  count(kind: LinkOutput["kind"]): number {
    return this.outputs.filter((output) => output.kind === kind).length;
  }

  apdus(kind: "apdu" | "notification" = "apdu"): string[] {
    return this.outputs.flatMap((output) => (output.kind === kind ? [toHex(output.apdu)] : []));
  }

  get failure(): DlmsError | undefined {
    const failed = this.outputs.find((output) => output.kind === "failed");
    return failed?.error;
  }

  #settle(state: LinkProtocol["state"]): this {
    for (let ticks = 0; this.link.state === state && this.link.deadline !== undefined; ticks++) {
      assert.ok(ticks < maxTicks, `still ${state} after ${ticks} deadlines`);
      this.#toDeadline();
    }
    return this;
  }

  #toDeadline(): void {
    this.now = Math.max(this.now, this.link.deadline ?? 0);
    this.#take(this.link.tick(this.now));
  }

  #take(outputs: readonly LinkOutput[]): this {
    for (const output of outputs) {
      this.outputs.push(output);
      if (output.kind !== "transmit") continue;
      for (const reply of this.far(output.bytes)) this.receive(reply);
    }
    this.#assertConsistent();
    return this;
  }

  #assertConsistent(): void {
    const { state, deadline, isIdle } = this.link;
    assert.ok(["closed", "opening", "open", "busy", "closing"].includes(state), state);
    if (state === "closed") assert.equal(deadline, undefined, "a closed link awaits nothing");
    else if (state !== "open") assert.notEqual(deadline, undefined, `${state} without a deadline would never end`);
    if (deadline !== undefined) assert.ok(Number.isFinite(deadline), `deadline ${deadline}`);
    if (state === "busy" && isIdle !== undefined) assert.equal(isIdle, false, "a link that awaits an answer rests");
  }
}

/** Declares the suite for one link. */
export function linkCompliance(subject: LinkSubject): void {
  describe(`${subject.name} as a link protocol`, () => {
    openingAndClosing(subject);
    exchanging(subject);
    timingOut(subject);
    receivingPushes(subject);
    receivingAnything(subject);
  });
}

function openingAndClosing(subject: LinkSubject): void {
  it("starts closed and awaits no answer", () => {
    const { link } = new Conversation(subject);
    assert.deepEqual([link.state, link.deadline], ["closed", undefined]);
    assert.deepEqual(link.tick(1e6), []);
  });

  it("reports once that it is open", () => {
    const line = new Conversation(subject).openWhole();
    assert.equal(line.count("opened"), 1);
    assert.equal(line.link.deadline, undefined);
  });

  it("refuses to send and to await while it is closed", () => {
    const { link } = new Conversation(subject);
    assert.throws(() => link.send(fromHex(request), 0), { code: "DLMS_STATE_CLOSED" });
    assert.throws(() => link.await(0), { code: "DLMS_STATE_CLOSED" });
  });

  it("reports once that it is closed, also when the meter is silent", () => {
    for (const silent of [false, true]) {
      const line = new Conversation(subject).openWhole();
      if (silent) line.far = never;
      line.close().exhaust();
      assert.deepEqual([line.count("closed"), line.count("failed"), line.link.state], [1, 0, "closed"]);
    }
  });

  it("closes in the middle of an exchange and of an opening", () => {
    const busy = new Conversation(subject).openWhole();
    busy.far = never;
    busy.send().close().exhaust();
    assert.deepEqual([busy.count("closed"), busy.link.state], [1, "closed"]);
    const opening = new Conversation(subject, never);
    opening.outputs.push(...opening.link.open(opening.now));
    opening.close().exhaust();
    assert.deepEqual([opening.count("closed"), opening.link.state], [1, "closed"]);
  });

  it("does not transmit when it is closed a second time", () => {
    const line = new Conversation(subject).openWhole().close().exhaust();
    const sent = line.count("transmit");
    line.close();
    assert.deepEqual([line.count("transmit"), line.link.state], [sent, "closed"]);
  });

  it("forgets everything on a reset, without a word", () => {
    const line = new Conversation(subject).openWhole();
    line.far = never;
    line.send();
    line.link.reset();
    assert.deepEqual([line.link.state, line.link.deadline], ["closed", undefined]);
    const { length } = line.outputs;
    line.receive(subject.push(push)).tick(1e6);
    line.link.reset();
    assert.equal(line.outputs.length, length);
  });

  for (const [after, end] of [
    ["an orderly end", (line: Conversation): unknown => line.close().exhaust()],
    [
      "a reset",
      (line: Conversation): void => {
        line.link.reset();
      },
    ],
  ] as const) {
    it(`opens again after ${after}, and exchanges`, () => {
      const line = new Conversation(subject).openWhole().send();
      end(line);
      // the meter forgets its session with the connection
      line.far = subject.meter(() => [answer]);
      line.openWhole().send();
      assert.deepEqual(line.apdus(), [answer, answer]);
    });
  }
}

function exchanging(subject: LinkSubject): void {
  it("carries an APDU to the meter and its answer back, framing taken off", () => {
    const asked: string[] = [];
    const far = subject.meter((apdu) => {
      asked.push(apdu);
      return [answer];
    });
    const line = new Conversation(subject, far).openWhole().send();
    assert.deepEqual([asked, line.apdus(), line.link.state], [[request], [answer], "open"]);
    assert.equal(line.link.deadline, undefined);
  });

  it("carries long APDUs both ways, one after the other", () => {
    const long = `c401c1000982${(700).toString(16).padStart(4, "0")}${"5a".repeat(700)}`;
    const longRequest = `c101c100030100010800ff02000982${(700).toString(16).padStart(4, "0")}${"a5".repeat(700)}`;
    const asked: string[] = [];
    const far = subject.meter((apdu) => {
      asked.push(apdu);
      return [long];
    });
    const line = new Conversation(subject, far).openWhole();
    for (let turn = 0; turn < 10; turn++) line.send(longRequest);
    assert.deepEqual(asked, new Array<string>(10).fill(longRequest));
    assert.deepEqual(line.apdus(), new Array<string>(10).fill(long));
  });

  if (subject.stream) {
    it("accepts an answer that arrives byte by byte", () => {
      const whole = subject.meter(() => [answer]);
      const far: FarSide = (bytes) => [...concatBytes(...whole(bytes))].map((byte) => Uint8Array.of(byte));
      assert.deepEqual(new Conversation(subject, far).openWhole().send().apdus(), [answer]);
    });
  }

  it("traces each frame that it transmits and takes", () => {
    const line = new Conversation(subject).openWhole().send();
    const frames = line.outputs.filter((output) => output.kind === "frame");
    assert.equal(frames.filter(({ direction }) => direction === "out").length, line.count("transmit"));
    assert.ok(frames.some(({ direction }) => direction === "in"));
  });

  it("is open and awaits no answer after a request without one", () => {
    const line = new Conversation(
      subject,
      subject.meter(() => []),
    ).openWhole();
    line.send(request, { expectAnswer: false }).exhaust();
    assert.deepEqual([line.link.state, line.count("failed"), line.apdus()], ["open", 0, []]);
  });

  it("reports a second APDU of one request as a notification, for its user to keep", () => {
    const further = "e0c100020002c401";
    const line = new Conversation(
      subject,
      subject.meter(() => ["e04100010001c4", further]),
    ).openWhole();
    line.send();
    assert.deepEqual(line.apdus(), ["e04100010001c4"]);
    assert.deepEqual([line.link.state, line.apdus("notification")], ["open", [further]]);
  });
}

function timingOut(subject: LinkSubject): void {
  it("ends an exchange without an answer in one typed failure, and may be opened again", () => {
    const line = new Conversation(subject).openWhole();
    line.far = never;
    line.send(request, { request: "read 1-0:1.8.0*255/2" });
    assert.equal(line.link.state, "busy");
    line.exhaust();
    assert.deepEqual([line.count("failed"), line.link.state, line.link.deadline], [1, "closed", undefined]);
    assert.equal(line.failure?.code, "DLMS_TIMEOUT_RESPONSE");
    assert.match(line.failure.message, /^read 1-0:1\.8\.0\*255\/2: /);
    line.far = subject.meter(() => [answer]);
    line.openWhole().send();
    assert.deepEqual(line.apdus(), [answer]);
  });

  it("does not report anything after its failure", () => {
    const line = new Conversation(subject).openWhole();
    line.far = never;
    line.send().exhaust();
    const { length } = line.outputs;
    line.receive(subject.push(push)).tick(1e6);
    assert.equal(line.outputs.length, length);
  });

  it("does nothing before its deadline, and its end does not depend on how late it is ticked", () => {
    const line = new Conversation(subject).openWhole();
    line.far = never;
    line.send();
    const { length } = line.outputs;
    line.tick((line.link.deadline ?? 0) - line.now - 1);
    assert.equal(line.outputs.length, length);
    for (let ticks = 0; line.link.state !== "closed"; ticks++) {
      assert.ok(ticks < maxTicks);
      line.tick(3_600_000);
    }
    assert.deepEqual([line.count("failed"), line.failure?.code], [1, "DLMS_TIMEOUT_RESPONSE"]);
  });

  it("ends an opening that the meter does not answer", () => {
    const line = new Conversation(subject, never).open();
    if (line.count("opened") === 1) return assert.equal(line.link.state, "open");
    assert.deepEqual([line.count("failed"), line.link.state], [1, "closed"]);
    assert.equal(line.failure?.code, "DLMS_TIMEOUT_LINK");
  });

  it("reports a missing answer without going down, where it leaves repetition to its caller", () => {
    const line = new Conversation(subject).openWhole();
    line.far = never;
    line.send(request, { reportSilence: true }).exhaust();
    assert.equal(line.count("unanswered") + line.count("failed"), 1);
    assert.equal(line.link.state, line.count("unanswered") === 1 ? "open" : "closed");
  });

  it("ends an await without a result", () => {
    const line = new Conversation(subject).openWhole().send();
    line.far = never;
    line.await();
    assert.equal(line.link.state, "busy");
    line.exhaust();
    assert.deepEqual([line.count("failed"), line.link.state], [1, "closed"]);
  });

  it("is not kept waiting by noise that never ends", () => {
    const line = new Conversation(subject).openWhole();
    line.far = never;
    line.send();
    const started = line.now;
    for (let turn = 0; line.link.state === "busy"; turn++) {
      assert.ok(turn < 100_000, `still busy after ${line.now - started} ms of noise`);
      // 00 01: the beginning of a wrapper header; 7E A0: the beginning of an HDLC frame
      line.receive(Uint8Array.of(turn % 2 === 0 ? 0x00 : 0x7e)).tick(100);
    }
    assert.ok(line.link.state === "closed" && line.count("failed") === 1);
  });
}

function receivingPushes(subject: LinkSubject): void {
  it("delivers a push that arrives while no request runs", () => {
    const line = new Conversation(subject).openWhole().receive(subject.push(push));
    assert.deepEqual([line.apdus("notification"), line.apdus(), line.link.state], [[push], [], "open"]);
  });

  it("continues to wait for its answer when a push arrives first", () => {
    const line = new Conversation(subject).openWhole();
    const { far } = line;
    line.far = (bytes) => [subject.push(push), ...far(bytes)];
    line.send();
    assert.deepEqual([line.apdus("notification"), line.apdus()], [[push], [answer]]);
  });

  it("reports whether a push of the line is its own, its meter's, or another meter's", () => {
    const { server, client } = subject.address;
    const { link } = new Conversation(subject);
    assert.equal(link.matchPush?.(subject.address), "none", "a closed link has no pushes");
    const open = new Conversation(subject).openWhole().link;
    assert.equal(open.matchPush?.(subject.address), "exact");
    assert.equal(open.matchPush?.({ server, client: client + 1 }), "meter");
    assert.equal(open.matchPush?.({ server: { ...server, logical: server.logical + 1 }, client }), "none");
  });
}

/** The calls that a driver may make on a link, in any order. */
const steps = fc.oneof(
  fc.record({ kind: fc.constant("receive" as const), bytes: fc.uint8Array({ maxLength: 60 }) }),
  fc.record({ kind: fc.constant("push" as const) }),
  fc.record({ kind: fc.constant("spoil" as const), at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 8000 }) }),
  fc.record({ kind: fc.constantFrom("open" as const, "send" as const, "await" as const) }),
  fc.record({ kind: fc.constantFrom("close" as const, "reset" as const, "mute" as const, "speak" as const) }),
);

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

function perform(line: Conversation, step: Step, subject: LinkSubject): void {
  const { link } = line;
  switch (step.kind) {
    case "receive":
      line.receive(step.bytes);
      return;
    case "push":
      line.receive(subject.push(push));
      return;
    case "spoil": {
      const bytes = subject.push(push);
      const at = step.at % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << step.bit);
      line.receive(bytes);
      return;
    }
    case "pass":
      line.tick(step.ms);
      return;
    case "open":
      if (link.state === "closed") line.open();
      return;
    case "send":
      if (link.state === "open") line.send();
      return;
    case "await":
      if (link.state === "open") line.await();
      return;
    case "close":
      line.close();
      return;
    case "reset":
      link.reset();
      return;
    case "mute":
      line.far = never;
      return;
    case "speak":
      line.far = subject.meter(() => [answer]);
      return;
    default:
  }
}

function receivingAnything(subject: LinkSubject): void {
  it("ignores bytes while it is closed", () => {
    const line = new Conversation(subject);
    line.receive(subject.push(push), fromHex("7ea00802232193bd647e"), new Uint8Array(0));
    assert.deepEqual(line.outputs, []);
  });

  it("never throws, and always terminates, for any bytes in any order (property)", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 25 }), (sequence) => {
        const line = new Conversation(subject).open();
        for (const step of sequence) perform(line, step, subject);
        line.far = never;
        line.exhaust();
        assert.ok(line.link.state === "closed" || line.link.state === "open", line.link.state);
        for (const output of line.outputs) {
          if (output.kind === "failed") assert.ok(output.error instanceof DlmsError);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("produces no more outputs for a flood than bytes received", () => {
    const line = new Conversation(subject).openWhole();
    const { length } = line.outputs;
    const flood = 50_000;
    for (let at = 0; at < flood; at++) line.receive(Uint8Array.of((at * 167 + (at >> 7)) & 0xff));
    assert.ok(line.outputs.length - length <= flood, `${line.outputs.length - length} outputs`);
    assert.equal(line.count("apdu"), 0);
  });
}
