import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex, toHex } from "../../../src/bytes";
import { isDlmsError } from "../../../src/errors";
import { Session, type Operation } from "../../../src/session";
import { Driver } from "./drive";
import { associated, energy, options } from "./fixtures";
import { CipheringMeter, clientTitle, security } from "./meter";
import { aare, actionBlock, getBlock, getData, setResult } from "../../support/apdus";

const what = "read 1-0:1.8.0*255/2";
const u32 = (value: number): string => value.toString(16).padStart(8, "0");
const octets = (bytes: Uint8Array): string =>
  (bytes.length < 128 ? toHex(Uint8Array.of(bytes.length)) : `82${bytes.length.toString(16).padStart(4, "0")}`) +
  toHex(bytes);

/** Cuts of a payload: lengths of the pieces, empty ones included; the rest is the last. */
function cut(payload: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(payload.subarray(at, at + length));
    at = Math.min(payload.length, at + length);
  }
  return [...pieces, payload.subarray(at)];
}

const payload = fc.uint8Array({ minLength: 0, maxLength: 300 });
const lengths = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 12 });
const octetString = (bytes: Uint8Array): Uint8Array => fromHex(`09${octets(bytes)}`);

describe("session: any cut into blocks yields the same result", () => {
  it("GET", () => {
    fc.assert(
      fc.property(payload, lengths, fc.constantFrom(0, 1, 7), (bytes, sizes, first) => {
        const value = octetString(bytes);
        const pieces = cut(value, sizes);
        const turns = pieces.map((piece, i) => ({
          in: `c402c1${i === pieces.length - 1 ? "01" : "00"}${u32(first + i)}00${octets(piece)}`,
        }));
        const { result } = new Driver().run(associated().get(energy, what), turns);
        assert.deepEqual(result, { ok: true, data: value });
      }),
    );
  });

  it("GET with list", () => {
    fc.assert(
      fc.property(payload, lengths, (bytes, sizes) => {
        const list = fromHex(`0200${toHex(octetString(bytes))}0103`);
        const pieces = cut(list, sizes);
        const turns = pieces.map((piece, i) => ({
          in: `c402c1${i === pieces.length - 1 ? "01" : "00"}${u32(1 + i)}00${octets(piece)}`,
        }));
        const { result } = new Driver().run(associated().getWithList([energy, energy], what), turns);
        assert.deepEqual(result, [
          { ok: true, data: octetString(bytes) },
          { ok: false, result: 3 },
        ]);
      }),
    );
  });

  it("SET: the blocks that are sent are the data, whatever the PDU size", () => {
    fc.assert(
      fc.property(payload, fc.integer({ min: 24, max: 120 }), (bytes, maxPduSize) => {
        const data = octetString(bytes);
        const operation = associated({ maxPduSize }).set(energy, data, what);
        const got: string[] = [];
        let step = operation.next();
        while (step.done !== true) {
          assert.equal(step.value.kind, "exchange");
          const apdu = toHex("apdu" in step.value ? step.value.apdu : new Uint8Array());
          assert.ok(apdu.length / 2 <= maxPduSize);
          // the raw piece follows its length, one byte here
          const whole = apdu.startsWith("c101");
          const header = apdu.startsWith("c102") ? 13 : 3;
          const at = whole ? 13 : header + 6;
          got.push(apdu.slice(2 * at));
          const number = apdu.slice(2 * header + 2, 2 * header + 10);
          const last = whole || apdu.slice(2 * header, 2 * header + 2) === "01";
          const reply = whole ? setResult(0) : last ? `c503c100${number}` : `c502c1${number}`;
          step = operation.next(fromHex(reply));
        }
        assert.equal(step.value, 0);
        assert.equal(got.join(""), toHex(data));
      }),
    );
  });
});

/** Recorded answers, by request; each is cut at every byte and changed in every byte. */
interface Recording {
  readonly name: string;
  readonly run: () => { readonly operation: Operation<unknown>; readonly driver: Driver };
  readonly answers: () => readonly string[];
}

const plain = (operation: (session: Session) => Operation<unknown>) => () => ({
  operation: operation(associated()),
  driver: new Driver(),
});

