import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, fromHex, toHex } from "../../../../src/bytes";
import { WrapperFramer, type WrapperLinkOptions, decodeWpdu, encodeWpdu, wrapperLink } from "../../../../src/link";
import { LinkLine } from "../../../support/link-line";

const get = "c001c100030100010800ff0200";
const value = "c401c10006000004d2";
/** Written out from IEC 62056-47: version, source, destination, length. */
const request = `000100100001000d${get}`;
const answer = `0001000100100009${value}`;
const push = "0f0000000100020109060100010800ff";

describe("wrapper codec", () => {
  it("puts version, source, destination and length before the APDU", () => {
    assert.equal(toHex(encodeWpdu({ source: 16, destination: 1, apdu: fromHex(get) })), request);
    assert.deepEqual(decodeWpdu(fromHex(answer)), { source: 1, destination: 16, apdu: fromHex(value) });
  });

  it("swaps the bytes of each word on request", () => {
    const swapped = `0100010010000900${value}`;
    assert.equal(toHex(encodeWpdu({ source: 1, destination: 16, apdu: fromHex(value) }, true)), swapped);
    assert.deepEqual(decodeWpdu(fromHex(swapped), true).apdu, fromHex(value));
  });

  it("refuses an APDU too long for the length field", () => {
    const wpdu = { source: 1, destination: 1, apdu: new Uint8Array(65536) };
    assert.throws(() => encodeWpdu(wpdu), { code: "DLMS_LINK_FRAME_INVALID" });
  });

  const wrong: [string, string, string, RegExp][] = [
    ["HDLC", "7ea01f21022373e6c7", "DLMS_LINK_WRAPPER_HEADER", /7ea01f.*looks like HDLC: set framing HDLC/],
    [
      "swapped bytes",
      swap(answer),
      "DLMS_LINK_WRAPPER_HEADER",
      /swapped bytes: switch on the quirk wrapperSwappedBytes/,
    ],
    ["text", "485454502f312e31", "DLMS_LINK_WRAPPER_HEADER", /looks like HTTP: the device/],
    ["TLS", "160303004a020000", "DLMS_LINK_WRAPPER_HEADER", /choose transport TLS/],
    ["half a header", "00010001", "DLMS_LINK_WRAPPER_HEADER", /needs 8 bytes/],
    ["a length that is not there", `000100010010000a${value}`, "DLMS_LINK_FRAME_INVALID", /says 10 bytes.*got 9/],
  ];
  for (const [what, hex, code, message] of wrong) {
    it(`reports the bytes received instead of a header: ${what}`, () => {
      assert.throws(() => decodeWpdu(fromHex(hex)), { code, message });
    });
  }
});

function swap(hex: string): string {
  const words = hex.slice(0, 16).match(/..../g) ?? [];
  return words.map((word) => word.slice(2) + word.slice(0, 2)).join("") + hex.slice(16);
}

describe("wrapper framer", () => {
  it("finds all WPDUs whatever the chunking (property)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        (apdus, sizes) => {
          const stream = concatBytes(...apdus.map((apdu) => encodeWpdu({ source: 1, destination: 16, apdu })));
          const framer = new WrapperFramer();
          const found: Uint8Array[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            const { pdus, error } = framer.push(stream.subarray(at, at + size));
            assert.equal(error, undefined);
            found.push(...pdus.map(({ wpdu }) => wpdu.apdu));
            at += size;
          }
          assert.deepEqual(found, apdus);
          assert.equal(framer.pending, 0);
        },
      ),
    );
  });

  it("ends at a wrong version, with the frames received before", () => {
    const framer = new WrapperFramer();
    const { pdus, error } = framer.push(fromHex(`${answer}7ea01f`));
    assert.equal(pdus.length, 1);
    assert.equal(error?.code, "DLMS_LINK_WRAPPER_HEADER");
    assert.equal(framer.push(fromHex(answer)).pdus.length, 0);
    framer.clear();
    assert.equal(framer.push(fromHex(answer)).pdus.length, 1);
  });

  it("refuses a length above its limit before it takes memory", () => {
    const { error } = new WrapperFramer({ maxApdu: 100 }).push(fromHex("000100010010ffff"));
    assert.match(error?.message ?? "", /length 65535 is above the limit of 100/);
  });
});

function line(options: Partial<WrapperLinkOptions> = {}): LinkLine {
  return new LinkLine(
    wrapperLink({ clientSap: 16, serverSap: 1, timeouts: { response: 1000, interFrame: 300 }, ...options }),
  ).open();
}

