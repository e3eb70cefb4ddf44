/** Attacks on a push decoder, in a process with a small heap: `push-attack-child.ts <attack> <framing>`. */
import { PushDecoder, type PushFraming } from "../../src/push";
import { dataNotification, double32, hdlc, item, mbus, sized, structure, text, wrapped } from "./pushes";

type Framing = PushFraming | "auto";

const energy = (value: number): Buffer =>
  dataNotification(structure(item("1.0.1.8.0.255", double32(value), 0, 30), text("after the attack")));

const telegram = Buffer.from("/ISK5x\r\n\r\n1-0:1.8.0(42*Wh)\r\n!\r\n");
const good: Readonly<Record<Framing, Buffer>> = {
  auto: hdlc(energy(42)),
  hdlc: hdlc(energy(42)),
  wrapper: wrapped(energy(42)),
  mbus: mbus(energy(42)),
  apdu: energy(42),
  p1: telegram,
};

/** A unit that never ends: its beginning, then bytes without end. */
const endless: Readonly<Record<Framing, readonly [string, string]>> = {
  auto: ["7ea7ff4103000100010066ffff68ffff68", "0f"],
  hdlc: ["7ea7ff4103", "00"],
  wrapper: ["000100010066ffffdb08414141414141414182fff0", "30"],
  mbus: ["68ffff6853ff000167", "00"],
  // an array of 65,535 null-data values
  apdu: ["0f00000001000182ffff", "00"],
  p1: [Buffer.from("/ISK5x\r\n\r\n").toString("hex"), "41"],
};

const attacks: Readonly<Record<string, (framing: Framing, count: number) => Generator<Uint8Array>>> = {
  *"slow-bytes"(framing, count) {
    const [head, rest] = endless[framing];
    for (const byte of Buffer.from(head, "hex")) yield Uint8Array.of(byte);
    for (let i = 0; i < count; i++) yield Buffer.from(rest, "hex");
  },
  /** Lengths of 4 GiB. */
  *"long-lengths"(framing, count) {
    const long = Buffer.from("db08414141414141414184ffffffff300000000a", "hex");
    for (let i = 0; i < count / 100; i++) {
      yield framing === "wrapper" ? wrapped(long) : framing === "hdlc" ? hdlc(long) : long;
    }
  },
  /** The first block of a long message, from ever more senders. */
  *"unfinished-blocks"(framing, count) {
    const block = Buffer.concat([Buffer.from("e00000010000", "hex"), sized(Buffer.alloc(1500, 7))]);
    for (let i = 0; i < count / 20; i++) {
      if (framing === "wrapper") yield wrapped(block, i & 0xffff, i >> 16);
      else yield hdlc(block, 2000, (((i & 0x7f) << 1) | 1).toString(16).padStart(2, "0"));
    }
  },
  /** Other names, lengths and list ids in each push. */
  *"other-lists"(_framing, count) {
    for (let i = 0; i < count / 20; i++) {
      const id = `${"x".repeat(i % 100)}${i}`;
      const body = structure(text(id), ...Array.from({ length: 1 + (i % 40) }, () => double32(i)));
      yield wrapped(dataNotification(body), i & 0xffff, 1 + (i >> 16));
    }
  },
};

function main(): void {
  const [attack = "", framing = "wrapper", count = "0"] = process.argv.slice(2);
  const codes = new Set<string>();
  const decoder = new PushDecoder({
    framing: framing as Framing,
    onProblem: ({ code, message }) => {
      codes.add(message.length < 1000 ? code : "a long message");
    },
  });
  let peak = 0;
  let n = 0;
  for (const bytes of attacks[attack]?.(framing as Framing, Number(count)) ?? []) {
    decoder.add(bytes, 0);
    if (++n % 2000 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers);
  }
  // the attacker is silent; the next meter of the line pushes a minute later
  decoder.tick(60_000);
  const values = decoder.add(good[framing as Framing], 61_000).map((push) => push.values["1.0.1.8.0.255"]);
  const unfinished = decoder.progress.unfinishedBytes;
  console.log(JSON.stringify({ values, codes: [...codes], unfinished, peakMb: Math.round(peak / 2 ** 20) }));
}

main();