function cipheredRecording(): Recording {
  let meter = new CipheringMeter();
  return {
    name: "ciphered association and GET",
    run: () => {
      meter = new CipheringMeter();
      const session = new Session(options({ security: security(), clientSystemTitle: clientTitle }));
      return {
        operation: (function* () {
          yield* session.associate();
          return yield* session.get(energy, what);
        })(),
        driver: new Driver(),
      };
    },
    answers: () => [meter.aare(), meter.service("cc", getData("0600001391"))],
  };
}

const recordings: readonly Recording[] = [
  {
    name: "AARE",
    run: () => ({ operation: new Session(options()).associate(), driver: new Driver() }),
    answers: () => [aare(0x501f, 500)],
  },
  {
    name: "refusing AARE",
    run: () => ({ operation: new Session(options()).associate(), driver: new Driver() }),
    answers: () => ["611fa109060760857405080101a203020101a305a103020101be0604040e010601"],
  },
  { name: "GET", run: plain((s) => s.get(energy, what)), answers: () => [getData("0600001391")] },
  {
    name: "GET in blocks",
    run: plain((s) => s.get(energy, what)),
    answers: () => [getBlock(1, "0600"), getBlock(2, "001391", "last")],
  },
  {
    name: "GET with list",
    run: plain((s) => s.getWithList([energy, energy], what)),
    answers: () => ["c403c10200091049534b313030303030303030303030300103"],
  },
  {
    name: "general block transfer",
    run: plain((s) => s.get(energy, what)),
    answers: () => ["e0010001000003c401c1", "e0010002000103000600", "e0810003000203001391"],
  },
  {
    name: "ACTION in blocks",
    run: plain((s) => s.action({ classId: 9, instanceId: fromHex("00000a0000ff"), methodId: 1 }, undefined, what)),
    answers: () => [actionBlock(1, "000100"), actionBlock(2, "09021122", "last")],
  },
  {
    name: "Read in blocks",
    run: () => ({
      operation: associated({ referencing: "sn", vaaName: 0xfa00 }).read([{ kind: "variable-name", name: 8 }], what),
      driver: new Driver(),
    }),
    answers: () => ["0c010200000103010006", "0c010201000204 00001391"],
  },
  {
    name: "ACCESS",
    run: plain((s) => s.access([{ kind: "get", attribute: energy }], [fromHex("00")], what)),
    answers: () => ["dac000000100000106000013910101 00"],
  },
  cipheredRecording(),
];

/** Feeds the answers in order, the changed one in its place; after them, silence ends the run. */
function survive(recording: Recording, changed: number, change: (hex: string) => string): "value" | "error" {
  const { operation, driver } = recording.run();
  const answers = recording.answers().map((answer, i) => (i === changed ? change(answer) : answer));
  const turns: { in: string }[] = answers.map((answer) => ({ in: answer }));
  try {
    const queue = [...turns];
    let step = operation.next();
    while (step.done !== true) {
      const { value } = step;
      if (value.kind === "reserve-counter") {
        step = operation.next(driver.counter);
        driver.counter += value.count;
        continue;
      }
      if (value.kind !== "exchange" && value.kind !== "receive") {
        step = operation.next();
        continue;
      }
      const next = queue.shift();
      // the meter does not answer a request beyond the recording; the driver's reaction is not tested here
      if (next === undefined) return "error";
      step = operation.next(fromHex(next.in));
    }
    return "value";
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    assert.ok(error.message.length > 0);
    return "error";
  }
}

describe("session: damaged answers end in a value or a DlmsError", () => {
  for (const recording of recordings) {
    it(recording.name, () => {
      recording.run();
      const count = recording.answers().length;
      assert.equal(
        survive(recording, -1, (hex) => hex),
        recording.name === "refusing AARE" ? "error" : "value",
      );
      for (let i = 0; i < count; i++) {
        recording.run();
        const { length } = recording.answers()[i] ?? "";
        for (let at = 0; at < length; at += 2) {
          survive(recording, i, (hex) => hex.slice(0, at));
          for (const value of ["00", "01", "7f", "80", "ff"]) {
            survive(recording, i, (hex) => hex.slice(0, at) + value + hex.slice(at + 2));
          }
          survive(recording, i, (hex) => {
            const flipped = (Number.parseInt(hex.slice(at, at + 2), 16) ^ 0x10).toString(16).padStart(2, "0");
            return hex.slice(0, at) + flipped + hex.slice(at + 2);
          });
        }
      }
    });
  }
});
