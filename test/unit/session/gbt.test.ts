import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex, toHex } from "../../../src/bytes";
import { DlmsTimeoutError } from "../../../src/errors";
import { streamDelivery } from "../../../src/session/steps/delivery";
import { Correlation } from "../../../src/session/steps/correlation";
import { drive, Driver, failure, type Turn } from "./drive";
import { associated, energy, energyHex } from "./fixtures";
import {
  dataNotification,
  exceptionResponse,
  generalBlock,
  getBlock,
  getData,
  getNext,
  getRequest,
} from "../../support/apdus";

const what = "read 1-0:1.8.0*255/2";
const request = getRequest();
const answer = getData("0600001391");
const data = (result: unknown): string => toHex((result as { data: Uint8Array }).data);
const pieces = [answer.slice(0, 6), answer.slice(6, 12), answer.slice(12)] as const;
const late = new DlmsTimeoutError("TIMEOUT_RESPONSE", "nothing came");

const other = { classId: 1, instanceId: fromHex("0000600100ff"), attributeId: 2 };

describe("session: general block transfer over a connection without sequence numbers", () => {
  const parts = ["c401c10009", "06010203", "040506"] as const;
  const otherParts = ["c401c10009", "06111213", "141516"] as const;
  const block = (blockNumber: number, data: string, more = {}): string =>
    generalBlock({ blockNumber, acknowledged: 0, data, ...more });
  const streamed = (of: readonly string[]): Turn[] => [
    { in: block(1, of[0] ?? "", { streaming: true }) },
    { kind: "receive", in: block(2, of[1] ?? "", { streaming: true }) },
    { kind: "receive", in: block(3, of[2] ?? "", { last: true }) },
  ];
  const delivery = streamDelivery({ numbered: false });

  it("drops a block out of order, because it may belong to an earlier answer", () => {
    const session = associated({ delivery });
    const { result } = drive(session.get(energy, what), [
      { in: block(1, parts[0], { streaming: true }) },
      { kind: "receive", in: block(3, "e1e2e3", { last: true }) },
      { out: "e087 0001 0001 00", in: block(2, parts[1]) },
      { out: "e087 0002 0002 00", in: block(3, parts[2], { last: true }) },
    ]);
    assert.equal(data(result), "0906010203040506");
  });

  it("accepts a block equal to one of an earlier answer only when it arrives twice", () => {
    const session = associated({ delivery });
    drive(session.get(energy, what), streamed(parts));
    const { result } = drive(session.get(other, what), [
      { in: block(1, otherParts[0], { streaming: true }) },
      { kind: "receive", in: block(2, otherParts[1], { streaming: true }) },
      { kind: "receive", in: block(3, parts[2], { last: true }) },
      { out: "e087 0001 0002 00", in: block(3, otherParts[2], { last: true }) },
    ]);
    assert.equal(data(result), "0906111213141516");
    const equal = drive(session.get({ ...other, attributeId: 3 }, what), [
      { in: block(1, "c401c10009", { streaming: true }) },
      { kind: "receive", in: block(2, "06212223", { streaming: true }) },
      { kind: "receive", in: block(3, parts[2], { last: true }) },
      { out: "e087 0001 0002 00", in: block(3, parts[2], { last: true }) },
    ]);
    assert.equal(data(equal.result), "0906212223040506");
  });

  it("does not mistake a block of an older answer for one of a newer answer to the same request", () => {
    const session = associated({ delivery });
    drive(session.get(energy, what), streamed(parts));
    const { result } = drive(session.get(energy, what), [
      { in: block(1, parts[0], { streaming: true }) },
      { kind: "receive", in: block(2, otherParts[1], { streaming: true }) },
      { kind: "receive", in: block(3, parts[2], { last: true }) },
      { out: "e087 0001 0002 00", in: block(3, otherParts[2], { last: true }) },
    ]);
    assert.equal(data(result), "0906111213141516");
  });

  it("drops an answer to an earlier request between blocks", () => {
    const session = associated({ delivery, correlation: new Correlation() });
    const single = (id: number): Turn[] => [{ in: getData("0600000007", id) }];
    // ids 2 and 3 show that the meter echoes them
    drive(session.get(energy, what), single(0xc2));
    drive(session.get(energy, what), single(0xc3));
    const { result, notes } = drive(session.get(other, what), [
      { in: block(1, "c401c40009", { streaming: true }) },
      { kind: "receive", in: getData("0600000007", 0xc3) },
      { kind: "receive", in: block(2, parts[1], { streaming: true }) },
      { kind: "receive", in: block(3, parts[2], { last: true }) },
    ]);
    assert.equal(data(result), "0906010203040506");
    assert.match(notes.join(), /a late or duplicate answer to an earlier request was dropped/);
    const error = failure(session.get(other, what), [
      { in: block(1, "c401c50009", { streaming: true }) },
      { kind: "receive", in: getData("0600000007", 0xc5) },
    ]);
    assert.equal(error.code, "DLMS_DECODE_TAG");
  });

  it("ends the session, not general block transfer, when a block number recurs with data of an earlier answer", () => {
    const session = associated({ delivery });
    drive(session.get(energy, what), streamed(parts));
    const error = failure(session.get(other, what), [
      { in: block(1, otherParts[0], { streaming: true }) },
      { kind: "receive", in: block(2, otherParts[1], { streaming: true }) },
      { kind: "receive", in: block(2, parts[1], { streaming: true }) },
    ]);
    assert.equal(error.code, "DLMS_LINK_SEQUENCE");
    assert.equal(session.generalBlocksFailed, false);
  });

  it("accepts equal answers to the same request at once", () => {
    const session = associated({ delivery });
    drive(session.get(energy, what), streamed(parts));
    assert.equal(data(drive(session.get(energy, what), streamed(parts)).result), "0906010203040506");
  });
});

