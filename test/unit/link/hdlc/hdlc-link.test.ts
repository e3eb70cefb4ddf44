import assert from "node:assert/strict";
import { type HdlcLinkOptions, hdlcLink } from "../../../../src/link/hdlc";
import { hdlcFrame } from "../../../support/hdlc-peer";
import { LinkLine } from "../../../support/link-line";

const toMeter = (control: number, info = "", segmented = false): string =>
  hdlcFrame("0223", "21", control, info, segmented);
const fromMeter = (control: number, info = "", segmented = false): string =>
  hdlcFrame("21", "0223", control, info, segmented);

// Published session (u9n/dlms-cosem, MIT): SNRM, UA, AARQ, AARE of server 1/17 and client 16
const bareSnrm = "7ea00802232193bd647e";
const ua = "7ea01f21022373e6c781801205019a06019a070400000001080400000001cca27e";
const aarqApdu = "601da109060760857405080101be10040e01000000065f1f0400001e1dffff";
const aarq = "7ea02c02232110af9fe6e600601da109060760857405080101be10040e01000000065f1f0400001e1dffffc5e47e";
const aare =
  "7ea0382102233034e7e6e7006129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001e1d04c80007b86a7e";
const aareApdu = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001e1d04c80007";

const snrm = toMeter(0x93, "8180140502 07ee 0602 07ee 070400000007 080400000007");
const disc = toMeter(0x53);
/** UA with windows of 3 in both directions and fields of 16 bytes from us */
const wideUa = fromMeter(0x73, "818012 050180 060110 070400000003 080400000003");
const rr = (n: number): string => toMeter((n << 5) | 0x11);
const get = "c001c100030100010800ff0200";
const value = "c401c10006000004d2";

function line(options: Partial<HdlcLinkOptions> = {}): LinkLine {
  return new LinkLine(
    hdlcLink({ clientAddress: 16, server: { logical: 1, physical: 17 }, timeouts: { response: 1000 }, ...options }),
  );
}

/** A line that is up, with nothing in `sent`. */
function up(options: Partial<HdlcLinkOptions> = {}, answer = ua): LinkLine {
  const opened = line(options).open().receive(answer);
  assert.equal(opened.link.state, "open");
  opened.taken();
  return opened;
}

