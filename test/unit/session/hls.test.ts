import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { fromHex, toHex } from "../../../src/bytes";
import { DlmsAssociationError } from "../../../src/errors";
import { type HlsContext, type HlsMechanism, hlsReply, importPrivateKey, importPublicKey } from "../../../src/security";
import { Session, type SessionOptions } from "../../../src/session";
import { Driver, failure, type Turn } from "./drive";
import { energy, options } from "./fixtures";
import { CipheringMeter, clientTitle, gak, guek, meterTitle, octets, security } from "./meter";

const ids = { "hls-2": 2, "hls-md5": 3, "hls-sha1": 4, "hls-gmac": 5, "hls-sha256": 6, "hls-ecdsa": 7 } as const;
const secret = fromHex("5365637265745f31");

/** An accepting AARE, diagnostic "authentication required", with mechanism and StoC. */
function aare(mechanism: HlsMechanism, challenge: string, title = toHex(meterTitle)): string {
  const body =
    `a109060760857405080101a203020100a305a10302010e${title === "" ? "" : `a40a0408${title}`}` +
    `88020780890760857405080${"2"}0${ids[mechanism]}aa${octets(`80${octets(challenge)}`)}` +
    "be10040e0800065f1f040000501f01f40007";
  return `61${octets(body)}`;
}

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    secret: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    open: publicKey.export({ type: "spki", format: "pem" }) as string,
  };
};
const client = pair();
const meter = pair();

function session(mechanism: HlsMechanism, more: Partial<SessionOptions> = {}): Session {
  const auth =
    mechanism === "hls-gmac"
      ? { mechanism }
      : mechanism === "hls-ecdsa"
        ? { mechanism, signingKey: client.secret, meterSigningCertificate: meter.open }
        : { mechanism, secret };
  return new Session(
    options({
      auth,
      clientSystemTitle: clientTitle,
      ...(mechanism === "hls-gmac" && { security: security({ policy: "none" }) }),
      ...more,
    }),
  );
}

const challengeLength = (mechanism: HlsMechanism): number => (mechanism === "hls-ecdsa" ? 32 : 16);
const stoc = (mechanism: HlsMechanism): string => "5a".repeat(challengeLength(mechanism));

/** The meter's side of the proofs. */
function context(mechanism: HlsMechanism): HlsContext {
  return {
    mechanism,
    role: "server",
    clientChallenge: Uint8Array.from({ length: challengeLength(mechanism) }, (_, i) => i + 1),
    serverChallenge: fromHex(stoc(mechanism)),
    clientTitle,
    serverTitle: meterTitle,
    secret,
    keys: { encryptionKey: guek, authenticationKey: gak },
    ...(mechanism === "hls-ecdsa" && {
      signingKey: importPrivateKey(meter.secret, "P-256", "meter"),
      peerSigningKey: importPublicKey(client.open, "P-256", "client"),
    }),
  };
}

const replyRequest = "c301c1000f0000280000ff0101";
const proved = (proof: string): string => `c701c1000100 09${octets(proof)}`;