describe("session: general block transfer, received", () => {
  it("acknowledges block by block", () => {
    const { result } = drive(associated().get(energy, what), [
      { out: request, in: generalBlock({ blockNumber: 1, acknowledged: 0, data: pieces[0] }) },
      { out: "e087 0001 0001 00", in: generalBlock({ blockNumber: 2, acknowledged: 1, data: pieces[1] }) },
      { out: "e087 0002 0002 00", in: generalBlock({ blockNumber: 3, acknowledged: 2, data: pieces[2], last: true }) },
    ]);
    assert.equal(data(result), "0600001391");
  });

  it("receives a window of streamed blocks before it acknowledges", () => {
    const { result } = drive(associated({ blockWindow: 3 }).get(energy, what), [
      { out: request, in: generalBlock({ blockNumber: 1, acknowledged: 0, data: pieces[0], streaming: true }) },
      { kind: "receive", in: generalBlock({ blockNumber: 2, acknowledged: 0, data: pieces[1] }) },
      { out: "e083 0001 0002 00", in: generalBlock({ blockNumber: 3, acknowledged: 1, data: pieces[2], last: true }) },
    ]);
    assert.equal(data(result), "0600001391");
  });

  it("accepts blocks that are numbered from 0, with a note", () => {
    const { result, notes } = drive(associated().get(energy, what), [
      { out: request, in: generalBlock({ blockNumber: 0, acknowledged: 0, data: pieces[0] }) },
      { out: "e087 0001 0000 00", in: generalBlock({ blockNumber: 1, acknowledged: 1, data: pieces[1] }) },
      { out: "e087 0002 0001 00", in: generalBlock({ blockNumber: 2, acknowledged: 2, data: pieces[2], last: true }) },
    ]);
    assert.equal(data(result), "0600001391");
    assert.match(notes.join(), /the general blocks start at number 0/);
    const streamed = drive(associated({ blockWindow: 3 }).get(energy, what), [
      { in: generalBlock({ blockNumber: 0, acknowledged: 0, data: pieces[0], streaming: true }) },
      { kind: "receive", in: generalBlock({ blockNumber: 2, acknowledged: 0, data: pieces[2], last: true }) },
      { out: "e083 0001 0000 00", in: generalBlock({ blockNumber: 1, acknowledged: 1, data: pieces[1] }) },
    ]);
    assert.equal(data(streamed.result), "0600001391");
    const alone = generalBlock({ blockNumber: 0, acknowledged: 0, data: answer, last: true });
    assert.equal(data(drive(associated().get(energy, what), [{ in: alone }]).result), "0600001391");
  });

  it("requests the first block when another arrives first, and reports it if missing", () => {
    const second = generalBlock({ blockNumber: 2, acknowledged: 0, data: pieces[1] });
    const { result } = drive(associated().get(energy, what), [
      { in: second },
      { out: "e081 0001 0000 00", in: generalBlock({ blockNumber: 1, acknowledged: 1, data: pieces[0] }) },
      { out: "e081 0002 0002 00", in: generalBlock({ blockNumber: 3, acknowledged: 2, data: pieces[2], last: true }) },
    ]);
    assert.equal(data(result), "0600001391");
    const error = failure(associated().get(energy, what), [
      { in: second },
      { in: second },
      { in: second },
      { in: second },
    ]);
    assert.match(error.message, /block 1 was not received/);
  });

  it("requests a block lost in the middle again", () => {
    const { result } = drive(associated().get(energy, what), [
      { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: pieces[0], streaming: true }) },
      { kind: "receive", in: generalBlock({ blockNumber: 3, acknowledged: 0, data: pieces[2], last: true }) },
      { out: "e087 0001 0001 00", in: generalBlock({ blockNumber: 2, acknowledged: 1, data: pieces[1] }) },
    ]);
    assert.equal(data(result), "0600001391");
  });

  it("requests the missing end of a window again", () => {
    const { result, notes } = drive(associated().get(energy, what), [
      { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: pieces[0], streaming: true }) },
      { kind: "receive", in: late },
      {
        out: "e087 0001 0001 00",
        in: generalBlock({ blockNumber: 2, acknowledged: 1, data: pieces[1], streaming: true }),
      },
      { kind: "receive", in: generalBlock({ blockNumber: 3, acknowledged: 1, data: pieces[2], last: true }) },
    ]);
    assert.equal(data(result), "0600001391");
    assert.match(notes.join(), /no block was received after block 1/);
  });

  it("drops doubled blocks, and narrows the window when no new block arrives", () => {
    const first = generalBlock({ blockNumber: 1, acknowledged: 0, data: pieces[0] });
    const { result } = drive(associated().get(energy, what), [
      { in: first },
      { out: "e087 0001 0001 00", in: first },
      { out: "e081 0002 0001 00", in: generalBlock({ blockNumber: 2, acknowledged: 2, data: pieces[1] }) },
      { out: "e081 0003 0002 00", in: generalBlock({ blockNumber: 3, acknowledged: 3, data: pieces[2], last: true }) },
    ]);
    assert.equal(data(result), "0600001391");
  });

  it("stops when a meter repeats one block endlessly", () => {
    const first = generalBlock({ blockNumber: 1, acknowledged: 0, data: pieces[0] });
    const error = failure(associated().get(energy, what), [
      { in: first },
      { in: first },
      { in: first },
      { in: first },
      { in: first },
    ]);
    assert.equal(error.code, "DLMS_DECODE_LIMIT");
    assert.match(error.message, /failed: block 2 was not received.*noGeneralBlockTransfer/);
  });

  it("stops when a meter streams one block endlessly", () => {
    const first = { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: pieces[0], streaming: true }) };
    const session = associated();
    const operation = session.get(energy, what);
    let step = operation.next();
    let steps = 0;
    assert.throws(() => {
      while (step.done !== true) {
        assert.ok((steps += 1) < 1000);
        step = operation.next(fromHex(first.in));
      }
    }, /general block transfer failed/);
  });

  it("accepts empty blocks, and stops when a meter sends no others", () => {
    const { result } = drive(associated().get(energy, what), [
      { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: "" }) },
      { in: generalBlock({ blockNumber: 2, acknowledged: 1, data: answer.slice(0, 10) }) },
      { in: generalBlock({ blockNumber: 3, acknowledged: 2, data: "" }) },
      { in: generalBlock({ blockNumber: 4, acknowledged: 3, data: answer.slice(10), last: true }) },
    ]);
    assert.equal(data(result), "0600001391");
    const operation = associated().get(energy, what);
    let step = operation.next();
    let n = 0;
    assert.throws(
      () => {
        while (step.done !== true) {
          if (step.value.kind === "progress") {
            step = operation.next();
            continue;
          }
          assert.ok((n += 1) < 2000, "the transfer is bounded");
          step = operation.next(fromHex(generalBlock({ blockNumber: n, acknowledged: n - 1, data: "" })));
        }
      },
      { code: "DLMS_DECODE_LIMIT", message: /1001 consecutive empty general blocks were received/ },
    );
  });

  it("is limited in size", () => {
    const long = "00".repeat(100);
    const error = failure(associated({ maxResultSize: 150 }).get(energy, what), [
      { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: long }) },
      { in: generalBlock({ blockNumber: 2, acknowledged: 1, data: long }) },
    ]);
    assert.equal(error.code, "DLMS_DECODE_LIMIT");
  });

  it("refuses another APDU in the middle, and invalid data in the blocks", () => {
    const begin = { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: "ee" }) };
    assert.equal(failure(associated().get(energy, what), [begin, { in: answer }]).code, "DLMS_DECODE_TAG");
    const whole = { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: "ee", last: true }) };
    assert.equal(failure(associated().get(energy, what), [whole]).code, "DLMS_DECODE_TAG");
  });

  it("returns the same result for any cut, window and pattern of losses", () => {
    const text = `09820100${"5a".repeat(256)}`;
    const whole = `c401c100${text}`;
    const plan = fc.record({
      size: fc.integer({ min: 1, max: 120 }),
      window: fc.integer({ min: 1, max: 9 }),
      lost: fc.array(fc.boolean(), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(plan, ({ size, window, lost }) => {
        const meter = new BlockMeter(fromHex(whole), size, window, lost);
        const operation = associated().get(energy, what);
        let step = operation.next();
        while (step.done !== true) {
          const { value } = step;
          const silent = value.kind === "note" || value.kind === "progress";
          const reply = silent ? undefined : meter.answer("apdu" in value ? value.apdu : undefined);
          step = reply === null ? operation.throw(late) : operation.next(reply);
        }
        assert.equal(data(step.value), text);
      }),
      { numRuns: 300 },
    );
  });
});