describe("HDLC link: set-up", () => {
  it("runs a published session", () => {
    const session = line().open();
    assert.deepEqual(session.taken(), [snrm]);
    assert.equal(session.link.state, "opening");
    session.receive(ua);
    assert.deepEqual(session.events, ["opened"]);
    session.send(aarqApdu);
    assert.deepEqual(session.taken(), [aarq]);
    assert.equal(session.link.state, "busy");
    session.receive(aare);
    assert.deepEqual(session.apdus, [aareApdu]);
    assert.equal(session.link.state, "open");
    assert.equal(session.link.deadline, undefined);
    session.close();
    assert.deepEqual(session.taken(), [disc]);
    session.receive(fromMeter(0x73));
    assert.deepEqual(session.events, ["opened", "closed"]);
    assert.equal(session.link.state, "closed");
  });

  it("tries an SNRM without parameters when the one with is answered by DM", () => {
    const session = line().open().receive(fromMeter(0x1f));
    assert.deepEqual(session.taken(), [snrm, bareSnrm]);
    session.receive(fromMeter(0x73));
    assert.deepEqual(session.events, ["opened"]);
  });

  it("reports a refusal when the meter answers DM twice", () => {
    const session = line().open().receive(fromMeter(0x1f), fromMeter(0x1f));
    assert.equal(session.failure?.code, "DLMS_LINK_REFUSED");
    assert.equal(
      session.failure?.message,
      "server 1/17 answered SNRM with DM; check the address, or another session is open",
    );
    assert.equal(session.link.deadline, undefined);
  });

  it("ends an old session and tries without parameters when SNRM is not answered", () => {
    const session = line().open().timeOut();
    assert.deepEqual(session.taken(), [snrm, disc]);
    session.receive(fromMeter(0x73));
    assert.deepEqual(session.taken(), [bareSnrm]);
    session.timeOut();
    assert.deepEqual(session.taken(), [disc]);
    session.timeOut();
    assert.deepEqual(session.taken(), [snrm]);
    session.timeOut();
    assert.equal(session.failure?.code, "DLMS_TIMEOUT_LINK");
    assert.match(
      session.failure?.message ?? "",
      /connect: server 1\/17 did not answer within 1000 ms, 3 tries: some of its frames were received, but not the answer/,
    );
  });

  it("stays without parameters once they were refused", () => {
    const session = line().open().receive(fromMeter(0x1f));
    session.taken();
    session.timeOut().timeOut();
    assert.deepEqual(session.taken(), [disc, bareSnrm]);
  });

  it("keeps the defaults after an SNRM without parameters, whatever the UA contains", () => {
    const session = line().open().receive(fromMeter(0x1f));
    session.receive(fromMeter(0x73, "818014 050207ee 060207ee 070400000007 080400000007"));
    session.taken();
    session.send("aa".repeat(300));
    assert.deepEqual(session.taken(), [toMeter(0x10, `e6e600${"aa".repeat(125)}`, true)]);
  });

  it("ignores frames of an old session while it connects", () => {
    const session = line().open().receive(fromMeter(0x96, "e6e700c401"), fromMeter(0x51), ua);
    assert.deepEqual(session.events, ["opened"]);
    assert.deepEqual(session.apdus, []);
    assert.deepEqual(session.notifications, []);
  });

  for (const [what, answer] of [
    ["UA", fromMeter(0x73)],
    ["DM", fromMeter(0x1f)],
    ["silence", ""],
  ] as const) {
    it(`begins with DISC if configured, and accepts ${what} as an answer`, () => {
      const session = line({ discFirst: true }).open();
      assert.deepEqual(session.taken(), [disc]);
      if (answer === "") session.timeOut();
      else session.receive(answer);
      assert.deepEqual(session.taken(), [snrm]);
    });
  }

  it("begins with DISC after a session that was lost, and counts from 0 again", () => {
    const session = up();
    session.send(get).receive(fromMeter(0x30, `e6e700${value}`));
    session.link.reset();
    session.taken();
    session.open();
    assert.deepEqual(session.taken(), [disc]);
    session.receive(fromMeter(0x1f), ua);
    session.taken();
    session.send(aarqApdu);
    assert.deepEqual(session.taken(), [aarq], "N(S) and N(R) are 0");
  });

  it("needs no DISC after an orderly end", () => {
    const session = up().close().receive(fromMeter(0x73));
    session.taken();
    session.open();
    assert.deepEqual(session.taken(), [snrm]);
  });

  it("closes within its bound when DISC is not answered", () => {
    const session = up({ timeouts: { response: 1000, close: 300 } }).close();
    assert.equal(session.link.deadline, 300);
    session.timeOut();
    assert.deepEqual(session.events, ["opened", "closed"]);
  });

  it("assumes 128 bytes and a window of 1 after a UA without parameters", () => {
    const session = up({}, fromMeter(0x73)).send("aa".repeat(300));
    assert.deepEqual(session.taken(), [toMeter(0x10, `e6e600${"aa".repeat(125)}`, true)]);
  });

  it("accepts answers in a wider address form", () => {
    const session = line({ server: { logical: 1 } }).open();
    session.taken();
    session.receive(hdlcFrame("21", "00020023", 0x73));
    assert.deepEqual(session.events, ["opened"]);
  });

  it("refuses values out of range, with the name of the setting", () => {
    const bad = (options: Partial<HdlcLinkOptions>, message: RegExp): void => {
      assert.throws(() => line(options), { code: "DLMS_CONFIG_INVALID", message });
    };
    bad({ clientAddress: 200 }, /client address/);
    bad({ maxInfo: 31 }, /maxInfo/);
    bad({ maxInfo: 2031 }, /maxInfo/);
    bad({ window: 8 }, /window/);
    bad({ retries: -1 }, /retries/);
    bad({ baudRate: 0 }, /baudRate/);
    bad({ timeouts: { response: 0 } }, /timeouts\.response/);
  });

  it("does not send while it is not open", () => {
    assert.throws(() => line().send(get), { code: "DLMS_STATE_CLOSED" });
    assert.throws(() => line().await(), { code: "DLMS_STATE_CLOSED" });
    assert.throws(() => line().open().open(), { code: "DLMS_STATE_BUSY" });
  });
});