describe("session: HLS", () => {
  it("proves itself and the meter with GMAC as in the standard's example", () => {
    // Green Book, example of HLS with GMAC: CtoS K56iVagY, StoC P6wRJ21F
    const gmac = session("hls-gmac", { challengeLength: 8, random: () => fromHex("4b35366956616759") });
    const driver = new Driver();
    const { result } = driver.run(gmac.associate(), [
      { in: aare("hls-gmac", "503677524a323146") },
      {
        out: `${replyRequest}091110000000011a52fe7dd3e72748973c1e28`,
        in: proved("1001234567fe1466afb3dbcd4f9389e2b7"),
      },
    ]);
    assert.equal(result.mechanism, "hls-gmac");
    assert.equal(result.ciphered, false);
    assert.match(driver.sent[0] ?? "", /a60a04084d4d4d0000000001.*8a0207808b0760857405080205ac0a80084b35366956616759/);
    assert.equal(driver.counter, 2);
  });

  for (const mechanism of Object.keys(ids) as HlsMechanism[]) {
    it(`performs the four passes of ${mechanism}`, () => {
      const own = session(mechanism);
      const driver = new Driver();
      driver.run(own.associate(), [
        { in: aare(mechanism, stoc(mechanism)) },
        { in: proved(toHex(hlsReply(context(mechanism), 77))) },
      ]);
      assert.equal(own.association?.mechanism, mechanism);
      const proof = driver.sent[1] ?? "";
      assert.ok(proof.startsWith(replyRequest));
      if (mechanism === "hls-ecdsa") assert.equal(proof.length, replyRequest.length + 4 + 128);
      else {
        const expected = hlsReply({ ...context(mechanism), role: "client" }, 1);
        assert.equal(proof, replyRequest + toHex(Uint8Array.of(9, expected.length)) + toHex(expected));
      }
    });

    it(`does not trust a meter that fails in pass 4 of ${mechanism}`, () => {
      const proof = hlsReply(context(mechanism), 77);
      const wrong = Uint8Array.from(proof);
      wrong[wrong.length - 1] = (wrong[wrong.length - 1] ?? 0) ^ 1;
      const bad = [
        proved(toHex(wrong)),
        proved(toHex(proof.subarray(1))),
        proved(""),
        "c701c100010010ffff",
        "c701c10000",
      ];
      for (const answer of bad) {
        const own = session(mechanism);
        const error = failure(own.associate(), [{ in: aare(mechanism, stoc(mechanism)) }, { in: answer }]);
        assert.equal(error.code, "DLMS_ASSOC_SERVER_UNPROVEN", answer);
        assert.match(error.message, /pass 4/);
        assert.equal(own.association, undefined);
        assert.doesNotMatch(JSON.stringify(error), new RegExp(toHex(secret)));
      }
    });
  }

  it("names pass 3 when the meter refuses the proof", () => {
    for (const answer of ["c701c10300", "c701c1fa00", "c701c1000101 03", "d80101", "0e060400"]) {
      const error = failure(session("hls-md5").associate(), [{ in: aare("hls-md5", stoc("hls-md5")) }, { in: answer }]);
      assert.ok(error instanceof DlmsAssociationError, answer);
      assert.equal(error.code, "DLMS_ASSOC_AUTH_FAILED", answer);
      assert.match(error.message, /pass 3 of 4/);
      assert.equal(error.retry, "no");
    }
  });

  it("does not send its proof again automatically when the answer to it makes no sense", () => {
    const answers = {
      c701c1000100: "DLMS_ASSOC_SERVER_UNPROVEN",
      c701c100010009200a: "DLMS_ASSOC_SERVER_UNPROVEN",
      c401c1000600000001: "DLMS_ASSOC_SERVER_UNPROVEN",
      ffff: "DLMS_ASSOC_SERVER_UNPROVEN",
      "6303800100": "DLMS_ASSOC_AUTH_FAILED",
    };
    for (const [answer, code] of Object.entries(answers)) {
      const error = failure(session("hls-md5").associate(), [{ in: aare("hls-md5", stoc("hls-md5")) }, { in: answer }]);
      assert.equal(error.code, code, answer);
      assert.equal(error.retry, "no", answer);
    }
  });

  it("refuses a reflected, a missing, a short and a long challenge before it answers", () => {
    const own = toHex(Uint8Array.from({ length: 16 }, (_, i) => i + 1));
    for (const challenge of [own, "", "5a".repeat(7), "5a".repeat(65)]) {
      const error = failure(session("hls-md5").associate(), [{ in: aare("hls-md5", challenge) }]);
      assert.equal(error.code, "DLMS_ASSOC_SERVER_UNPROVEN");
      assert.equal(error.details["pass"], 2);
    }
    const accepted = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501f01f40007";
    const error = failure(session("hls-md5").associate(), [{ in: accepted }]);
    assert.match(error.message, /pass 2 of 4: the AARE carries no challenge/);
  });

  it("needs the meter's title for the mechanisms that hash or sign it", () => {
    for (const mechanism of ["hls-gmac", "hls-sha256", "hls-ecdsa"] as const) {
      const untitled: Turn[] = [{ in: aare(mechanism, stoc(mechanism), "") }];
      assert.equal(failure(session(mechanism).associate(), untitled).code, "DLMS_SEC_SYSTEM_TITLE");
      const known = session(mechanism, { meterSystemTitle: meterTitle });
      new Driver().run(known.associate(), [...untitled, { in: proved(toHex(hlsReply(context(mechanism), 7))) }]);
    }
  });

  it("speaks through a Read with short names", () => {
    const own = session("hls-md5", { referencing: "sn", conformance: 0x1c0320 });
    const body =
      "a109060760857405080102a203020100a305a10302010e88020780890760857405080203" +
      `aa${octets(`80${octets(stoc("hls-md5"))}`)}be10040e0800065f1f04001c032001f4fa00`;
    const proof = hlsReply({ ...context("hls-md5"), role: "client" });
    const run = (answer: string): Turn[] => [
      { in: `61${octets(body)}` },
      { out: `050104fa58000910${toHex(proof)}`, in: answer },
    ];
    new Driver().run(own.associate(), run(`0c010009${octets(toHex(hlsReply(context("hls-md5"))))}`));
    assert.equal(own.association?.referencing, "sn");
    assert.equal(failure(own.associate(), run("0c010103")).code, "DLMS_ASSOC_AUTH_FAILED");
    assert.equal(failure(own.associate(), run("0c01000910" + "00".repeat(16))).code, "DLMS_ASSOC_SERVER_UNPROVEN");
  });

  it("accepts the action although it was not negotiated", () => {
    const own = session("hls-md5", { conformance: 0x001010 });
    new Driver().run(own.associate(), [
      { in: aare("hls-md5", stoc("hls-md5")) },
      { in: proved(toHex(hlsReply(context("hls-md5")))) },
    ]);
  });

  it("ciphers both passes, and accepts an old counter inside the meter's proof", () => {
    const own = session("hls-gmac", { security: security() });
    const peer = new CipheringMeter();
    const more = `8802078089076085740508020${"5"}aa${octets(`80${octets(stoc("hls-gmac"))}`)}`;
    const driver = new Driver();
    driver.run(own.associate(), [
      { in: peer.aare(undefined, more) },
      { in: peer.service("cf", proved(toHex(hlsReply(context("hls-gmac"), 5)))) },
    ]);
    // one value for the AARQ, one for the proof, one for the APDU that carries it
    assert.match(driver.sent[1] ?? "", /^cb..3000000003/);
    const plain = failure(own.associate(), [
      { in: peer.aare(undefined, more) },
      { in: proved(toHex(hlsReply(context("hls-gmac"), 5))) },
    ]);
    assert.equal(plain.code, "DLMS_SEC_POLICY");
    assert.equal(own.association, undefined);
  });

  describe("with older Landis+Gyr meters", () => {
    const meterChallenge = toHex(Buffer.from("18B11E81"));
    const ours = toHex(Buffer.from("39F15FA1"));
    const landisGyr = (): Session =>
      session("hls-2", {
        auth: { mechanism: "hls-2", secret: Buffer.from("3141592") },
        quirks: { landisGyrHls2: true },
      });
    const run = (answer: string): Turn[] => [
      { in: aare("hls-2", meterChallenge) },
      { out: `${replyRequest}0908${ours}`, in: answer },
    ];

    it("succeeds without a proof of the meter, with one note", () => {
      for (const none of ["c701c10000", "c701c100", "c701c100010000", "c701c10001000900", "c701c100010100"]) {
        const own = landisGyr();
        const { result, notes } = new Driver().run(own.associate(), run(none));
        assert.equal(result.meterProven, false, none);
        assert.equal(own.association, result);
        assert.equal(notes.filter((note) => note.includes("not proven")).length, 1);
      }
    });

    it("checks a proof that the meter sends", () => {
      // our challenge from the bytes 1 to 8 is 12345672; combination 2 is exclusive or
      const proof = toHex(Buffer.from("23750F53"));
      const known = landisGyr();
      const { result } = new Driver().run(known.associate(), run(proved(toHex(Buffer.from("23750F52")))));
      assert.equal(result.meterProven, undefined);
      assert.equal(failure(known.associate(), run(proved(proof))).code, "DLMS_ASSOC_SERVER_UNPROVEN");
    });

    it("fails when the meter refuses the proof", () => {
      assert.equal(failure(landisGyr().associate(), run("c701c10300")).code, "DLMS_ASSOC_AUTH_FAILED");
    });

    it("sends no proof over a challenge of another form", () => {
      const error = failure(landisGyr().associate(), [{ in: aare("hls-2", stoc("hls-2")) }]);
      assert.match(error.message, /no proof was sent/);
      assert.equal(error.retry, "no");
    });

    it("refuses another password than 7 hexadecimal digits before anything is sent", () => {
      assert.throws(
        () => session("hls-2", { quirks: { landisGyrHls2: true } }),
        /expected 7 hexadecimal digits .* got 8 characters/,
      );
    });
  });

  it("distinguishes an answer of an unknown form from a wrong proof, and does not mention keys", () => {
    for (const answer of ["c701c1000100", "c701c100010009200a", "c701c1000100 0a04 61626364", "c401c1000600000001"]) {
      const turns = [{ in: aare("hls-md5", stoc("hls-md5")) }, { in: answer }];
      const error = failure(session("hls-md5").associate(), turns);
      assert.equal(error.code, "DLMS_ASSOC_SERVER_UNPROVEN", answer);
      assert.match(error.message, /form of the meter's answer is unknown/, answer);
      assert.doesNotMatch(error.message, /key|secret|password/, answer);
      assert.equal(error.retry, "no", answer);
    }
  });

  it("authenticates under the global key, and uses the dedicated key from then on", () => {
    const more = `8802078089076085740508020${"3"}aa${octets(`80${octets(stoc("hls-md5"))}`)}`;
    const proof = proved(toHex(hlsReply(context("hls-md5"))));
    for (const [dedicatedKeyInHls, pass3, pass4] of [
      [false, "cb", "cf"],
      [true, "d3", "d7"],
    ] as const) {
      const own = session("hls-md5", { security: security({ dedicatedKey: true }), quirks: { dedicatedKeyInHls } });
      const peer = new CipheringMeter();
      const accepted = peer.aare(undefined, more);
      const dedicatedKey = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
      if (dedicatedKeyInHls) peer.encryptionKey = dedicatedKey;
      const driver = new Driver();
      driver.run(own.associate(), [{ in: accepted }, { in: peer.service(pass4, proof) }]);
      peer.encryptionKey = dedicatedKey;
      driver.run(own.get(energy, "read"), [{ in: peer.service("d4", "c401c1000600001391") }]);
      assert.deepEqual(
        driver.sent.slice(1).map((apdu) => apdu.slice(0, 2)),
        [pass3, "d0"],
      );
    }
  });
});
