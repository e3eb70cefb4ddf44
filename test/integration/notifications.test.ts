/** Unsolicited reports within a session. */
import assert from "node:assert/strict";
import { fromHex, toHex } from "../../src/bytes";
import { DlmsError } from "../../src/errors";
import { KeySet, protect, securityControlByte } from "../../src/security";
import { bench, registerRef, registers } from "../support/meters";
import { dataNotification, sized } from "../support/apdus";
import { keys, secured } from "./security/secured";

/** Unsolicited messages of a meter, as bytes on the line. */
const reports = {
  // event-notification, no time, Register 1.0.1.8.0.255 attribute 2, unsigned 5
  "event-notification": "c20000030100010800ff021105",
  // information-report, no time, one variable name, one value
  "information-report": "180001022be8011105",
  // data-notification, no date-time
  "data-notification": dataNotification("1105"),
} as const;

for (const framing of ["WRAPPER", "HDLC"] as const) {
  describe(`reports in the middle of a session over ${framing}`, () => {
    for (const [name, hex] of Object.entries(reports)) {
      it(`${name} before an answer becomes an event, and the answer is returned`, async () => {
        const { client, clock, meter } = bench({ framing, objects: registers(3) });
        const seen: { apdu: { apdu: string } }[] = [];
        client.on("notification", (event) => seen.push(event));
        await clock.runUntil(client.open());
        meter.use({
          name: "reports first",
          request: () => {
            meter.push(fromHex(hex));
            return undefined;
          },
        });
        const outcomes = await clock.runUntil(client.readMany([registerRef(0), registerRef(1), registerRef(2)]));
        assert.deepEqual(
          outcomes.map((one) => one.ok && one.value.value),
          [100, 100.1, 100.2],
        );
        assert.deepEqual([...new Set(seen.map((event) => event.apdu.apdu))], [name]);
        await clock.runUntil(client.close());
        assert.equal(clock.pending, 0);
      });
    }

    describe("a ciphered push to a client without keys", () => {
      // general-glo-ciphering, system title KFM.., security control 30, counter 1, content and tag of no meaning
      const ciphered = fromHex("db084b464d6750000001" + "19" + "3000000001" + "00".repeat(20));
      const opened = async (sealed: (answer: Uint8Array) => readonly Uint8Array[] | undefined) => {
        const { client, clock, meter } = bench({ framing, objects: registers(3) });
        const notes: string[] = [];
        client.on("trace", (event) => event.kind === "note" && notes.push(event.text));
        await clock.runUntil(client.open());
        meter.use({ name: "ciphered", sealed });
        return { client, clock, notes };
      };

      it("is reported before an answer, and the answer is returned", async () => {
        const { client, clock, notes } = await opened((answer) =>
          answer[0] === 0xc4 ? [ciphered, answer] : undefined,
        );
        const { value } = await clock.runUntil(client.read(registerRef(1)));
        assert.equal(value, 100.1);
        assert.match(notes.join("\n"), /general-glo-ciphering .*no keys are configured/);
        assert.equal(client.statistics.associations, 1);
        await clock.runUntil(client.close());
      });

      it("becomes the error if no answer arrives", async () => {
        const { client, clock } = await opened((answer) => (answer[0] === 0xc4 ? [ciphered] : undefined));
        await assert.rejects(clock.runUntil(client.read(registerRef(1))), {
          code: "DLMS_SEC_KEY_MISSING",
          message: /the meter sent a ciphered APDU, but no keys are configured/,
        });
        await clock.runUntil(client.close());
      });
    });

    const inBlocks: Readonly<Record<string, readonly string[]>> = {
      "one general block": ["e0810001000008" + reports["data-notification"]],
      "general blocks": ["e04100010000040f000000", "e081000200000401001105"],
    };
    for (const [name, blocks] of Object.entries(inBlocks)) {
      it(`becomes an event in ${name} directly before the answer, and the answer is returned`, async () => {
        const { client, clock, meter } = bench({ framing, objects: registers(3), generalBlockTransferWindow: 4 });
        const seen: string[] = [];
        const notes: string[] = [];
        client.on("notification", ({ apdu }) => seen.push(apdu.apdu));
        client.on("trace", (event) => event.kind === "note" && notes.push(event.text));
        await clock.runUntil(client.open());
        const before = clock.now();
        meter.use({
          name: "reports first",
          sealed: (answer) => (answer[0] === 0xc4 ? [...blocks.map((block) => fromHex(block)), answer] : undefined),
        });
        const outcomes = await clock.runUntil(client.readMany([registerRef(0), registerRef(1)]));
        assert.deepEqual(
          outcomes.map((one) => one.ok && one.value.value),
          [100, 100.1],
        );
        assert.deepEqual([...new Set(seen)], ["data-notification"]);
        assert.equal(client.statistics.associations, 1);
        assert.ok(clock.now() - before < 1000, "nothing was waited for");
        assert.doesNotMatch(notes.join(), /unasked|dropped|not used/);
        assert.ok(client.association.conformanceNames.includes("general-block-transfer"));
        await clock.runUntil(client.close());
      });
    }

    describe("several pushes, each in general blocks, before one answer", () => {
      const blocksOf = (push: string, count: number): Uint8Array[] => {
        const size = push.length / count;
        return Array.from({ length: count }, (_, i) =>
          fromHex(`e0${i === count - 1 ? "81" : "41"}000${i + 1}0000${sized(push.slice(i * size, (i + 1) * size))}`),
        );
      };
      const sent = async (pushes: readonly string[], counts: readonly number[], request: number) => {
        const { client, clock, meter } = bench({ framing, objects: registers(3), generalBlockTransferWindow: 4 });
        const seen: string[] = [];
        const notes: string[] = [];
        client.on("notification", ({ raw }) => seen.push(toHex(raw)));
        client.on("trace", (event) => event.kind === "note" && notes.push(event.text));
        await clock.runUntil(client.open());
        let requests = 0;
        meter.use({
          name: "pushes first",
          sealed: (answer) =>
            answer[0] === 0xc4 && ++requests === request
              ? [...pushes.flatMap((push, i) => blocksOf(push, counts[i] ?? 1)), answer]
              : undefined,
        });
        const values: unknown[] = [];
        for (const at of [0, 1, 2]) values.push((await clock.runUntil(client.read(registerRef(at)))).value);
        await clock.runUntil(client.close());
        assert.deepEqual(values, [100, 100.1, 100.2]);
        assert.equal(client.statistics.associations, 1);
        return { seen, notes };
      };
      for (const counts of [
        [2, 2],
        [4, 2],
        [1, 4],
        [2, 4, 1, 2],
      ]) {
        for (const request of [1, 3]) {
          it(`in ${counts.join(", ")} blocks before the answer to request ${request}: each becomes an event`, async () => {
            const pushes = counts.map((_, i) => `0f00000${i}0000110${i}`);
            const { seen, notes } = await sent(pushes, counts, request);
            assert.deepEqual(seen, pushes);
            assert.doesNotMatch(notes.join(), /unasked|dropped|not used/);
          });
        }
      }

      it("drops a push whose last block is missing with a note, and the next one becomes an event", async () => {
        const [lost, next] = ["0f00000001001101", "0f00000002001102"];
        const { client, clock, meter } = bench({ framing, objects: registers(3), generalBlockTransferWindow: 4 });
        const seen: string[] = [];
        const notes: string[] = [];
        client.on("notification", ({ raw }) => seen.push(toHex(raw)));
        client.on("trace", (event) => event.kind === "note" && notes.push(event.text));
        await clock.runUntil(client.open());
        const blocks = [...blocksOf(lost, 4).slice(0, 3), ...blocksOf(next, 2)];
        meter.use({
          name: "a block is missing",
          sealed: (answer) => (answer[0] === 0xc4 ? [...blocks.splice(0), answer] : undefined),
        });
        assert.equal((await clock.runUntil(client.read(registerRef(1)))).value, 100.1);
        await clock.runUntil(client.close());
        assert.deepEqual(seen, [next]);
        assert.match(
          notes.join("\n"),
          /a notification in blocks was dropped: general block 4 is missing, and the next/,
        );
        assert.equal(client.statistics.associations, 1);
      });

      it("drops a push whose first block equals an earlier one with a note, because it may be a copy", async () => {
        const { seen, notes } = await sent(["0f0000000000" + "1101", "0f0000000000" + "1102"], [2, 2], 3);
        assert.deepEqual(seen, ["0f00000000001101"]);
        assert.equal(notes.filter((note) => note.includes("late or duplicate answer")).length, 2);
        assert.doesNotMatch(notes.join(), /not used/);
      });
    });

    it("does not fail a request for a report that cannot be decoded", async () => {
      const { client, clock, meter } = bench({ framing, objects: registers(1) });
      await clock.runUntil(client.open());
      meter.use({
        name: "reports nonsense",
        request: () => {
          meter.push(fromHex("0f00000001ff"));
          return undefined;
        },
      });
      assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
      await clock.runUntil(client.close());
    });
  });
}