describe("HDLC link: transfer", () => {
  it("assembles an answer in segments, with an RR for each", () => {
    const session = up().send(get);
    session.taken();
    session.receive(fromMeter(0x30, "e6e700c401c1", true));
    assert.deepEqual(session.taken(), [rr(1)]);
    session.receive(fromMeter(0x32, "0006", true));
    assert.deepEqual(session.taken(), [rr(2)]);
    session.receive(fromMeter(0x34, "000004d2"));
    assert.deepEqual(session.apdus, [value]);
    assert.deepEqual(session.taken(), []);
  });

  it("receives several frames before it sends one RR", () => {
    const session = up({}, wideUa).send("c0");
    session.taken();
    session.receive(fromMeter(0x20, "e6e700c401c1", true), fromMeter(0x22, "0006", true));
    assert.deepEqual(session.taken(), [], "not before the final bit");
    session.receive(fromMeter(0x34, "0000", true));
    assert.deepEqual(session.taken(), [rr(3)]);
    session.receive(fromMeter(0x36, "04d2"));
    assert.deepEqual(session.apdus, [value]);
  });

  it("sends several frames, polls in the last only, and waits for RR", () => {
    const session = up({}, wideUa).send("00112233445566778899aabbccddeeff".repeat(4));
    assert.deepEqual(session.taken(), [
      toMeter(0x00, "e6e60000112233445566778899aabbcc", true),
      toMeter(0x02, "ddeeff00112233445566778899aabbcc", true),
      toMeter(0x14, "ddeeff00112233445566778899aabbcc", true),
    ]);
    session.receive(fromMeter(0x71));
    assert.deepEqual(session.taken(), [
      toMeter(0x06, "ddeeff00112233445566778899aabbcc", true),
      toMeter(0x18, "ddeeff"),
    ]);
    session.receive(fromMeter(0xb0, `e6e700${value}`));
    assert.deepEqual(session.apdus, [value]);
  });

  it("sends again from N(R) when a frame of a window was lost, with unchanged N(S)", () => {
    const session = up({}, wideUa).send("00".repeat(40));
    const [, second, third] = session.taken();
    session.receive(fromMeter(0x31));
    assert.deepEqual(session.taken(), [second, third]);
  });

  it("sends one frame at a time after a window was not answered, with a note", () => {
    const session = up({}, wideUa).send("00".repeat(40));
    assert.equal(session.taken().length, 3);
    session.pass(1000);
    assert.deepEqual(session.taken(), [rr(0)]);
    session.receive(fromMeter(0x31));
    assert.deepEqual(session.taken(), [toMeter(0x12, "00".repeat(16), true)]);
    session.receive(fromMeter(0x51));
    assert.deepEqual(session.taken(), [toMeter(0x14, "00".repeat(11))]);
    assert.match(session.notes.join(), /one frame at a time is sent from now on/);
    session.receive(fromMeter(0x70, `e6e700${value}`));
    assert.deepEqual(session.apdus, [value]);
    session.taken();
    session.send("00".repeat(40));
    assert.equal(session.taken().length, 1);
  });

  it("does the same for REJ", () => {
    const session = up({}, wideUa).send("00".repeat(40));
    const [, second, third] = session.taken();
    session.receive(fromMeter(0x39));
    assert.deepEqual(session.taken(), [second, third]);
  });

  it("asks for a frame that is missing in the meter's window", () => {
    const session = up({}, wideUa).send("c0");
    session.taken();
    session.receive(fromMeter(0x20, "e6e700c401c1", true), fromMeter(0x34, "0000", true));
    assert.deepEqual(session.taken(), [rr(1)]);
    session.receive(fromMeter(0x22, "0006", true), fromMeter(0x24, "0000", true), fromMeter(0x36, "04d2"));
    assert.deepEqual(session.apdus, [value]);
  });

  it("polls with RR after silence, and repeats the frame when the meter did not get it", () => {
    const session = up().send(aarqApdu);
    assert.deepEqual(session.taken(), [aarq]);
    session.pass(999);
    assert.deepEqual(session.taken(), []);
    session.pass(1);
    assert.deepEqual(session.taken(), [rr(0)]);
    session.receive(fromMeter(0x11));
    assert.deepEqual(session.taken(), [aarq], "the same bytes, N(S) unchanged");
    session.receive(aare);
    assert.deepEqual(session.apdus, [aareApdu]);
  });

  it("gets a lost answer by RR without a second request", () => {
    const session = up().send(aarqApdu).timeOut();
    assert.deepEqual(session.taken(), [aarq, rr(0)]);
    session.receive(aare);
    assert.deepEqual(session.apdus, [aareApdu]);
  });

  it("fails after its retries: RR, the frame again, then the error", () => {
    const session = up().send(aarqApdu, { request: "associate" }).timeOut().timeOut();
    assert.deepEqual(session.taken(), [aarq, rr(0), aarq]);
    session.timeOut();
    assert.equal(session.failure?.code, "DLMS_TIMEOUT_RESPONSE");
    assert.match(
      session.failure?.message ?? "",
      /^associate: server 1\/17 did not answer within 1000 ms, 3 tries: no bytes received/,
    );
    assert.equal(session.link.state, "closed");
  });

  it("drops late duplicates", () => {
    const session = up().send(aarqApdu).timeOut().receive(aare);
    session.taken();
    session.receive(aare);
    assert.deepEqual(session.apdus, [aareApdu]);
    session.send(get);
    const [request] = session.taken();
    session.receive(aare, fromMeter(0x31));
    assert.deepEqual(session.taken(), [], "no answer to either");
    session.receive(fromMeter(0x52, `e6e700${value}`));
    assert.deepEqual(session.apdus, [aareApdu, value]);
    assert.ok(request);
  });

  describe("a segment that equals the one eight frames before", () => {
    const segment = (n: number, letter: string, last = false): string =>
      fromMeter((n << 1) | 0x20 | (last ? 0x10 : 0), letter.repeat(8), !last || n !== 3);
    /** Window of 7: nine segments come, and N(S) runs from 0 over 7 to 1. */
    function afterNine(retries = 2): LinkLine {
      const session = up({ retries }, fromMeter(0x73, "818012 050180 060180 070400000001 080400000007")).send(get);
      session.taken();
      session.receive(fromMeter(0x20, "e6e700c401", true));
      for (let n = 1; n < 8; n++) session.receive(segment(n, `a${n}`));
      return session.receive(segment(0, "b0"));
    }
    const start = `c401${["a1", "a2", "a3", "a4", "a5", "a6", "a7", "b0"].map((text) => text.repeat(8)).join("")}`;

    it("is rejected when it arrives once, so that a late copy changes no value", () => {
      const session = afterNine().receive(segment(1, "a1"), segment(1, "b1"), segment(2, "b2"), segment(3, "b3", true));
      assert.deepEqual(session.apdus, [start + ["b1", "b2", "b3"].map((text) => text.repeat(8)).join("")]);
    });

    it("is taken when the meter sends it again, without counting a repetition", () => {
      const session = afterNine(0).receive(segment(1, "a1", true));
      assert.deepEqual(session.taken(), [rr(1)]);
      session.receive(segment(1, "a1"), segment(2, "b2"), segment(3, "b3", true));
      assert.deepEqual(session.apdus, [start + ["a1", "b2", "b3"].map((text) => text.repeat(8)).join("")]);
      assert.equal(session.failure, undefined);
    });

    it("costs one poll when it arrives within a window", () => {
      const session = afterNine(0).receive(segment(1, "a1"), segment(2, "b2"), segment(3, "b3", true));
      assert.deepEqual(session.taken(), [rr(1)]);
      session.receive(segment(1, "a1"), segment(2, "b2"), segment(3, "b3", true));
      assert.deepEqual(session.apdus, [start + ["a1", "b2", "b3"].map((text) => text.repeat(8)).join("")]);
    });
  });

  it("waits for a meter that is not ready (RR), in growing pauses and not without end", () => {
    const session = up().send(get, { request: "read" });
    session.taken();
    let polls = 0;
    session.receive(fromMeter(0x31));
    while (!session.failure && polls < 1000) {
      session.timeOut();
      if (session.taken().length > 0) {
        polls++;
        session.receive(fromMeter(0x31));
      }
    }
    assert.equal(session.failure?.code, "DLMS_TIMEOUT_RESPONSE");
    assert.match(session.failure?.message ?? "", /reported receiver not ready \d+ times, but sent no answer/);
    assert.ok(session.now <= 3000, `${session.now} ms`);
    assert.ok(polls >= 4 && polls <= 10, `${polls} polls`);
  });

  it("waits and polls after RNR, and continues after RR", () => {
    const session = up({}, wideUa).send("00".repeat(60));
    session.taken();
    session.receive(fromMeter(0x75));
    assert.deepEqual(session.taken(), [], "no I frame to a busy meter");
    session.timeOut();
    assert.deepEqual(session.taken(), [rr(0)]);
    session.receive(fromMeter(0x75)).timeOut();
    assert.deepEqual(session.taken(), [rr(0)]);
    session.receive(fromMeter(0x71));
    assert.deepEqual(session.taken(), [toMeter(0x16, `${"00".repeat(15)}`)]);
  });

  it("delivers UI frames in the middle of an exchange, segmented ones too", () => {
    const session = up().send(get);
    session.taken();
    session.receive(
      hdlcFrame("cf", "0223", 0x03, "e6e7000f000026eb", true),
      hdlcFrame("cf", "0223", 0x13, "0c07"),
      fromMeter(0x13, "e6e700c20000010000010000ff0211aa"),
      fromMeter(0x13, "ffff"),
      fromMeter(0x30, `e6e700${value}`),
    );
    assert.deepEqual(session.notifications, ["0f000026eb0c07", "c20000010000010000ff0211aa"]);
    assert.deepEqual(session.apdus, [value]);
    assert.deepEqual(session.taken(), []);
  });

  it("delivers the general blocks of a push, which have LLC bytes in the first only", () => {
    const session = up()
      .receive(fromMeter(0x13, "e6e700e04000010000020f00"))
      .receive(fromMeter(0x13, "e08000020000060000000100ff"));
    assert.deepEqual(session.notifications, ["e04000010000020f00", "e08000020000060000000100ff"]);
  });

  it("reports a push in an I frame as a notification and continues to wait", () => {
    const session = up().send(get);
    session.taken();
    session.receive(fromMeter(0x30, "e6e700c20000010000010000ff0211aa"));
    assert.equal(session.link.state, "busy");
    session.timeOut();
    assert.deepEqual(session.taken(), [rr(1)]);
    session.receive(fromMeter(0x32, `e6e700${value}`));
    assert.deepEqual(session.notifications.length, 1);
    assert.deepEqual(session.apdus, [value]);
  });

  it("reports the further blocks of a stream in order, for its user to keep", () => {
    const session = up({}, wideUa).send("e0");
    session.taken();
    session.receive(
      fromMeter(0x20, "e6e700e04000010000 01aa"),
      fromMeter(0x22, "e6e700e04000020000 01bb"),
      fromMeter(0x34, "e6e700e08000030000 01cc"),
    );
    assert.deepEqual(session.apdus, ["e0400001000001aa"]);
    assert.deepEqual(
      session.notifications.map((apdu) => apdu.slice(-2)),
      ["bb", "cc"],
    );
    assert.equal(session.link.state, "open");
  });

  it("polls for a further APDU when none is buffered", () => {
    const session = up().send(get).receive(fromMeter(0x30, "e6e700e040000100000 1aa"));
    session.taken();
    session.await();
    assert.deepEqual(session.taken(), [rr(1)]);
    session.receive(fromMeter(0x32, "e6e700e0800002000001bb"));
    assert.equal(session.apdus.length, 2);
  });

  it("stays open for unconfirmed APDUs, and holds the next request until the acknowledgement", () => {
    const session = up().send("c101", { expectAnswer: false });
    assert.equal(session.link.state, "open");
    assert.deepEqual(session.taken(), [toMeter(0x10, "e6e600c101")]);
    session.send(get);
    assert.deepEqual(session.taken(), []);
    session.receive(fromMeter(0x31));
    assert.deepEqual(session.taken(), [toMeter(0x12, `e6e600${get}`)]);
    session.receive(fromMeter(0x50, `e6e700${value}`));
    assert.deepEqual(session.apdus, [value]);
  });

  it("does not hang on a meter that forgets the final bit, and learns", () => {
    const session = up()
      .send(get)
      .receive(fromMeter(0x20, `e6e700${value}`));
    assert.deepEqual(session.apdus, [value]);
    session.taken();
    session.send(get).timeOut();
    assert.deepEqual(session.taken(), [toMeter(0x32, `e6e600${get}`)]);
    session.receive(fromMeter(0x42, `e6e700${value}`)).send(get);
    assert.deepEqual(session.taken(), [toMeter(0x54, `e6e600${get}`)]);
  });

  it("keeps the session alive with RR, and notices when it is gone", () => {
    const session = up({ keepAlive: 60_000 });
    assert.equal(session.link.deadline, 60_000);
    session.timeOut();
    assert.deepEqual(session.taken(), [rr(0)]);
    assert.equal(session.link.state, "open");
    session.send(get);
    assert.deepEqual(session.taken(), [], "half duplex: the answer to RR comes first");
    session.receive(fromMeter(0x11));
    assert.deepEqual(session.taken(), [toMeter(0x10, `e6e600${get}`)]);
    session.receive(fromMeter(0x30, `e6e700${value}`));
    session.timeOut().timeOut().timeOut().timeOut();
    assert.equal(session.failure?.code, "DLMS_TIMEOUT_LINK");
    assert.match(session.failure?.message ?? "", /^keep-alive: /);
  });
});

