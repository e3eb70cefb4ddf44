import assert from "node:assert/strict";
import { fromHex } from "../../../src/bytes";
import { DlmsAssociationError, DlmsConfigError, DlmsDecodeError, DlmsServiceError } from "../../../src/errors";
import { Session } from "../../../src/session";
import { drive, failure } from "./drive";
import { CipheringMeter, clientTitle, meterTitle, security } from "./meter";
import { associated, energy, options, usualConformance } from "./fixtures";
import { aare, aarqNone, exceptionResponse, getRefused, getRequest, releaseResponse } from "../../support/apdus";

const lls = { mechanism: "lls", secret: fromHex("3132333435363738") } as const;
/** Circutor/gosem and u9n/dlms-cosem, MIT */
const aarqLls =
  "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400007e1f04b0";
const aareOk = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501f01f40007";

describe("session: associate", () => {
  it("sends the AARQ of the standard's example and reports the negotiated parameters", () => {
    const session = new Session(options());
    const { result } = drive(session.associate(), [{ out: aarqNone, in: aareOk }]);
    assert.deepEqual(result, {
      referencing: "ln",
      applicationContext: 1,
      mechanism: "none",
      conformance: 0x00501f,
      conformanceNames: [
        "priority-mgmt-supported",
        "block-transfer-with-get-or-read",
        "get",
        "set",
        "selective-access",
        "event-notification",
        "action",
      ],
      maxPduSize: 500,
      dlmsVersion: 6,
      vaaName: 7,
      ciphered: false,
    });
    assert.equal(session.association, result);
  });

  it("sends the password with LLS", () => {
    drive(new Session(options({ auth: lls })).associate(), [{ out: aarqLls, in: aareOk }]);
  });

  it("uses the short-name context and recognises short names from the AARE", () => {
    const session = new Session(options({ referencing: "sn", conformance: 0x1c0320, maxPduSize: 0xffff }));
    const { result, sent } = drive(session.associate(), [{ in: aare(0x1c0320, 0, 0xfa00, 2) }]);
    assert.match(sent[0] ?? "", /^601da109060760857405080102be10040e01000000065f1f04001c0320ffff$/);
    assert.equal(result.referencing, "sn");
    assert.equal(result.maxPduSize, 0);
    const asked = new Session(options());
    const other = drive(asked.associate(), [{ in: aare(0x1c0320, 0, 0xfa00, 2) }]);
    assert.equal(other.result.referencing, "sn");
    assert.match(other.notes.join(), /ln was requested, the meter uses sn/);
  });

  it("names a mechanism even without authentication if the quirk requires it", () => {
    const session = new Session(options({ quirks: { alwaysSendMechanism: true } }));
    const { sent } = drive(session.associate(), [{ in: aareOk }]);
    assert.match(sent[0] ?? "", /8a0207808b0760857405080200be10/);
  });

  it("does not propose general block transfer if a quirk forbids it", () => {
    const session = new Session(options({ conformance: 0x207e1f, quirks: { noGeneralBlockTransfer: true } }));
    const { sent, result } = drive(session.associate(), [{ out: aarqNone, in: aare(0x207e1f, 500) }]);
    assert.equal(sent.length, 1);
    assert.ok(!result.conformanceNames.includes("general-block-transfer"));
  });

  it("keeps its proposed conformance when the meter sends its whole list", () => {
    const { result } = drive(new Session(options({ conformance: 0x001010 })).associate(), [
      { in: aare(0xffffff, 500) },
    ]);
    assert.deepEqual(result.conformanceNames, ["block-transfer-with-get-or-read", "get"].slice(0, 2));
  });

  const refusals = [
    // result, source tag, diagnostic, code, words
    [1, "a1", 1, "ASSOC_REJECTED", /rejected-permanent.*no-reason-given \(1\).*client address/],
    [1, "a1", 2, "ASSOC_REJECTED", /application-context-name-not-supported \(2\).*referencing/],
    [1, "a1", 3, "ASSOC_REJECTED", /calling-AP-title-not-recognized \(3\)/],
    [2, "a1", 7, "ASSOC_REJECTED", /rejected-transient.*called-AP-title-not-recognized \(7\)/],
    [1, "a1", 11, "ASSOC_REJECTED", /authentication-mechanism-name-not-recognised \(11\).*another mechanism/],
    [1, "a1", 12, "ASSOC_REJECTED", /authentication-mechanism-name-required \(12\)/],
    [1, "a1", 13, "ASSOC_AUTH_FAILED", /authentication-failure \(13\).*password or key is wrong/],
    [1, "a1", 14, "ASSOC_REJECTED", /authentication-required \(14\)/],
    [1, "a2", 1, "ASSOC_REJECTED", /no-reason-given \(1\)/],
    [1, "a2", 2, "ASSOC_REJECTED", /no-common-acse-version \(2\)/],
    [1, "a1", 99, "ASSOC_REJECTED", /99/],
  ] as const;
  for (const [result, source, diagnostic, code, words] of refusals) {
    it(`reports refusal ${result} with diagnostic ${source}/${diagnostic} in words`, () => {
      const code2 = diagnostic.toString(16).padStart(2, "0");
      const reply = `6117a109060760857405080101a20302010${result}a305${source}030201${code2}`;
      const session = new Session(options());
      const error = failure(session.associate(), [{ out: aarqNone, in: reply }]);
      assert.ok(error instanceof DlmsAssociationError);
      assert.equal(error.code, `DLMS_${code}`);
      assert.match(error.message, words);
      assert.equal(error.details["diagnostic"], diagnostic);
      assert.equal(session.association, undefined);
    });
  }

  it("treats 'authentication required' as a failed authentication when a password was sent", () => {
    const reply = "6117a109060760857405080101a203020101a305a10302010e";
    const error = failure(new Session(options({ auth: lls })).associate(), [{ in: reply }]);
    assert.equal(error.code, "DLMS_ASSOC_AUTH_FAILED");
    assert.equal(error.retry, "no");
    assert.doesNotMatch(JSON.stringify(error), /12345678|3132333435363738/);
  });

  it("reports the refusal of an AARE that still carries an initiate-response with another VAA name", () => {
    // a Sagemcom meter, Circutor/gosem, MIT
    const reply = "6129a109060760857405080101a203020101a305a10302010dbe10040e0800065f1f040000101400800080";
    assert.equal(failure(new Session(options()).associate(), [{ in: reply }]).code, "DLMS_ASSOC_AUTH_FAILED");
  });

  it("reports the service error inside a refusal", () => {
    // aare-dlms-version-low, Circutor/gosem, MIT
    const reply = "611fa109060760857405080101a203020101a305a103020101be0604040e010601";
    const error = failure(new Session(options()).associate(), [{ in: reply }]);
    assert.equal(error.code, "DLMS_ASSOC_INITIATE_ERROR");
    assert.match(error.message, /rejected-permanent.*initiate \/ dlms-version-too-low \(1\)/);
    // aare-gosem-authfail: the service error is unspecific, the diagnostic is not
    const other = "611fa109060760857405080101a203020101a305a10302010dbe0604040e010600";
    assert.equal(failure(new Session(options()).associate(), [{ in: other }]).code, "DLMS_ASSOC_AUTH_FAILED");
  });

  it("reports a refusal whose user-information can't be read", () => {
    for (const rubbish of ["be0604040e0106", "be0604ff0e010601", "be02", "be0404020e01", "be05040399aabb"]) {
      const body = `a109060760857405080101a203020101a305a10302010d${rubbish}`;
      const reply = `61${(body.length / 2).toString(16)}${body}`;
      const error = failure(new Session(options()).associate(), [{ in: reply }]);
      assert.equal(error.code, "DLMS_ASSOC_AUTH_FAILED", rubbish);
    }
  });

  it("reports a confirmedServiceError instead of an AARE, or in an accepting one", () => {
    const alone = failure(new Session(options()).associate(), [{ in: "0e010603" }]);
    assert.equal(alone.code, "DLMS_ASSOC_INITIATE_ERROR");
    assert.match(alone.message, /pdu-size-too-short \(3\)/);
    const inside = "611fa109060760857405080101a203020100a305a103020100be0604040e010602";
    const error = failure(new Session(options()).associate(), [{ in: inside }]);
    assert.equal(error.code, "DLMS_ASSOC_INITIATE_ERROR");
    assert.match(error.message, /incompatible-conformance \(2\)/);
  });

  it("reports an exception-response instead of an AARE", () => {
    const error = failure(new Session(options()).associate(), [{ in: exceptionResponse(1, 2) }]);
    assert.ok(error instanceof DlmsServiceError);
    assert.equal(error.code, "DLMS_EXCEPTION");
    assert.match(error.message, /service-not-allowed \(1\).*service-not-supported \(2\)/);
  });

  it("refuses other answers", () => {
    const get = failure(new Session(options()).associate(), [{ in: getRefused(1) }]);
    assert.ok(get instanceof DlmsDecodeError);
    assert.match(get.message, /expected an AARE, the meter sent get-response-normal/);
  });

  describe("an accepting AARE whose user-information", () => {
    const head = "a109060760857405080101a203020100a305a103020100";
    const reply = (information: string): string => {
      const body = head + information;
      return `61${(body.length / 2).toString(16)}${body}`;
    };
    const forms = {
      "is missing": "",
      "has no bytes": "be020400",
      "is an empty field": "be00",
      "has no known tag": "be040402ffff",
    };

    for (const [what, information] of Object.entries(forms)) {
      it(`${what} establishes the proposed association, with one note`, () => {
        const { result, notes } = drive(new Session(options()).associate(), [{ in: reply(information) }]);
        assert.deepEqual([result.conformance, result.maxPduSize, result.referencing], [usualConformance, 1200, "ln"]);
        assert.equal(
          notes.filter((note) => /user-information .*; the proposed values are assumed/.test(note)).length,
          1,
        );
      });
    }

    it("is missing is refused if ciphering was requested, which only an initiate-response can confirm", () => {
      const own = new Session(options({ security: security(), clientSystemTitle: clientTitle }));
      assert.equal(failure(own.associate(), [{ in: reply("") }]).code, "DLMS_ASSOC_INITIATE_ERROR");
    });
  });

  it("is readable only in part is accepted with notes", () => {
    const head = "a109060760857405080101a203020100a305a103020100";
    const reply = (information: string): string => {
      const body = head + information;
      return `61${(body.length / 2).toString(16)}${body}`;
    };
    const short = drive(new Session(options()).associate(), [{ in: reply("be10040e0800065f1f03007c1f04000007") }]);
    assert.deepEqual([short.result.conformance, short.result.maxPduSize], [0x007c1f & usualConformance, 0x400]);
    assert.equal(short.notes.filter((note) => note.startsWith("initiate-response: its conformance has 3")).length, 1);
    for (const cut of ["be03040108", "be050403080006", "be0804060800065f1f04"]) {
      const { result, notes } = drive(new Session(options()).associate(), [{ in: reply(cut) }]);
      assert.deepEqual([result.conformance, result.maxPduSize, result.referencing], [usualConformance, 1200, "ln"]);
      assert.ok(notes.some((note) => note.includes("the proposed one is assumed")));
    }
  });

  it("reads values after an AARE whose conformance is short", () => {
    const session = new Session(options());
    const reply = "6128a109060760857405080101a203020100a305a103020100be0f040d0800065f1f03007c1f04000007";
    drive(session.associate(), [{ in: reply }]);
    drive(session.get(energy, "read"), [{ out: getRequest(), in: getRefused(3) }]);
  });

  describe("refusals in the other context", () => {
    const refusal = (context: number, code: string, more = ""): string => {
      const body = `a10906076085740508010${context}a203020101a305a1030201${code}${more}`;
      return `61${(body.length / 2).toString(16).padStart(2, "0")}${body}`;
    };
    const plainInitiate = "be10040e0800065f1f040000501f01f40007";

    it("reports to a ciphered client that the meter answers without ciphering", () => {
      for (const auth of [{ mechanism: "none" }, lls] as const) {
        for (const reply of [refusal(1, "01", plainInitiate), refusal(1, "00"), refusal(1, "02")]) {
          const own = new Session(options({ auth, security: security(), clientSystemTitle: clientTitle }));
          const error = failure(own.associate(), [{ in: reply }]);
          assert.equal(error.code, "DLMS_ASSOC_REJECTED");
          assert.match(error.message, /the meter answers without ciphering: set the security policy to NONE/);
          assert.doesNotMatch(error.message, /key|GUEK|lock/);
        }
      }
    });

    it("reports to a plain client that the meter answers with ciphering", () => {
      const error = failure(new Session(options()).associate(), [{ in: refusal(3, "02") }]);
      assert.match(error.message, /the meter answers with ciphering: set the security policy and the keys/);
    });

    it("still reports a wrong password that the meter names", () => {
      const own = new Session(options({ auth: lls, security: security(), clientSystemTitle: clientTitle }));
      const error = failure(own.associate(), [{ in: refusal(1, "0d", plainInitiate) }]);
      assert.equal(error.code, "DLMS_ASSOC_AUTH_FAILED");
      assert.match(error.message, /without ciphering.*password or key is wrong/);
    });

    it("keeps the advice on keys if the meter refuses in the requested context", () => {
      const own = new Session(options({ security: security(), clientSystemTitle: clientTitle }));
      assert.match(failure(own.associate(), [{ in: refusal(3, "01") }]).message, /GUEK/);
    });
  });

  it("treats PDU size 0 as no limit and refuses invalid sizes", () => {
    assert.equal(drive(new Session(options()).associate(), [{ in: aare(0x501f, 0) }]).result.maxPduSize, 0);
    assert.equal(drive(new Session(options()).associate(), [{ in: aare(0x501f, 12) }]).result.maxPduSize, 12);
    const error = failure(new Session(options()).associate(), [{ in: aare(0x501f, 11) }]);
    assert.equal(error.code, "DLMS_ASSOC_INITIATE_ERROR");
    assert.match(error.message, /11 bytes/);
  });

  it("forgets the association when it is opened again and fails", () => {
    const session = associated();
    failure(session.associate(), [{ in: exceptionResponse(1, 1) }]);
    assert.equal(session.association, undefined);
    assert.equal(failure(session.get(energy, "read"), []).code, "DLMS_STATE_CLOSED");
  });

  it("refuses options that can't work before anything is sent", () => {
    assert.throws(() => new Session(options({ maxPduSize: 5 })), DlmsConfigError);
    assert.throws(() => new Session(options({ auth: { mechanism: "hls-gmac" } })), /GMAC needs/);
    assert.throws(
      () => new Session(options({ auth: { mechanism: "hls-md5", secret: new Uint8Array() } })),
      /hls-md5 needs a secret/,
    );
  });
});

