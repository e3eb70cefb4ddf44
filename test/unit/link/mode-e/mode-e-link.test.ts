import assert from "node:assert/strict";
import { fromHex, toHex, withEvenParity } from "../../../../src/bytes";
import { type ModeELinkOptions, chooseRate, findIdentification, modeELink } from "../../../../src/link";
import { hdlcFrame } from "../../../support/hdlc-peer";
import { LinkLine } from "../../../support/link-line";

const ascii = (text: string): string => toHex(Uint8Array.from(text, (c) => c.charCodeAt(0)));
/** IEC 62056-21: "/?" address "!" CR LF; identification; acknowledgement with protocol 2, rate, mode 2 */
const signOn = "2f3f210d0a";
const identification = ascii("/ABC5\\2METER01\r\n");
const acknowledge = "063235320d0a";
const fromMeter = (control: number, info = ""): string => hdlcFrame("21", "03", control, info);
const disc = hdlcFrame("03", "21", 0x53);
const snrmStart = "7ea0";
const ua = fromMeter(0x73);

function line(options: Partial<ModeELinkOptions> = {}): LinkLine {
  return new LinkLine(
    modeELink({ clientAddress: 16, server: { logical: 1 }, timeouts: { response: 2000, close: 500 }, ...options }),
  );
}

describe("mode E: sign-on messages", () => {
  it("reads an identification, through noise, echo and parity", () => {
    assert.deepEqual(findIdentification("/?!\r\n\u0000/ABC5\\2METER01\r\n"), {
      maker: "ABC",
      baudCharacter: "5",
      modeE: true,
      text: "/ABC5\\2METER01",
      behind: "",
    });
    assert.equal(findIdentification("/?!\r\n/ABC5\\2MET"), undefined);
    assert.equal(findIdentification("/ABC5METER\r\n")?.modeE, false);
  });

  it("uses the offered rate, or the highest allowed rate", () => {
    assert.deepEqual(chooseRate("6", Infinity), { character: "6", baudRate: 19200 });
    assert.deepEqual(chooseRate("6", 9600), { character: "5", baudRate: 9600 });
    assert.deepEqual(chooseRate("0", 9600), { character: "0", baudRate: 300 });
    assert.equal(chooseRate("A", 9600), undefined);
  });

  it("adds even parity", () => {
    assert.equal(toHex(withEvenParity(fromHex(signOn))), "af3f218d0a");
  });
});

/** IEC 62056-21, mode C: STX, data lines, "!", ETX, BCC */
const readout = ascii("\u00020-0:C.1.0(12345678)\r\n1-0:1.8.0(000123.4*kWh)\r\n!\r\n\u0003") + "5a";