describe("HDLC link: echo, strangers and errors", () => {
  it("drops the echo of its own frames, and reports it once", () => {
    const session = line().open().receive(snrm, ua).send(aarqApdu).receive(aarq, aare);
    assert.deepEqual(session.apdus, [aareApdu]);
    assert.equal(session.notes.filter((text) => text.includes("echoes")).length, 1);
  });

  it("distinguishes echo from answer when client and server have the same address", () => {
    const both = (control: number, info = ""): string => hdlcFrame("03", "03", control, info);
    const session = line({ clientAddress: 1, server: { logical: 1 } }).open();
    const [own = ""] = session.taken();
    session.receive(own, both(0x73)).send(get);
    const [request = ""] = session.taken();
    session.receive(request, both(0x30, `e6e700${value}`));
    assert.deepEqual(session.apdus, [value]);
    const quiet = line({ clientAddress: 1, server: { logical: 1 } })
      .open()
      .receive(both(0x73))
      .send(get);
    quiet.receive(both(0x30, `e6e700${value}`));
    assert.deepEqual(quiet.apdus, [value]);
  });

  it("reports that only the echo was received", () => {
    const session = line({ retries: 0 }).open().receive(snrm).timeOut();
    assert.match(session.failure?.message ?? "", /only our own frames were received \(the adapter echoes\)/);
  });

  it("drops frames for others and reports them", () => {
    const session = line({ retries: 0 })
      .open()
      .receive(hdlcFrame("21", "0225", 0x73), hdlcFrame("23", "0223", 0x73))
      .timeOut();
    assert.equal(session.failure?.code, "DLMS_LINK_ADDRESS");
    assert.match(session.failure?.message ?? "", /from 1\/18 to 16, from 1\/17 to 17/);
  });

  const silences: [string, string, string, RegExp][] = [
    ["a wrapper", "0001000100100003 0e0601", "DLMS_TIMEOUT_LINK", /looks like the wrapper: set framing WRAPPER/],
    [
      "an identification",
      "2f4b414d355c32 0d0a",
      "DLMS_TIMEOUT_LINK",
      /IEC 62056-21 identification.*set framing HDLC_MODE_E/,
    ],
    ["noise", "01f09133a7", "DLMS_TIMEOUT_LINK", /5 bytes received, but no valid frame \(01f09133a7\)/],
    ["a frame with a wrong check sequence", ua.replace("019a07", "019b07"), "DLMS_LINK_FCS", /1 with a wrong check/],
  ];
  for (const [what, hex, code, message] of silences) {
    it(`reports the bytes received instead of a frame: ${what}`, () => {
      const session = line({ retries: 0 }).open().receive(hex).timeOut();
      assert.equal(session.failure?.code, code);
      assert.match(session.failure?.message ?? "", message);
    });
  }

  it("describes a meter's rejection (FRMR) in words", () => {
    const session = up().send(get, { request: "read 1-0:1.8.0*255/2" }).receive(fromMeter(0x97, "100004"));
    assert.equal(session.failure?.code, "DLMS_LINK_FRAME_REJECTED");
    assert.match(
      session.failure?.message ?? "",
      /^read 1-0:1\.8\.0\*255\/2: server 1\/17 rejected.*information field too long/,
    );
  });

  for (const [control, idle] of [
    [0x1f, false],
    [0x1f, true],
    [0x53, false],
    [0x53, true],
  ] as const) {
    it(`detects ${control === 0x1f ? "DM" : "DISC"} ${idle ? "while nothing is asked" : "in place of an answer"}`, () => {
      const session = up();
      if (!idle) session.send(get);
      session.receive(fromMeter(control));
      assert.equal(session.failure?.code, "DLMS_LINK_DISCONNECTED");
      session.taken();
      session.open();
      assert.deepEqual(session.taken(), [snrm], "a meter that says it is disconnected needs no DISC");
    });
  }

  it("refuses a wrong LLC (from epri-dev/DLMS-COSEM, BSD: an AARE with E6E600)", () => {
    const session = up()
      .send(get)
      .receive(fromMeter(0x30, `e6e600${aareApdu}`));
    assert.equal(session.failure?.code, "DLMS_LINK_FRAME_INVALID");
    assert.match(session.failure?.message ?? "", /e6e700 but with e6e6006129/);
  });

  it("refuses an answer that is longer than allowed, or that continues without bytes", () => {
    const long = up({ maxApdu: 16 })
      .send(get)
      .receive(fromMeter(0x30, `e6e700${"00".repeat(17)}`, true));
    assert.equal(long.failure?.code, "DLMS_LINK_FRAME_INVALID");
    const empty = up().send(get);
    for (let i = 0; i < 100 && !empty.failure; i++) {
      if (empty.taken().length > 0) empty.receive(fromMeter(0x30 | ((i & 7) << 1), "", true));
      else empty.timeOut();
    }
    assert.ok(empty.failure);
  });

  it("ends when the meter's numbers never fit", () => {
    const session = up().send(get);
    for (let i = 0; i < 20 && !session.failure; i++) {
      if (session.taken().length > 0) session.receive(fromMeter(0xba, `e6e700${value}`));
      else session.timeOut();
    }
    assert.equal(session.failure?.code, "DLMS_LINK_SEQUENCE");
    assert.deepEqual(session.apdus, []);
  });

  it("does not accept an answer with an impossible N(R)", () => {
    const session = up()
      .send(get)
      .receive(fromMeter(0xb0, `e6e700${value}`), fromMeter(0xb1));
    assert.deepEqual(session.apdus, []);
    assert.equal(session.link.state, "busy");
    session.timeOut().timeOut().timeOut();
    assert.equal(session.failure?.code, "DLMS_LINK_SEQUENCE");
    assert.match(session.failure?.message ?? "", /impossible N\(R\)/);
  });

  it("does not accept an answer to half a request", () => {
    const session = up({}, wideUa)
      .send("00".repeat(40))
      .receive(fromMeter(0x30, `e6e700${value}`));
    assert.deepEqual(session.apdus, []);
    assert.equal(session.failure?.code, "DLMS_LINK_SEQUENCE");
  });

  it("names an answer that broke off", () => {
    const session = up({ retries: 1 })
      .send(get, { request: "read" })
      .receive(fromMeter(0x30, "e6e700c401c1", true));
    session.timeOut().timeOut();
    assert.equal(session.failure?.code, "DLMS_TIMEOUT_INTERFRAME");
    assert.match(session.failure?.message ?? "", /the answer stopped after 6 bytes/);
  });
});