describe("session: chunks in general blocks", () => {
  const long = `0908${"5a".repeat(8)}`;
  const whole = `c401c100${long}`;

  it("are delivered before the next blocks are requested", () => {
    const operation = associated({ blockWindow: 1 }).getChunks(energy, what);
    const kinds: string[] = [];
    let step = operation.next();
    for (let n = 1; step.done !== true;) {
      if (step.value.kind === "progress") {
        step = operation.next();
        continue;
      }
      kinds.push(step.value.kind === "chunk" ? toHex(step.value.bytes) : step.value.kind);
      if (step.value.kind === "chunk") step = operation.next();
      else {
        const hex = whole.slice((n - 1) * 10, n * 10);
        step = operation.next(
          fromHex(generalBlock({ blockNumber: n, acknowledged: n - 1, data: hex, last: n * 10 >= whole.length })),
        );
        n++;
      }
    }
    assert.deepEqual(step.value, { ok: true });
    assert.deepEqual(kinds, ["exchange", "09", "exchange", "085a5a5a5a", "exchange", "5a5a5a5a"]);
  });

  it("of a window are delivered together, because the meter continues without a request", () => {
    const { result, chunks } = drive(associated({ blockWindow: 3 }).getChunks(energy, what), [
      { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: whole.slice(0, 6), streaming: true }) },
      {
        kind: "receive",
        in: generalBlock({ blockNumber: 2, acknowledged: 0, data: whole.slice(6, 12), streaming: true }),
      },
      { kind: "receive", in: generalBlock({ blockNumber: 3, acknowledged: 0, data: whole.slice(12, 14) }) },
      {
        out: "e083 0001 0003 00",
        in: generalBlock({ blockNumber: 4, acknowledged: 1, data: whole.slice(14), last: true }),
      },
    ]);
    assert.deepEqual(result, { ok: true });
    assert.deepEqual(chunks, [
      { hex: whole.slice(8, 12), blockNumber: 2, last: false },
      { hex: whole.slice(12, 14), blockNumber: 3, last: false },
      { hex: whole.slice(14), blockNumber: 4, last: true },
    ]);
  });

  it("deliver the data in order for any cut, window and pattern of losses", () => {
    const text = `09820100${"5a".repeat(256)}`;
    const plan = fc.record({
      size: fc.integer({ min: 1, max: 120 }),
      window: fc.integer({ min: 1, max: 9 }),
      lost: fc.array(fc.boolean(), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(plan, ({ size, window, lost }) => {
        const meter = new BlockMeter(fromHex(`c401c100${text}`), size, window, lost);
        const operation = associated().getChunks(energy, what);
        const chunks: string[] = [];
        let lasts = 0;
        let step = operation.next();
        while (step.done !== true) {
          const { value } = step;
          if (value.kind === "chunk") {
            chunks.push(toHex(value.bytes));
            if (value.last) lasts++;
          }
          const silent = value.kind === "note" || value.kind === "chunk" || value.kind === "progress";
          const reply = silent ? undefined : meter.answer("apdu" in value ? value.apdu : undefined);
          step = reply === null ? operation.throw(late) : operation.next(reply);
        }
        assert.deepEqual([step.value, chunks.join(""), lasts], [{ ok: true }, text, 1]);
      }),
      { numRuns: 200 },
    );
  });

  it("do not include a refusal or a report, and come from data blocks inside", () => {
    const refused = drive(associated().getChunks(energy, what), [
      { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: "c401c1" }) },
      { in: generalBlock({ blockNumber: 2, acknowledged: 1, data: "0103", last: true }) },
    ]);
    assert.deepEqual([refused.result, refused.chunks], [{ ok: false, result: 3 }, []]);
    const reported = drive(associated().getChunks(energy, what), [
      { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: dataNotification("1105"), last: true }) },
      { kind: "receive", in: generalBlock({ blockNumber: 1, acknowledged: 0, data: answer, last: true }) },
    ]);
    assert.deepEqual(reported.chunks, [{ hex: "0600001391", blockNumber: 1, last: true }]);
    assert.equal(reported.notifications.length, 1);
    const blocked = drive(associated().getChunks(energy, what), [
      { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: getBlock(1, "0600"), last: true }) },
      { out: getNext(1), in: getBlock(2, "001391", "last") },
    ]);
    assert.deepEqual(
      blocked.chunks.map(({ hex }) => hex),
      ["0600", "001391"],
    );
  });
});