describe("mode E link to a meter that uses mode C", () => {
  for (const [what, bytes] of [
    ["", readout],
    [" with parity bits", toHex(withEvenParity(fromHex(readout)))],
  ] as const) {
    it(`reports a data readout in answer to the acknowledgement${what}`, () => {
      const session = line().open().receive(identification);
      assert.deepEqual(session.taken().at(-1), acknowledge);
      session.receive(...(bytes.match(/../g) ?? []));
      assert.equal(session.failure?.code, "DLMS_LINK_MODE_E");
      assert.match(session.failure.message, /answered the acknowledgement with a mode C data readout/);
      assert.equal(session.failure.details.modeE, "readout");
    });
  }

  for (const [what, rest] of [
    ["in the same piece", []],
    ["in further pieces", [readout.slice(20)]],
  ] as const) {
    it(`recognises a data readout directly after the identification, ${what}`, () => {
      const first = rest.length === 0 ? readout : readout.slice(0, 20);
      const session = line()
        .open()
        .receive(`${identification}${first}`, ...rest);
      assert.equal(session.failure?.code, "DLMS_LINK_MODE_E");
      assert.match(session.failure.message, /data readout/);
      assert.equal(session.failure.details.modeE, "readout");
    });
  }

  it("keeps the bytes after the acknowledgement as evidence if HDLC gets no answer", () => {
    const session = line({ retries: 0 }).open().receive(identification);
    session.receive("8a91f2c4").timeOut();
    while (session.failure === undefined) session.timeOut();
    assert.equal(session.failure.code, "DLMS_TIMEOUT_LINK");
    assert.match(session.failure.message, /4 bytes received after the acknowledgement, before HDLC began \(8a91f2c4\)/);
    assert.equal(session.failure.details.bytesBefore, 4);
  });

  it("shows the answers to earlier sign-ons if the last one is not answered", () => {
    const session = line({ retries: 1 }).open().receive("8a91f2");
    while (session.failure === undefined) session.timeOut();
    assert.match(session.failure.message, /3 bytes received, but no identification \(8a91f2\)/);
  });

  it("names the setting for meters that accept HDLC without announcing it, and continues with it", () => {
    const silent = ascii("/GRX0\r\n");
    const refused = line().open().receive(silent);
    assert.match(refused.failure?.message ?? "", /"\/GRX0".*set modeEUnannounced \(link\.unannounced\)/);
    const session = line({ unannounced: true }).open().receive(silent);
    assert.deepEqual(session.taken().at(-1), "063230320d0a");
    session.receive("063230320d0a").receive(ua);
    assert.deepEqual(session.events, ["opened"]);
  });
});