describe("session: pre-established association", () => {
  it("sends requests without an AARQ", () => {
    const session = new Session(options());
    assert.equal(session.assume().maxPduSize, 1200);
    drive(session.get(energy, "read"), [{ out: getRequest(), in: getRefused(3) }]);
  });

  it("needs the meter's system title when it is ciphered", () => {
    const ciphered = { security: security(), clientSystemTitle: clientTitle };
    assert.throws(() => new Session(options(ciphered)).assume(), { code: "DLMS_SEC_SYSTEM_TITLE" });
    const session = new Session(options({ ...ciphered, meterSystemTitle: meterTitle }));
    assert.equal(session.assume().ciphered, true);
    const answer = new CipheringMeter().service("cc", getRefused(3));
    assert.deepEqual(drive(session.get(energy, "read"), [{ in: answer }]).result, { ok: false, result: 3 });
  });
});

describe("session: release", () => {
  it("sends RLRQ and is released", () => {
    const session = associated();
    drive(session.release(), [{ out: "6203800100", in: releaseResponse }]);
    assert.equal(session.association, undefined);
    drive(session.release(), []);
  });

  it("never fails, with any answer or without one", () => {
    for (const answer of ["63", "6300", "6305800100", exceptionResponse(1, 1), "0e000000", "ff", "", getRefused(1)]) {
      drive(associated().release(), [{ in: answer }]);
    }
    const { notes } = drive(associated().release(), [{ in: new DlmsServiceError("EXCEPTION", "gone") }]);
    assert.match(notes.join(), /gone/);
  });

  it("passes on errors other than DlmsError: an abort", () => {
    const reason = new Error("aborted");
    assert.throws(
      () => drive(associated().release(), [{ in: reason }]),
      (error) => error === reason,
    );
  });

  it("sends no RLRQ if the quirk forbids it", () => {
    drive(associated({ quirks: { noRelease: true } }).release(), []);
  });
});