describe("a ciphered report directly after a ciphered answer", () => {
  const title = fromHex("4d4d4d0000bc614e");
  /** Event-notification of Register 1.0.1.8.0.255, in the envelope of its service or of general-glo. */
  const envelopes: Readonly<Record<string, (content: Uint8Array) => string>> = {
    "glo-event-notification": (content) => `ca${sized(toHex(content))}`,
    "general-glo-ciphering": (content) => `db08${toHex(title)}${sized(toHex(content))}`,
  };
  for (const framing of ["WRAPPER", "HDLC"] as const) {
    for (const [name, envelope] of Object.entries(envelopes)) {
      it(`${name} over ${framing}: the answer is returned, and the report becomes an event`, async () => {
        const { client, clock, meter } = secured({
          meter: { framing, systemTitle: title },
          client: framing === "HDLC" ? { link: { kind: "hdlc" } } : {},
        });
        const seen: string[] = [];
        client.on("notification", ({ apdu }) => seen.push(apdu.apdu));
        await clock.runUntil(client.open());
        meter.use({
          name: "a report behind the answer",
          sealed: (answer) => {
            if (answer[0] !== 0xcc) return undefined;
            const counter = new DataView(answer.buffer, answer.byteOffset).getUint32(3);
            const content = protect({
              plaintext: fromHex(reports["event-notification"]),
              keys: new KeySet(0, keys),
              suite: 0,
              systemTitle: title,
              securityControl: securityControlByte(0, "authenticated-encrypted"),
              invocationCounter: counter + 1,
            });
            return [answer, fromHex(envelope(content))];
          },
        });
        assert.equal((await clock.runUntil(client.read(registerRef(1)))).value, 100.1);
        await clock.runUntil(client.close());
        assert.deepEqual(seen, ["event-notification"]);
        assert.equal(client.statistics.associations, 1);
      });
    }
  }
});