describe("HDLC link: waits", () => {
  it("counts the time that its own frame takes at the line's rate", () => {
    const session = up({ baudRate: 300 }).send(get);
    const bytes = (session.taken()[0] ?? "").length / 2;
    assert.equal(session.link.deadline, 1000 + (bytes * 10_000) / 300);
  });

  it("waits for the rest of a frame only while bytes arrive", () => {
    const session = up({ timeouts: { response: 1000, interFrame: 200 } }).send(get);
    session.taken();
    session.pass(900).receive(aare.slice(0, 30));
    assert.equal(session.link.deadline, 1100);
    session.pass(150).receive(aare.slice(30, 60)).pass(150);
    assert.deepEqual(session.taken(), []);
    session.receive(aare.slice(60));
    assert.deepEqual(session.apdus, [aareApdu]);
  });

  it("does not wait for the response time-out when a frame broke off", () => {
    const session = up({ timeouts: { response: 60_000, interFrame: 200 } }).send(get);
    session.taken();
    session.pass(50).receive(aare.slice(0, 30)).timeOut();
    assert.equal(session.now, 250);
    assert.deepEqual(session.taken(), [rr(0)]);
    session.receive(aare);
    assert.deepEqual(session.apdus, [aareApdu], "the stump does not swallow the frame behind it");
  });

  it("waits between the frames of a window no longer than between bytes", () => {
    const session = up({ timeouts: { response: 60_000, interFrame: 200 } }, wideUa).send("c0");
    session.taken();
    session
      .pass(50)
      .receive(fromMeter(0x20, "e6e700c401c1", true))
      .timeOut();
    assert.equal(session.now, 250);
    assert.deepEqual(session.taken(), [rr(1)]);
  });

  it("accepts an answer after the beginning of an old frame", () => {
    const session = up().receive(aare.slice(0, 30)).pass(60_000).send(aarqApdu).receive(aare);
    assert.deepEqual(session.apdus, [aareApdu]);
  });

  it("notes frames with a wrong check sequence, for the trace", () => {
    const session = up().send(aarqApdu).receive(aare.replace("0760", "0761"));
    assert.match(session.notes.at(-1) ?? "", /a frame with a wrong check sequence was dropped/);
    session.timeOut().receive(aare);
    assert.deepEqual(session.apdus, [aareApdu]);
  });

  it("ends despite endless bytes without a frame", () => {
    const session = up({ retries: 0 }).send(get);
    while (!session.failure && session.now < 1_000_000) session.receive("55").pass(100);
    assert.ok(session.failure);
    assert.ok(session.now < 20_000, `${session.now} ms`);
  });
});