describe("wrapper link", () => {
  it("opens and closes at once", () => {
    const session = line();
    assert.equal(session.link.state, "open");
    session.close();
    assert.deepEqual(session.events, ["opened", "closed"]);
    assert.deepEqual(session.sent, []);
  });

  it("sends and receives, whole and byte by byte", () => {
    for (const parts of [[answer], answer.match(/../g) ?? []]) {
      const session = line().send(get);
      assert.deepEqual(session.taken(), [request]);
      assert.equal(session.link.state, "busy");
      session.receive(...parts);
      assert.deepEqual(session.apdus, [value]);
      assert.equal(session.link.state, "open");
      assert.equal(session.link.deadline, undefined);
    }
  });

  it("swaps the header if the meter does", () => {
    const session = line({ swappedBytes: true }).send(get);
    assert.deepEqual(session.taken(), [swap(request)]);
    session.receive(swap(answer));
    assert.deepEqual(session.apdus, [value]);
  });

  it("reports pushes during an exchange, and unawaited APDUs, as notifications", () => {
    const wrapped = `000100010010${(push.length / 2).toString(16).padStart(4, "0")}${push}`;
    const session = line().send(get).receive(wrapped);
    assert.equal(session.link.state, "busy");
    session.receive(answer + wrapped, `0001000100100003db0102`);
    assert.deepEqual(session.apdus, [value]);
    assert.deepEqual(session.notifications, [push, push, "db0102"]);
  });

  it("reports the further blocks of a stream in order, for its user to keep", () => {
    const block = (control: string, last: string): string => `0001000100100008e0${control}00010000 01${last}`;
    const session = line()
      .send(get)
      .receive(block("40", "aa") + block("40", "bb") + block("80", "cc"));
    assert.equal(session.apdus.length, 1);
    assert.deepEqual(
      session.notifications.map((apdu) => apdu.slice(-2)),
      ["bb", "cc"],
    );
    session.send(get).receive(answer);
    assert.equal(session.apdus.at(-1), value);
  });

  it("waits for a further message without sending", () => {
    const session = line().send(get).receive(answer);
    session.taken();
    session.await();
    assert.equal(session.link.state, "busy");
    session.receive(answer);
    assert.equal(session.apdus.length, 2);
    assert.deepEqual(session.taken(), []);
  });

  it("drops frames for another client, and reports them in the time-out", () => {
    const session = line().send(get, { request: "read" }).receive(`0001000200100001aa`, "000100010010 0000");
    assert.deepEqual(session.apdus, []);
    assert.match(session.notes[0] ?? "", /from 2 to 16 was dropped/);
    session.timeOut();
    assert.equal(session.failure?.code, "DLMS_TIMEOUT_RESPONSE");
    assert.match(
      session.failure?.message ?? "",
      /^read: server 1 did not answer client 16 within 1000 ms: only messages for other addresses were received \(from 2 to 16\)/,
    );
  });

  it("drops the echo of its own message, also between equal addresses", () => {
    const session = line({ clientSap: 1, serverSap: 1 }).send(get);
    const [own = ""] = session.taken();
    session.receive(own, `0001000100010009${value}`);
    assert.deepEqual(session.apdus, [value]);
    assert.deepEqual(line().send(get).receive(request, answer).apdus, [value]);
  });

  it("names the echo if only that was received", () => {
    const session = line().send(get, { request: "read" });
    session.receive(request).timeOut();
    assert.deepEqual(session.apdus, []);
    assert.match(session.notes[0] ?? "", /echo/);
    assert.match(session.failure?.message ?? "", /only our own message was received \(the line echoes\)/);
    assert.equal(session.failure?.details.echoes, 1);
  });

  it("drops the echo of unconfirmed APDUs, and of each block of a window", () => {
    const session = line({ clientSap: 1, serverSap: 1 });
    session.send("e04000010000 01aa", { expectAnswer: false }).send("e04000020000 01bb", { expectAnswer: false });
    session.send("e08000030000 01cc");
    session.receive(...session.taken(), `0001000100010009${value}`);
    assert.deepEqual(session.apdus, [value]);
    assert.deepEqual(session.notifications, []);
  });

  it("drops the echo of a message that was sent again", () => {
    const session = line({ clientSap: 1, serverSap: 1, datagrams: true, retries: 1 }).send(get).timeOut();
    session.receive(...session.taken());
    assert.deepEqual(session.apdus, []);
    session.receive(`0001000100010009${value}`);
    assert.deepEqual(session.apdus, [value]);
  });

  it("reports that no byte was received", () => {
    const session = line().send(get).timeOut();
    assert.equal(session.now, 1000);
    assert.match(session.failure?.message ?? "", /no bytes received; check the server address/);
    assert.equal(session.link.state, "closed");
    session.open().send(get).receive(answer).send(get).timeOut();
    assert.match(session.failure?.message ?? "", /no bytes received, although the meter answered before/);
    assert.throws(() => session.send(get), { code: "DLMS_STATE_CLOSED" });
  });

  it("reports an incomplete answer soon after it broke off", () => {
    for (let cut = 1; cut < answer.length / 2; cut++) {
      const session = line()
        .send(get)
        .pass(500)
        .receive(answer.slice(0, 2 * cut))
        .timeOut();
      assert.equal(session.now, 800, `cut at ${cut}`);
      assert.equal(session.failure?.code, "DLMS_TIMEOUT_INTERFRAME");
      assert.match(session.failure?.message ?? "", new RegExp(`stopped after ${cut} bytes`));
    }
  });

  it("is not held without end by single bytes", () => {
    const session = line().send(get).receive("000100010010ffff");
    while (!session.failure) session.receive("00").pass(299);
    assert.ok(session.now < 700_000, `${session.now} ms`);
  });

  for (const [baudRate, response, bound] of [
    [undefined, 1000, 22_000],
    [undefined, 5000, 106_000],
    [9600, 1000, 104_000],
    [115_200, 1000, 11_000],
  ] as const) {
    it(`a body of 64 KiB that drips in is given up after ${bound} ms (${baudRate ?? "unknown"} bit/s, time-out ${response} ms)`, () => {
      const rate = baudRate === undefined ? {} : { baudRate };
      const session = line({ timeouts: { response, interFrame: 300 }, ...rate }).send(get);
      session.receive("000100010010ffff");
      while (!session.failure) session.receive("00").pass(299);
      assert.equal(session.failure.code, "DLMS_TIMEOUT_INTERFRAME");
      assert.ok(session.now <= bound, `${session.now} ms`);
      assert.match(
        session.failure.message,
        /the answer arrived too slowly, \d+ more bytes were expected after \d+ bytes/,
      );
    });
  }

  it("accepts a body of 64 KiB on a slow line of known rate, at that rate", () => {
    const session = line({ baudRate: 2400, maxApdu: 0xffff }).send(get);
    session.receive("000100010010ffff");
    for (let at = 0; at < 0xffff; at += 51) session.receive("00".repeat(51)).pass(212);
    assert.equal(session.failure, undefined);
    assert.equal(session.apdus.length, 1);
  });

  it("fails at a wrong header", () => {
    const session = line().send(get).receive("7ea01f21");
    assert.equal(session.failure?.code, "DLMS_LINK_WRAPPER_HEADER");
    assert.equal(session.link.state, "closed");
  });

  it("does not repeat a message on a stream", () => {
    const session = line({ retries: 2 }).send(get).timeOut();
    assert.equal(session.failure?.code, "DLMS_TIMEOUT_RESPONSE");
    assert.deepEqual(session.taken(), [request]);
  });

  it("sends the same bytes again if datagrams get lost, and drops the second answer", () => {
    const session = line({ datagrams: true, retries: 2 }).send(get).timeOut();
    assert.deepEqual(session.taken(), [request, request]);
    session.receive(answer).send(get).receive(answer);
    assert.deepEqual(session.apdus, [value], "the answer of the first request does not answer the second");
    session.receive(answer);
    assert.deepEqual(session.apdus, [value, value]);
    session.send(get).timeOut().timeOut().timeOut();
    assert.match(session.failure?.message ?? "", /sent 3 times/);
  });

  const tags = (hex: string): string[] => hex.split(" ");
  for (const tag of tags("60 62 c0 c8 d0")) {
    it(`sends a lost datagram with tag ${tag} again`, () => {
      const session = line({ datagrams: true, retries: 1 }).send(`${tag}010203`).timeOut();
      assert.equal(session.failure, undefined);
      assert.equal(session.taken().length, 2);
    });
  }

  // set and action, write by short name, their ciphered forms, access, general ciphering, blocks; and reads by short
  // name, whose answers cannot be told apart
  for (const tag of tags("c1 c3 c9 cb d1 d3 06 26 d9 db dc dd df e0 16 36 05 25")) {
    it(`does not send a datagram with tag ${tag} again automatically`, () => {
      const session = line({ datagrams: true, retries: 2 }).send(`${tag}010203`).timeOut();
      assert.equal(session.failure?.code, "DLMS_TIMEOUT_RESPONSE");
      assert.match(session.failure?.message ?? "", /sent once only/);
      assert.equal(session.taken().length, 1);
    });
  }

  it("stays up in silence if configured, and repeats nothing automatically", () => {
    const session = line({ datagrams: true, retries: 2 }).send(get, { reportSilence: true }).timeOut();
    assert.equal(session.failure, undefined);
    assert.equal(session.unanswered?.code, "DLMS_TIMEOUT_RESPONSE");
    assert.equal(session.link.state, "open");
    assert.equal(session.link.deadline, undefined);
    assert.equal(session.taken().length, 1);
    session.send(get, { reportSilence: true, isRetry: true }).timeOut();
    assert.match(session.unanswered?.message ?? "", /sent 2 times/);
    session.send(get, { reportSilence: true, isRetry: true }).receive(answer);
    assert.deepEqual(session.apdus, [value]);
  });

  const readName = "05010200";
  const readAnswer = (data: string): string => `0001000100100004 0c0100${data}`;
  const uncorrelated = { reportSilence: true, uncorrelated: true } as const;

  it("holds the request after a repeated uncorrelated one until its late answer has arrived", () => {
    const session = line({ datagrams: true }).send(readName, uncorrelated).timeOut();
    session.send(readName, { ...uncorrelated, isRetry: true });
    session.receive(readAnswer("01"));
    assert.deepEqual(session.apdus, ["0c010001"]);
    session.taken();
    session.send("05010300", uncorrelated).pass(10);
    assert.deepEqual(session.taken(), [], "the late answer would be taken for its own");
    session.receive(readAnswer("02"));
    assert.equal(session.taken().length, 1);
    session.receive(readAnswer("03"));
    assert.deepEqual(session.apdus, ["0c010001", "0c010003"]);
  });

  it("holds it for one time-out at most, and accepts pushes in that time", () => {
    const session = line({ datagrams: true }).send(readName, uncorrelated).timeOut();
    session
      .send(readName, { ...uncorrelated, isRetry: true })
      .pass(100)
      .receive(readAnswer("01"));
    session.taken();
    const from = session.now;
    session.send("05010300", uncorrelated);
    session.receive(`000100010010${(push.length / 2).toString(16).padStart(4, "0")}${push}`);
    assert.deepEqual([session.taken(), session.notifications], [[], [push]]);
    session.timeOut();
    assert.equal(session.taken().length, 1);
    assert.equal(session.now - from, 900);
    session.receive(readAnswer("03"));
    assert.equal(session.apdus.at(-1), "0c010003");
    session.send("05010400", uncorrelated);
    assert.equal(session.taken().length, 1, "nothing is owed any more");
  });

  it("drops only a datagram that is not a WPDU", () => {
    const session = line({ datagrams: true }).send(get).receive("7e00", answer.slice(0, 20), answer);
    assert.deepEqual(session.apdus, [value]);
    assert.equal(session.notes.length, 2);
  });

  it("does not wait when no answer is expected", () => {
    const session = line().send(get, { expectAnswer: false });
    assert.equal(session.link.state, "open");
    assert.equal(session.link.deadline, undefined);
  });

  it("accepts an answer after the rest of an old message", () => {
    const session = line().receive("0001000100").pass(10_000).send(get).receive(answer);
    assert.deepEqual(session.apdus, [value]);
  });

  it("never gives a wrong value for a wrong header byte", () => {
    for (let at = 0; at < 8; at++) {
      for (const flip of [0x01, 0x10, 0x80]) {
        const bytes = fromHex(answer);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const session = line().send(get).receive(toHex(bytes));
        if (session.link.deadline !== undefined) session.timeOut();
        const cut = session.apdus.every((apdu) => apdu.length < value.length && value.startsWith(apdu));
        assert.ok(session.failure !== undefined || cut, `byte ${at} ^ ${flip}`);
        assert.ok(cut, `byte ${at} ^ ${flip}: a cut APDU at most, which does not decode`);
      }
    }
  });

  it("refuses addresses that do not fit", () => {
    assert.throws(() => line({ clientSap: 65536 }), { code: "DLMS_CONFIG_INVALID" });
    assert.throws(() => line({ serverSap: -1 }), { code: "DLMS_CONFIG_INVALID" });
  });
});