describe("a replayed ciphered push before a ciphered answer", () => {
  const title = fromHex("4d4d4d0000bc614f");
  const replaying = async (framing: "WRAPPER" | "HDLC", copies: number, answers = true) => {
    const { client, clock, meter } = secured({
      meter: { framing, systemTitle: title },
      client: framing === "HDLC" ? { link: { kind: "hdlc" } } : {},
    });
    const notes: string[] = [];
    const seen: string[] = [];
    client.on("notification", ({ apdu }) => seen.push(apdu.apdu));
    client.on("trace", (event) => event.kind === "note" && notes.push(event.text));
    await clock.runUntil(client.open());
    const push = (invocationCounter: number): Uint8Array => {
      const content = protect({
        plaintext: fromHex(reports["event-notification"]),
        keys: new KeySet(0, keys),
        suite: 0,
        systemTitle: title,
        securityControl: securityControlByte(0, "authenticated-encrypted"),
        invocationCounter,
      });
      return fromHex(`db08${toHex(title)}${sized(toHex(content))}`);
    };
    meter.use({
      name: "the push of an earlier session first",
      sealed: (answer) => {
        if (answer[0] !== 0xcc) return undefined;
        const pushes = Array.from({ length: copies }, () => push(0));
        return answers ? [...pushes, answer] : pushes;
      },
    });
    const reading = clock.runUntil(client.read(registerRef(1)));
    const outcome = await reading.then(
      ({ value }) => value,
      (error: unknown) => error,
    );
    await clock.runUntil(client.close());
    assert.deepEqual(seen, [], "a replayed push is not delivered");
    return { outcome, notes, associations: client.statistics.associations };
  };
  for (const framing of ["WRAPPER", "HDLC"] as const) {
    it(`over ${framing} is dropped with a note, and the answer is returned`, async () => {
      const { outcome, notes, associations } = await replaying(framing, 2);
      assert.equal(outcome, 100.1);
      assert.equal(associations, 1);
      assert.equal(notes.filter((note) => /^dropped: .*counter/.test(note)).length, 2, notes.join("\n"));
    });

    it(`over ${framing} becomes the error if no answer arrives`, async () => {
      const { outcome } = await replaying(framing, 1, false);
      assert.ok(outcome instanceof DlmsError);
      assert.equal(outcome.code, "DLMS_SEC_REPLAY");
    });

    it(`over ${framing} ends the read after 64 copies`, async () => {
      const { outcome } = await replaying(framing, 70);
      assert.ok(outcome instanceof DlmsError);
      assert.equal(outcome.code, "DLMS_DECODE_LIMIT");
    });
  }
});