describe("HDLC link after a session that did not end well", () => {
  const settings = {
    clientAddress: 16,
    server: { logical: 1 },
    timeouts: { response: 3000, interFrame: 1000, close: 500 },
  };
  const broken = (): LinkLine => {
    const session = new LinkLine(hdlcLink(settings)).open().receive(hdlcFrame("21", "03", 0x73));
    session.link.reset();
    session.taken();
    return session.open();
  };
  /** an I frame that the meter was still sending */
  const late = hdlcFrame("21", "03", 0x30, "e6e700c401c100120064");
  const sendsSnrm = (session: LinkLine): boolean => session.taken().some((frame) => frame.includes("032193"));

  it("sends SNRM at once when DISC is not answered on a quiet line", () => {
    const session = broken();
    assert.match(session.taken().join(), /032153/);
    session.pass(1500);
    assert.ok(sendsSnrm(session));
  });

  it("waits for a quiet line before SNRM if the meter is still sending", () => {
    const session = broken();
    session.taken();
    session.pass(1400).receive(late).pass(900);
    assert.ok(!sendsSnrm(session));
    session.receive(late).pass(999);
    assert.ok(!sendsSnrm(session));
    session.pass(1);
    assert.ok(sendsSnrm(session));
  });

  it("sends SNRM after a response time-out, however long the meter sends", () => {
    const session = broken();
    session.taken();
    session.pass(1400);
    let waited = 0;
    while (waited < 10_000 && !sendsSnrm(session)) {
      session.receive(late).pass(500);
      waited += 500;
    }
    assert.ok(waited >= 3000 && waited <= 5000, String(waited));
  });
});
