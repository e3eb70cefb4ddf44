/** A decoder that has seen a layout before gives the same pushes as one that has not. */
import assert from "node:assert/strict";
import { type Push, PushDecoder, type PushDecoderOptions } from "../../../src/push";
import {
  dataNotification,
  double32,
  generalGlo,
  gak,
  guek,
  item,
  logicalName,
  octets,
  structure,
  text,
  word16,
  wrapped,
} from "../../support/pushes";
import { random } from "../../support/random";

const clock = (minute: number): string => octets(`07ea0615010a${minute.toString(16).padStart(2, "0")}00ffff8800`);
const long64 = (value: bigint): string => `14${BigInt.asUintN(64, value).toString(16).padStart(16, "0")}`;
const objects = (...names: readonly string[]): string =>
  `01${names.length.toString(16).padStart(2, "0")}${names
    .map((name) => structure("120003", logicalName(name), "0f02", "120000"))
    .join("")}`;

type Body = (n: number) => string;
const bodies: Readonly<Record<string, Body>> = {
  "items with scalers": (n) =>
    structure(
      item("1.0.1.8.0.255", double32(1000 + n), 0, 30),
      item("1.0.32.7.0.255", word16(2300 + n), -1, 35),
      item("1.0.31.7.0.255", `10${(0x10000 - n).toString(16).slice(-4)}`, -2, 33),
      item("1.0.2.8.0.255", `05${(2 ** 32 - 1 - n).toString(16)}`, 1, 30),
      item("1.0.3.8.0.255", `0f${(n & 0x7f).toString(16).padStart(2, "0")}`, 0, 32),
      item("1.0.4.8.0.255", `11${(n & 0xff).toString(16).padStart(2, "0")}`, 0, 32),
      item("1.0.16.8.0.255", long64(2n ** 60n + BigInt(n)), -3, 30),
      item("1.0.15.8.0.255", long64(-BigInt(n) - 5n), 3, 30),
    ),
  "items, a clock and a meter number": (n) =>
    structure(
      structure(logicalName("0.0.1.0.0.255"), clock(n % 60)),
      structure(logicalName("0.0.96.1.0.255"), text("4711")),
      item("1.0.1.8.0.255", double32(n), 0, 30),
    ),
  "flat pairs with a list id, scaled by a table": (n) =>
    structure(
      text("Kamstrup_V0001"),
      logicalName("1.1.1.7.0.255"),
      double32(n),
      logicalName("1.1.31.7.0.255"),
      double32(100 + n),
      logicalName("1.1.32.7.0.255"),
      word16(230),
    ),
  "an object list and its values": (n) =>
    structure(objects("1.0.1.8.0.255", "1.0.2.8.0.255"), double32(n), double32(2 * n)),
  "values without names": (n) => structure(double32(n), word16(n & 0xffff), text("abc")),
  "values of one name twice": (n) =>
    structure(item("1.0.1.8.0.255", double32(n), 0, 30), item("1.0.1.8.0.255", double32(n + 1), 0, 30)),
  "an array as a value": (n) => structure(structure(logicalName("1.0.99.1.0.255"), `0102${double32(n)}${double32(n)}`)),
};

const time = (n: number): string => `07ea0615010a${(n % 60).toString(16).padStart(2, "0")}00ffff8800`;
const push = (body: string, n: number): Buffer => wrapped(dataNotification(body, n, n % 3 === 0 ? "" : time(n)));
const options: PushDecoderOptions = { framing: "wrapper" };
const unlisted: PushDecoderOptions = { ...options, lists: "none" };

interface Given {
  readonly pushes: readonly Push[];
  readonly problems: readonly string[];
}

/** The answer of a decoder to bytes after a push. */
function answer(before: Uint8Array, bytes: Uint8Array, given: PushDecoderOptions = options): Given {
  const problems: string[] = [];
  const decoder = new PushDecoder({ ...given, onProblem: ({ message }) => problems.push(message) });
  decoder.add(before);
  return { pushes: [...decoder.add(bytes), ...decoder.end()], problems };
}

/** A push with another layout than all others here. */
const other = push("0600000001", 1);