describe("pushes within a session over HDLC", () => {
  const seenOf = async (pushes: readonly string[]): Promise<{ seen: string[]; notes: string[] }> => {
    const { client, clock, meter } = bench({ framing: "HDLC", objects: registers(1) });
    const seen: string[] = [];
    const notes: string[] = [];
    client.on("notification", ({ raw }) => seen.push(toHex(raw)));
    client.on("trace", (event) => event.kind === "note" && notes.push(event.text));
    await clock.runUntil(client.open());
    for (const hex of pushes) meter.push(fromHex(hex));
    const value = await clock.runUntil(client.read(registerRef(0)));
    assert.equal(value.value, 100);
    await clock.runUntil(client.close());
    return { seen, notes };
  };

  it("delivers each of several APDUs in one information field", async () => {
    const [first, second, third] = [dataNotification("1105"), dataNotification("1106"), dataNotification("1107")];
    const { seen } = await seenOf([`${first}e6e700${second}e6e700${third}`]);
    assert.deepEqual(seen, [first, second, third]);
  });

  it("reports unread bytes after a push", async () => {
    const { seen, notes } = await seenOf([`${dataNotification("1105")}fe`]);
    assert.deepEqual(seen, [dataNotification("1105")]);
    assert.ok(
      notes.some((note) => note.startsWith("1 bytes after a notification could not be read")),
      notes.join(),
    );
  });

  it("assembles a push in general blocks, and reports one with a missing block", async () => {
    const whole = dataNotification("1105");
    const blocks = [`e04000010000020f00`, `e0800002000006${whole.slice(4)}`];
    assert.equal(whole.length / 2, 8, "the blocks above fit the push");
    assert.deepEqual((await seenOf(blocks)).seen, [whole]);
    const lost = await seenOf([blocks[0] ?? "", (blocks[1] ?? "").replace("e0800002", "e0800003")]);
    assert.deepEqual(lost.seen, []);
    assert.ok(
      lost.notes.some((note) => note.includes("expected block 2, got block 3")),
      lost.notes.join(),
    );
  });
});