describe("mode E link", () => {
  it("signs on, switches to the offered rate, accepts the confirmation, and uses HDLC", () => {
    const session = line().open();
    assert.deepEqual(session.lines, ["300 7 even"]);
    assert.deepEqual(session.taken(), [signOn]);
    assert.equal(session.link.state, "opening");
    session.pass(400).receive(...(identification.match(/../g) ?? []));
    assert.deepEqual(session.taken(), [acknowledge]);
    assert.deepEqual(session.lines, ["300 7 even", "9600 8 none"]);
    session.receive("06323532", "0d0a");
    const [snrm = ""] = session.taken();
    assert.ok(snrm.startsWith(snrmStart), snrm);
    session.receive(ua);
    assert.deepEqual(session.events, ["opened"]);
    session.send("c001c1").receive(fromMeter(0x30, "e6e700c401c1"));
    assert.deepEqual(session.apdus, ["c401c1"]);
    session.close().receive(fromMeter(0x73));
    assert.deepEqual(session.events, ["opened", "closed"]);
    assert.equal(session.link.state, "closed");
  });

  for (const [what, confirmation] of [
    ["with parity bits (the old format)", toHex(withEvenParity(fromHex(acknowledge)))],
    ["garbled by the change of rate", "00e0fc"],
    ["not at all", ""],
  ] as const) {
    it(`continues when the meter confirms ${what}`, () => {
      const session = line().open().receive(identification);
      session.taken();
      if (confirmation !== "") session.receive(confirmation);
      if (session.sent.length === 0) session.timeOut();
      assert.ok(session.now < 2500, `${session.now} ms`);
      assert.ok(session.taken()[0]?.startsWith(snrmStart));
      session.receive(ua);
      assert.deepEqual(session.events, ["opened"]);
    });
  }

  it("distinguishes the echo of the acknowledgement from its confirmation", () => {
    const session = line()
      .open()
      .receive(signOn + identification);
    session.taken();
    session.receive(acknowledge);
    assert.deepEqual(session.taken(), [], "that was the echo");
    session.receive(acknowledge);
    const [snrm = ""] = session.taken();
    assert.ok(snrm.startsWith(snrmStart));
    session.receive(snrm + ua);
    assert.deepEqual(session.events, ["opened"]);
  });

  it("sends the device address, starts at another rate, and stays below the bound", () => {
    const session = line({ deviceAddress: "12345678", startBaud: 9600, maxBaud: 9600 }).open();
    assert.deepEqual(session.taken(), [ascii("/?12345678!\r\n")]);
    session.receive(ascii("/ABC6\\2METER\r\n"));
    assert.deepEqual(session.taken(), [acknowledge]);
    assert.deepEqual(session.lines, ["9600 7 even", "9600 8 none"]);
  });

  it("adds and removes parity on a line of eight bits", () => {
    const session = line({ softwareParity: true, startBaud: 9600, maxBaud: 9600 }).open();
    assert.deepEqual(session.taken(), ["af3f218d0a"]);
    assert.deepEqual(session.lines, ["9600 8 none"]);
    session.receive(toHex(withEvenParity(fromHex(identification))));
    assert.deepEqual(session.taken(), [toHex(withEvenParity(fromHex(acknowledge)))]);
    session.receive(toHex(withEvenParity(fromHex(acknowledge))));
    const [snrm = ""] = session.taken();
    assert.ok(snrm.startsWith(snrmStart), "HDLC has no parity");
  });

  it("signs on without parity after silence, and continues in the form that was answered", () => {
    const session = line({ softwareParity: true, startBaud: 9600, maxBaud: 9600, retries: 3 }).open();
    assert.deepEqual(session.taken(), ["af3f218d0a"]);
    session.timeOut().timeOut();
    assert.equal(session.taken().at(-1), ascii("/?!\r\n"));
    session.receive(identification);
    assert.deepEqual(session.taken(), [acknowledge]);
    const again = line({ softwareParity: true, startBaud: 9600, maxBaud: 9600, retries: 3 }).open();
    again.timeOut().timeOut().timeOut();
    assert.equal(again.taken().at(-1), "af3f218d0a");
  });

  it("reports that the meter offers mode C only", () => {
    const session = line().open().receive(ascii("/ABC5METER01\r\n"));
    assert.equal(session.failure?.code, "DLMS_LINK_MODE_E");
    assert.equal(session.failure?.retry, "no");
    assert.match(
      session.failure?.message ?? "",
      /"\/ABC5METER01", which does not offer mode E \(\\2\) but mode C or older only/,
    );
  });

  it("reports that the meter refuses", () => {
    const session = line().open().receive(identification, "15").timeOut();
    assert.equal(session.failure?.code, "DLMS_LINK_MODE_E");
    assert.match(session.failure?.message ?? "", /NAK/);
  });

  it("reports an unknown rate", () => {
    const session = line().open().receive(ascii("/ABCZ\\2METER\r\n"));
    assert.equal(session.failure?.code, "DLMS_LINK_MODE_E");
  });

  it("retries, then reports the received bytes: none, the echo, or others", () => {
    const rows: [string, RegExp][] = [
      ["", /no bytes received; check the optical probe/],
      [signOn, /only our own bytes were received \(the probe echoes\)/],
      ["8f0713", /3 bytes received, but no identification \(8f0713\)/],
    ];
    for (const [hex, message] of rows) {
      const session = line({ retries: 1 }).open();
      session.timeOut().timeOut();
      assert.deepEqual(session.taken(), [signOn, disc, signOn]);
      if (hex !== "") session.receive(hex);
      session.timeOut();
      assert.equal(session.failure?.code, "DLMS_TIMEOUT_LINK");
      assert.match(session.failure?.message ?? "", message);
      assert.equal(session.link.deadline, undefined);
    }
  });

  it("sends a DISC to a meter that another client has left in HDLC, because it ignores the sign-on", () => {
    const session = line({ retries: 1, maxBaud: 9600 }).open().timeOut();
    assert.deepEqual(session.taken(), [signOn, disc]);
    assert.deepEqual(session.lines, ["300 7 even", "9600 8 none"]);
    session.receive(fromMeter(0x1f));
    assert.deepEqual(session.taken(), [signOn], "at once");
    assert.deepEqual(session.lines.slice(2), ["300 7 even"]);
    session.receive(identification, acknowledge).receive(ua);
    assert.deepEqual(session.events, ["opened"]);
  });

  it("uses HDLC with a meter that answers the DISC and stays in HDLC", () => {
    const session = line({ retries: 2, maxBaud: 9600 }).open().timeOut();
    session.receive(ua);
    session.taken();
    session.timeOut();
    assert.ok(session.taken()[0]?.startsWith(snrmStart));
    assert.deepEqual(session.lines.slice(-1), ["9600 8 none"]);
    session.receive(ua);
    assert.deepEqual(session.events, ["opened"]);
  });

  it("sends no DISC after received bytes: the meter is awake, or the line is bad", () => {
    const session = line({ retries: 1 }).open().receive("8f07").timeOut();
    assert.deepEqual(session.taken(), [signOn, signOn]);
  });

  it("counts the time of its own bytes at the start rate", () => {
    const session = line().open();
    assert.equal(session.link.deadline, 2000 + (5 * 10_000) / 300);
  });

  it("ends despite endless bytes without an identification", () => {
    const session = line({ retries: 0 }).open();
    while (!session.failure && session.now < 1_000_000) session.receive("55").pass(100);
    assert.ok(session.now < 20_000, `${session.now} ms`);
  });

  it("ends a session that may still be open in the meter before it signs on again", () => {
    const session = line().open().receive(identification, acknowledge, ua);
    session.taken();
    session.link.reset();
    assert.equal(session.link.state, "closed");
    session.open();
    assert.equal(session.lines.at(-1), "9600 8 none");
    assert.deepEqual(session.taken(), [hdlcFrame("03", "21", 0x53)]);
    session.receive(fromMeter(0x73));
    assert.equal(session.lines.at(-1), "300 7 even");
    assert.deepEqual(session.taken(), [signOn]);
    const silent = line().open().receive(identification, acknowledge, ua);
    silent.link.reset();
    silent.open().timeOut();
    assert.equal(silent.taken().at(-1), signOn);
  });

  it("does the same after a failed session, but not after a closed one", () => {
    const session = line({ retries: 0 }).open().receive(identification, acknowledge, ua).send("c001").timeOut();
    assert.equal(session.failure?.code, "DLMS_TIMEOUT_RESPONSE");
    session.taken();
    session.open();
    assert.deepEqual(session.taken(), [hdlcFrame("03", "21", 0x53)]);
    const closed = line().open().receive(identification, acknowledge, ua).close().receive(fromMeter(0x73));
    closed.taken();
    closed.open();
    assert.deepEqual(closed.taken(), [signOn]);
  });

  it("skips the sign-on for a meter that is in HDLC already", () => {
    const session = line({ directHdlc: true, maxBaud: 9600 }).open();
    assert.deepEqual(session.lines, ["9600 8 none"]);
    assert.ok(session.taken()[0]?.startsWith(snrmStart));
    session.receive(ua);
    assert.deepEqual(session.events, ["opened"]);
  });

  it("reports a failure of HDLC unchanged", () => {
    const session = line({ retries: 0 }).open().receive(identification, acknowledge).timeOut();
    assert.equal(session.failure?.code, "DLMS_TIMEOUT_LINK");
    assert.equal(session.link.state, "closed");
  });

  it("closes in the middle of the sign-on, and does not send before it is open", () => {
    const session = line().open();
    assert.throws(() => session.send("c001"), { code: "DLMS_STATE_CLOSED" });
    session.close();
    assert.deepEqual(session.events, ["closed"]);
    session.receive(identification);
    assert.equal(session.taken().length, 1);
  });

  it("refuses invalid settings", () => {
    assert.throws(() => line({ deviceAddress: "a!b" }), { code: "DLMS_CONFIG_INVALID" });
    assert.throws(() => line({ startBaud: 100 }), { code: "DLMS_CONFIG_INVALID" });
    assert.throws(() => line({ maxBaud: 110 }), { code: "DLMS_CONFIG_INVALID" });
  });
});