/** Sends an APDU in blocks, loses some of the first ones, and starts again at the block after the acknowledged. */
class BlockMeter {
  readonly #count: number;
  #next = 1;
  #end = 0;
  #sent = 0;

  constructor(
    private readonly whole: Uint8Array,
    private readonly size: number,
    private readonly window: number,
    private readonly lost: readonly boolean[],
  ) {
    this.#count = Math.ceil(whole.length / size);
  }

  /** null: no answer arrives. */
  answer(apdu: Uint8Array | undefined): Uint8Array | null {
    if (apdu !== undefined) {
      if (apdu[0] === 0xe0) this.#next = (((apdu[4] ?? 0) << 8) | (apdu[5] ?? 0)) + 1;
      this.#end = Math.min(this.#count, this.#next + this.window - 1);
    }
    while (this.#next <= this.#end) {
      const n = this.#next++;
      const isLost = this.lost[this.#sent++] === true && n !== this.#firstOfWindow(apdu);
      if (isLost) continue;
      const raw = this.whole.subarray((n - 1) * this.size, n * this.size);
      const last = n === this.#count;
      return fromHex(
        generalBlock({ blockNumber: n, acknowledged: 0, data: toHex(raw), last, streaming: n !== this.#end }),
      );
    }
    return null;
  }

  /** A block that is waited for by an exchange has to come: the link repeats it, or the session ends. */
  #firstOfWindow(apdu: Uint8Array | undefined): number {
    return apdu === undefined ? -1 : this.#next - 1;
  }
}

describe("session: a report in general blocks before the answer", () => {
  // data-notification, no date-time, unsigned 5
  const report = dataNotification("1105");
  const parts = [report.slice(0, 8), report.slice(8)] as const;
  const get = () => associated().get(energy, what);
  const check = ({ result, notifications, ...run }: ReturnType<typeof drive>) => {
    assert.equal(data(result), "0600001391");
    assert.deepEqual(
      notifications.map(({ apdu }) => apdu),
      ["data-notification"],
    );
    return run;
  };

  it("becomes an event, whole or in pieces, and the next answer is accepted", () => {
    check(
      drive(get(), [
        { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: report, last: true }) },
        { kind: "receive", in: answer },
      ]),
    );
    check(
      drive(get(), [
        { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: parts[0], streaming: true }) },
        { kind: "receive", in: generalBlock({ blockNumber: 2, acknowledged: 0, data: parts[1], last: true }) },
        { kind: "receive", in: generalBlock({ blockNumber: 1, acknowledged: 0, data: answer.slice(0, 8) }) },
        {
          out: "e087 0001 0001 00",
          in: generalBlock({ blockNumber: 2, acknowledged: 1, data: answer.slice(8), last: true }),
        },
      ]),
    );
  });

  it("may have the answer between its blocks", () => {
    check(
      drive(get(), [
        { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: parts[0] }) },
        { out: "e087 0001 0001 00", in: answer },
        { kind: "receive", in: generalBlock({ blockNumber: 2, acknowledged: 1, data: parts[1], last: true }) },
      ]),
    );
  });

  it("is dropped with a note if it is endless or unreadable", () => {
    const session = associated();
    for (const turns of [
      [
        { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: parts[0] }) },
        { in: answer },
        { kind: "receive", in: late },
      ],
      [
        { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: parts[0] }) },
        { in: late },
        { kind: "receive", in: answer },
      ],
      [
        { in: generalBlock({ blockNumber: 1, acknowledged: 0, data: "0fff", last: true }) },
        { kind: "receive", in: answer },
      ],
    ] as const) {
      const { result, notes, notifications } = drive(session.get(energy, what), turns);
      assert.equal(data(result), "0600001391");
      assert.deepEqual(notifications, []);
      assert.match(notes.join(), /a notification.* was dropped/);
    }
    assert.equal(session.generalBlocksFailed, false);
  });
});