describe("layouts that a decoder knows", () => {
  for (const [name, body] of Object.entries(bodies)) {
    it(`give the same values as the general parser: ${name}`, () => {
      const decoder = new PushDecoder(options);
      for (const n of [1, 2, 3, 77, 200, 59, 0, 127]) {
        const bytes = push(body(n), n);
        assert.deepEqual({ pushes: decoder.add(bytes), problems: [] }, answer(other, bytes), `push ${n}`);
      }
    });

    it(`give no other push for bytes that differ anywhere: ${name}`, () => {
      const next = random(name.length);
      const good = push(body(5), 5);
      for (let round = 0; round < 400; round++) {
        const changed = Uint8Array.from(good);
        for (let i = 0; i <= next(2); i++) changed[13 + next(changed.length - 13)] = next(256);
        const hex = Buffer.from(changed).toString("hex");
        assert.deepEqual(answer(good, changed, unlisted), answer(other, changed, unlisted), hex);
      }
    });
  }

  it("belong to the settings of a meter", () => {
    const zones = [{ timeZone: "Europe/Vienna" }, { timeZone: "Europe/Helsinki" }];
    let meter = 0;
    const decoder = new PushDecoder({ framing: "wrapper", meters: () => zones[meter] });
    const local = structure(
      structure(logicalName("0.0.1.0.0.255"), octets("07ea0615010a0000ff800000")),
      item("1.0.1.8.0.255", double32(1), 0, 30),
    );
    const clocks = [0, 1, 0, 1].map((which) => {
      meter = which;
      return decoder.add(push(local, 3)).map((each) => each.clock);
    });
    const [vienna, helsinki] = [["2026-06-21T10:00:00+02:00"], ["2026-06-21T10:00:00+03:00"]];
    assert.deepEqual(clocks, [vienna, helsinki, vienna, helsinki]);
  });

  it("keep apart the senders whose list table comes from an earlier list id", () => {
    const decoder = new PushDecoder({ framing: "wrapper" });
    const short = (n: number, source: number): Buffer => wrapped(dataNotification(structure(double32(n)), n), source);
    const listed = wrapped(dataNotification(structure(text("KFM_001"), double32(5)), 1), 7);
    decoder.add(listed);
    const tables = [7, 8, 7, 8].map((source, n) => decoder.add(short(n, source)).map(({ table }) => table));
    const fresh = (before: readonly Buffer[], source: number): unknown => {
      const other = new PushDecoder({ framing: "wrapper" });
      for (const bytes of before) other.add(bytes);
      return other.add(short(1, source)).map(({ table }) => table);
    };
    const [seven, eight] = [fresh([listed], 7), fresh([listed], 8)];
    assert.deepEqual(tables, [seven, eight, seven, eight]);
  });

  it("leave the items of an earlier push as they are", () => {
    const decoder = new PushDecoder(options);
    const [first] = decoder.add(push(bodies["items with scalers"]?.(1) ?? "", 1));
    assert.ok(first);
    (first.items[0] as { name: string }).name = "changed by a flow";
    const [second] = decoder.add(push(bodies["items with scalers"]?.(2) ?? "", 2));
    assert.equal(second?.items[0]?.name, "1.0.1.8.0.255");
    assert.equal(first.values["1.0.1.8.0.255"], 1001);
    assert.equal(second.values["1.0.1.8.0.255"], 1002);
  });

  it("name the system title of each meter", () => {
    const keys = { encryptionKey: guek, authenticationKey: gak };
    const decoder = new PushDecoder({ framing: "wrapper", keys });
    const titles = ["4d4d4d00000c0001", "4d4d4d00000c0002", "4d4d4d00000c0001"];
    const given = titles.flatMap((title, i) =>
      decoder.add(
        wrapped(generalGlo(dataNotification(bodies["items with scalers"]?.(i) ?? ""), { title, counter: i + 1 })),
      ),
    );
    assert.deepEqual(
      given.map(({ systemTitle, values }) => [systemTitle, values["1.0.1.8.0.255"]]),
      [
        ["4D4D4D00000C0001", 1000],
        ["4D4D4D00000C0002", 1001],
        ["4D4D4D00000C0001", 1002],
      ],
    );
  });
});