describe("session: general block transfer, sent", () => {
  const long = {
    ...energy,
    access: { selector: 1, parameters: { type: "octet-string", value: fromHex("77".repeat(40)) } },
  } as const;
  // C0 01 C1, class, name, attribute, 01 01, 09 28 and 40 bytes: 56 bytes
  const whole = `c001c1${energyHex.slice(0, -2)}01010928${"77".repeat(40)}`;
  const piece = (n: number): string => whole.slice((n - 1) * 42, n * 42);
  const ack = (n: number, bna: number, window = 1): string =>
    generalBlock({ blockNumber: n, acknowledged: bna, data: "", last: true, window });
  const run = (turns: readonly Turn[]) => drive(associated({ maxPduSize: 30 }).get(long, what), turns);

  it("splits a request longer than the meter's PDU size", () => {
    const { result, sent } = run([
      { out: `e007 0001 0000 15 ${piece(1)}`, in: ack(1, 1) },
      { out: `e007 0002 0001 15 ${piece(2)}`, in: ack(2, 2) },
      {
        out: `e087 0003 0002 0e ${piece(3)}`,
        in: generalBlock({ blockNumber: 3, acknowledged: 3, data: answer, last: true }),
      },
    ]);
    assert.equal(data(result), "0600001391");
    for (const apdu of sent) assert.ok(apdu.length / 2 <= 30);
  });

  it("streams as many blocks as the meter's window allows, and repeats lost ones", () => {
    const { result } = run([
      { out: `e007 0001 0000 15 ${piece(1)}`, in: ack(1, 1, 4) },
      { kind: "transmit", out: `e047 0002 0001 15 ${piece(2)}` },
      { out: `e087 0003 0001 0e ${piece(3)}`, in: ack(2, 1, 4) },
      { kind: "transmit", out: `e047 0002 0002 15 ${piece(2)}` },
      {
        out: `e087 0003 0002 0e ${piece(3)}`,
        in: generalBlock({ blockNumber: 3, acknowledged: 3, data: answer, last: true }),
      },
    ]);
    assert.equal(data(result), "0600001391");
  });

  it("accepts the answer whole, or in blocks after a bare acknowledgement", () => {
    const begin = [{ in: ack(1, 1) }, { in: ack(2, 2) }];
    assert.equal(data(run([...begin, { in: answer }]).result), "0600001391");
    assert.equal(data(run([...begin, { in: ack(3, 3) }, { kind: "receive", in: answer }]).result), "0600001391");
    for (const n of [1, 4]) {
      const { result } = run([
        ...begin,
        { in: ack(3, 3) },
        { kind: "receive", in: generalBlock({ blockNumber: n, acknowledged: 3, data: answer.slice(0, 8) }) },
        { in: generalBlock({ blockNumber: n + 1, acknowledged: 4, data: answer.slice(8), last: true }) },
      ]);
      assert.equal(data(result), "0600001391", `answer from block ${n} on`);
    }
  });

  it("accepts a refusal at any time, and stops without progress", () => {
    const refused = failure(associated({ maxPduSize: 30 }).get(long, what), [
      { in: ack(1, 1) },
      { in: exceptionResponse(2, 4) },
    ]);
    assert.match(refused.message, /pdu-too-long \(4\)/);
    const stuck = Array.from({ length: 4 }, () => ({ in: ack(1, 0) }));
    assert.equal(failure(associated({ maxPduSize: 30 }).get(long, what), stuck).code, "DLMS_DECODE_LIMIT");
  });

  it("sends the request whole, with a note, if the quirk forbids block transfer", () => {
    const session = associated({ maxPduSize: 30, quirks: { noGeneralBlockTransfer: true } });
    const { notes } = new Driver().run(session.get(long, what), [{ out: whole, in: answer }]);
    assert.match(notes.join(), /the request has 56 bytes, the meter accepts 30 and may not answer/);
  });
});
