import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import { DlmsConfigError, DlmsSecurityError, isDlmsError } from "../../../src/errors";
import { ReceivedCounters, unprotect } from "../../../src/security";
import { Session, type SessionOptions } from "../../../src/session";
import { drive, Driver, failure } from "./drive";
import { energy, energyHex, options } from "./fixtures";
import { CipheringMeter, clientTitle, gak, guek, meterTitle, security } from "./meter";

const what = "read 1-0:1.8.0*255/2";
const answer = "c401c1000600001391";
const data = (result: unknown): string => toHex((result as { data: Uint8Array }).data);

function opened(more: Partial<SessionOptions> = {}): { session: Session; meter: CipheringMeter; driver: Driver } {
  const session = new Session(options({ security: security(), clientSystemTitle: clientTitle, ...more }));
  const meter = new CipheringMeter();
  meter.policy = more.security?.policy ?? meter.policy;
  meter.suite = more.security?.suite ?? meter.suite;
  const driver = new Driver();
  driver.run(session.associate(), [{ in: meter.aare() }]);
  driver.sent.length = 0;
  return { session, meter, driver };
}

/** What the client put into an envelope: tag, length of one byte, content. */
function plainOf(sent: string | undefined, encryptionKey = guek, title = clientTitle): string {
  const { plaintext } = unprotect({
    content: fromHex(sent ?? "").subarray(2),
    keys: { encryptionKey, authenticationKey: gak },
    systemTitle: title,
  });
  return toHex(plaintext);
}

describe("session: ciphered association", () => {
  it("sends the standard's ciphered AARQ byte for byte", () => {
    // Green Book, security suite 0: LLS, dedicated key, counter 01234567
    const session = new Session(
      options({
        auth: { mechanism: "lls", secret: fromHex("3132333435363738") },
        security: security({ dedicatedKey: true }),
        clientSystemTitle: meterTitle,
        random: () => fromHex("00112233445566778899aabbccddeeff"),
      }),
    );
    const driver = new Driver();
    driver.counter = 0x01234567;
    const { result } = driver.run(session.associate(), [
      {
        out: "6066a109060760857405080103a60a04084d4d4d0000bc614e8a0207808b0760857405080201ac0a80083132333435363738be34043221303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855",
        // with the glo-initiate-response of the same examples
        in: "6148a109060760857405080103a203020100a305a103020100a40a04084d4d4d0000bc614ebe230421281f3001234567891214a0845e475714383f65bc19745ca235906525e4f3e1c893",
      },
    ]);
    assert.equal(result.ciphered, true);
    assert.equal(result.maxPduSize, 1024);
    assert.deepEqual(result.meterSystemTitle, meterTitle);
    assert.ok(result.conformanceNames.includes("get"));
  });

  it("ciphers requests with the tag of the service and rising counters", () => {
    const { session, meter, driver } = opened();
    const { result, sent } = driver.run(session.get(energy, what), [{ in: meter.service("cc", answer) }]);
    assert.equal(data(result), "0600001391");
    assert.match(sent[0] ?? "", /^c81e3000000002/);
    assert.equal(plainOf(sent[0]), `c001c1${energyHex}`);
    driver.run(session.get(energy, what), [{ in: meter.service("cc", answer) }]);
    assert.match(driver.sent[1] ?? "", /^c81e3000000003/);
  });

  it("uses a random dedicated key after the AARE", () => {
    let seed = 0;
    const random = (count: number): Uint8Array => new Uint8Array(count).fill((seed += 1));
    const { session, meter, driver } = opened({ security: security({ dedicatedKey: true }), random });
    meter.encryptionKey = new Uint8Array(16).fill(1);
    const { sent } = driver.run(session.get(energy, what), [{ in: meter.service("d4", answer) }]);
    assert.match(sent[0] ?? "", /^d01e3000000002/);
    assert.equal(plainOf(sent[0], new Uint8Array(16).fill(1)), `c001c1${energyHex}`);
    // the next association has another key, whose counters start again
    meter.encryptionKey = guek;
    driver.run(session.associate(), [{ in: meter.aare() }]);
    meter.encryptionKey = new Uint8Array(16).fill(2);
    driver.run(session.get(energy, what), [{ in: meter.service("d4", answer, 1) }]);
  });

  it("sends a dedicated key authenticated and encrypted, whatever the policy", () => {
    for (const policy of ["authenticated", "encrypted"] as const) {
      const session = new Session(
        options({ security: security({ policy, dedicatedKey: true }), clientSystemTitle: clientTitle }),
      );
      const driver = new Driver();
      const meter = new CipheringMeter();
      driver.run(session.associate(), [{ in: meter.aare() }]);
      assert.match(driver.sent[0] ?? "", /be..04..21..3000000001/);
      meter.policy = policy;
      meter.encryptionKey = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
      driver.run(session.get(energy, what), [{ in: meter.service("d4", answer) }]);
      assert.match(driver.sent[1] ?? "", policy === "authenticated" ? /^d0..10/ : /^d0..20/);
    }
  });

  it("uses the general envelopes if configured, also for ACCESS under service-specific ciphering", () => {
    const { session, meter, driver } = opened({ security: security({ general: true }) });
    const { sent } = driver.run(session.get(energy, what), [{ in: meter.general("db", answer) }]);
    assert.match(sent[0] ?? "", /^db084d4d4d00000000011e3000000002/);
    const { result } = driver.run(session.get(energy, what), [{ in: meter.general("db", answer, "") }]);
    assert.equal(data(result), "0600001391");
    const dedicated = opened({ security: security({ general: true, dedicatedKey: true }) });
    dedicated.meter.encryptionKey = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    dedicated.driver.run(dedicated.session.get(energy, what), [{ in: dedicated.meter.general("dc", answer) }]);
    assert.match(dedicated.driver.sent[0] ?? "", /^dc08/);
    const access = opened({ conformance: 0x7fffff });
    access.driver.run(access.session.associate(), [{ in: access.meter.aare("0800065f1f0400ffffff04000007") }]);
    access.driver.sent.length = 0;
    const get = { kind: "get", attribute: energy } as const;
    access.driver.run(access.session.access([get], [fromHex("00")], what), [
      { in: access.meter.general("db", "dac00000010000010001 0103") },
    ]);
    assert.match(access.driver.sent[0] ?? "", /^db08/);
  });

  for (const policy of ["authenticated", "encrypted", "authenticated-encrypted"] as const) {
    for (const suite of [0, 1, 2] as const) {
      it(`works with policy ${policy} in suite ${suite}`, () => {
        const key = new Uint8Array(suite === 2 ? 32 : 16).fill(7);
        const keys = { encryptionKey: key, authenticationKey: suite === 2 ? new Uint8Array(32).fill(8) : gak };
        const session = new Session(
          options({ security: security({ suite, policy, keys }), clientSystemTitle: clientTitle }),
        );
        const meter = new SuiteMeter(keys.authenticationKey);
        Object.assign(meter, { policy, suite, encryptionKey: key });
        const driver = new Driver();
        driver.run(session.associate(), [{ in: meter.aare() }]);
        const { result } = driver.run(session.get(energy, what), [{ in: meter.service("cc", answer) }]);
        assert.equal(data(result), "0600001391");
      });
    }
  }

  it("delivers no part of general blocks before all of it is deciphered", () => {
    const cut = (hex: string) => [hex.slice(0, 20), hex.slice(20)] as const;
    const block = (n: number, ack: number, hex: string, control = "01") =>
      `e0${control}000${n}000${ack}${(hex.length / 2).toString(16).padStart(2, "0")}${hex}`;
    const whole = opened();
    const [first, second] = cut(whole.meter.service("cc", answer));
    const { result, chunks } = whole.driver.run(whole.session.getChunks(energy, what), [
      { in: block(1, 0, first) },
      { in: block(2, 1, second, "81") },
    ]);
    assert.deepEqual([result, chunks], [{ ok: true }, [{ hex: "0600001391", blockNumber: 1, last: true }]]);
    // and a plain answer, which is refused, is not handed on at all
    const { session, driver } = opened();
    const plain = cut(answer + "ffff");
    const turns = [{ in: block(1, 0, plain[0]) }, { in: block(2, 1, plain[1], "81") }];
    assert.equal(failure(session.getChunks(energy, what), turns, driver).code, "DLMS_SEC_POLICY");
    assert.deepEqual(driver.chunks, []);
  });

  it("releases with the initiate under the global key", () => {
    const { session, meter, driver } = opened({ security: security({ dedicatedKey: true }) });
    const { sent } = driver.run(session.release(), [
      { in: `6328800100be230421${meter.service("28", "0800065f1f0400007e1f04000007")}` },
    ]);
    assert.match(sent[0] ?? "", /^62..800100be..04..21..3000000002/);
    assert.equal(plainOf((sent[0] ?? "").slice(18)), "01000000065f1f0400007e1f04b0");
  });

  it("needs the client's title, the meter's title, and keys of the right length", () => {
    const without = new Session(options({ security: security() }));
    assert.equal(failure(without.associate(), []).code, "DLMS_SEC_SYSTEM_TITLE");
    const session = new Session(options({ security: security(), clientSystemTitle: clientTitle }));
    const untitled = new CipheringMeter().aare().replace("a40a04084d4d4d0000bc614e", "").replace(/^6148/, "613c");
    assert.equal(failure(session.associate(), [{ in: untitled }]).code, "DLMS_SEC_SYSTEM_TITLE");
    const known = new Session(
      options({ security: security(), clientSystemTitle: clientTitle, meterSystemTitle: meterTitle }),
    );
    new Driver().run(known.associate(), [{ in: untitled }]);
    const keys = { encryptionKey: new Uint8Array(15), authenticationKey: gak };
    assert.throws(() => new Session(options({ security: security({ keys }) })), DlmsConfigError);
  });

  it("reports missing keys when the meter ciphers and the client does not", () => {
    const error = failure(new Session(options()).associate(), [{ in: new CipheringMeter().aare() }]);
    assert.equal(error.code, "DLMS_SEC_KEY_MISSING");
  });
});

/** Like CipheringMeter, but with a different authentication key. */
class SuiteMeter extends CipheringMeter {
  constructor(private readonly key: Uint8Array) {
    super();
  }
  override content(plain: string, counter = (this.counter += 1)): string {
    return super.content(plain, counter, this.key);
  }
}

describe("session: a ciphered initiate-response whose length octet is wrong", () => {
  const withLength = (aare: string, change: number): string =>
    aare.replace(/(be..04..28)(..)(30)/, (_, before: string, length: string, after: string) => {
      return before + (parseInt(length, 16) + change).toString(16).padStart(2, "0") + after;
    });

  for (const change of [-9, -1, 1, 9]) {
    it(`is read to the end of its field where it is ${change} bytes off`, () => {
      const meter = new CipheringMeter();
      const wrong = withLength(meter.aare(), change);
      const session = new Session(options({ security: security(), clientSystemTitle: clientTitle }));
      const { notes } = drive(session.associate(), [{ in: wrong }]);
      assert.equal(session.association?.maxPduSize, 1024);
      assert.match(notes.join(), /the length of the ciphered initiate-response is wrong/);
    });
  }

  it("does not accept a wrong tag", () => {
    const wrong = withLength(new CipheringMeter().aare(), -1).replace(/..$/, (last) => (last === "00" ? "01" : "00"));
    const session = new Session(options({ security: security(), clientSystemTitle: clientTitle }));
    assert.equal(failure(session.associate(), [{ in: wrong }]).code, "DLMS_SEC_TAG");
    assert.equal(session.association, undefined);
  });
});

describe("session: attacks on a ciphered association", () => {
  it("refuses plain and weaker answers, and takes plain errors as errors", () => {
    const { session, meter, driver } = opened();
    const plain = failure(session.get(energy, what), [{ in: answer }], driver);
    assert.equal(plain.code, "DLMS_SEC_POLICY");
    assert.match(plain.message, /"none \(plain\)"/);
    for (const policy of ["authenticated", "encrypted"] as const) {
      meter.policy = policy;
      assert.equal(
        failure(session.get(energy, what), [{ in: meter.service("cc", answer) }], driver).code,
        "DLMS_SEC_POLICY",
      );
    }
    assert.equal(failure(session.get(energy, what), [{ in: "d80203" }], driver).code, "DLMS_EXCEPTION");
    assert.equal(failure(session.get(energy, what), [{ in: "0e050402" }], driver).code, "DLMS_SERVICE_ERROR");
  });

  it("refuses an accepting AARE with a plain initiate-response", () => {
    const session = new Session(options({ security: security(), clientSystemTitle: clientTitle }));
    const plain = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501f01f40007";
    assert.equal(failure(session.associate(), [{ in: plain }]).code, "DLMS_SEC_POLICY");
  });

  for (const policy of ["authenticated", "authenticated-encrypted"] as const) {
    it(`accepts no answer with a flipped bit (${policy}), and continues with the true one`, () => {
      const { session, meter, driver } = opened({ security: security({ policy }) });
      const good = fromHex(meter.service("cc", answer));
      let refused = 0;
      for (let bit = 0; bit < good.length * 8; bit++) {
        const bad = Uint8Array.from(good);
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        try {
          const { result } = driver.run(session.get(energy, what), [{ in: toHex(bad) }]);
          assert.fail(`accepted with bit ${bit} flipped: ${data(result)}`);
        } catch (error) {
          if (!isDlmsError(error)) throw error;
          refused += 1;
        }
      }
      assert.equal(refused, good.length * 8);
      const { result } = driver.run(session.get(energy, what), [{ in: toHex(good) }]);
      assert.equal(data(result), "0600001391");
    });
  }

  it("refuses every truncation", () => {
    const { session, meter, driver } = opened();
    const good = meter.service("cc", answer);
    for (let length = 0; length < good.length; length += 2) {
      failure(session.get(energy, what), [{ in: good.slice(0, length) }], driver);
    }
  });

  it("rejects replayed and reordered APDUs, also across associations", () => {
    const receivedCounters = new ReceivedCounters();
    const { session, meter, driver } = opened({ receivedCounters });
    const first = meter.service("cc", answer);
    const second = meter.service("cc", answer);
    driver.run(session.get(energy, what), [{ in: second }]);
    for (const old of [second, first]) {
      assert.equal(failure(session.get(energy, what), [{ in: old }], driver).code, "DLMS_SEC_REPLAY");
    }
    const again = new Session(options({ security: security(), clientSystemTitle: clientTitle, receivedCounters }));
    driver.run(again.associate(), [{ in: meter.aare() }]);
    assert.equal(failure(again.get(energy, what), [{ in: second }], driver).code, "DLMS_SEC_REPLAY");
  });

  it("refuses answers from another title, or under another key", () => {
    const { session, meter, driver } = opened({ security: security({ general: true }) });
    meter.title = fromHex("4D4D4D0000BC614F");
    const other = failure(session.get(energy, what), [{ in: meter.general("db", answer) }], driver);
    assert.equal(other.code, "DLMS_SEC_SYSTEM_TITLE");
    assert.equal(
      failure(session.get(energy, what), [{ in: meter.service("cc", answer) }], driver).code,
      "DLMS_SEC_TAG",
    );
    meter.title = meterTitle;
    meter.encryptionKey = gak;
    const wrong = failure(session.get(energy, what), [{ in: meter.service("cc", answer) }], driver);
    assert.equal(wrong.code, "DLMS_SEC_TAG");
    assert.ok(wrong instanceof DlmsSecurityError);
    assert.doesNotMatch(JSON.stringify(wrong), new RegExp(`${toHex(guek)}|${toHex(gak)}`, "i"));
    assert.equal(
      failure(session.get(energy, what), [{ in: meter.service("d4", answer) }], driver).code,
      "DLMS_SEC_KEY_MISSING",
    );
  });

  it("drops plain notifications and delivers protected ones", () => {
    const { session, meter, driver } = opened();
    const { notifications, notes } = driver.run(session.get(energy, what), [
      { in: "0f0063d76a0003ff" },
      { kind: "receive", in: meter.general("db", "0f0063d76a0003ff") },
      { kind: "receive", in: meter.service("cc", answer) },
    ]);
    assert.deepEqual(
      notifications.map(({ apdu }) => apdu),
      ["data-notification"],
    );
    assert.match(notes.join(), /a notification was dropped/);
  });

  it("deciphers notifications that are unsolicited, and refuses weaker ones", () => {
    const { session, meter } = opened();
    assert.equal(session.incoming(fromHex(meter.general("db", "0f0063d76a0003ff"))).apdu, "data-notification");
    assert.equal(
      session.incoming(fromHex(meter.service("ca", "c20000010100000300ff0203ff"))).apdu,
      "event-notification",
    );
    assert.throws(() => session.incoming(fromHex("0f0063d76a0003ff")), { code: "DLMS_SEC_POLICY" });
    assert.equal(new Session(options()).incoming(fromHex("0f0063d76a0003ff")).apdu, "data-notification");
    assert.throws(() => new Session(options()).incoming(fromHex(meter.general("db", "00"))), {
      code: "DLMS_SEC_KEY_MISSING",
    });
  });
});

describe("session: the meter expects another counter", () => {
  it("moves up once and repeats the request with a new counter", () => {
    const { session, meter, driver } = opened();
    const { result, sent, raised } = driver.run(session.get(energy, what), [
      { in: "d8020600000100" },
      { in: meter.service("cc", answer) },
    ]);
    assert.equal(data(result), "0600001391");
    assert.deepEqual(raised, [256]);
    assert.match(sent[0] ?? "", /^c81e3000000002/);
    assert.match(sent[1] ?? "", /^c81e3000000100/);
    const error = failure(session.get(energy, what), [{ in: "d8020600000200" }], driver);
    assert.equal(error.code, "DLMS_SEC_COUNTER_REJECTED");
    assert.match(error.message, /already set once/);
    assert.deepEqual(driver.raised, [256]);
  });

  it("accepts a counter of eight bytes", () => {
    const { session, meter, driver } = opened();
    const turns = [{ in: "d802060000000000000100" }, { in: meter.service("cc", answer) }];
    assert.deepEqual(driver.run(session.get(energy, what), turns).raised, [256]);
  });

  it("never decreases, never advances beyond the limit, and requires a number", () => {
    for (const [exception, words] of [
      ["d8020600000002", /never goes back/],
      ["d8020600000001", /never goes back/],
      ["d802060fffffff", /allowed jump of 1000000/],
      ["d80206", /did not say/],
    ] as const) {
      const { session, driver } = opened();
      const error = failure(session.get(energy, what), [{ in: exception }], driver);
      assert.equal(error.code, "DLMS_SEC_COUNTER_REJECTED", exception);
      assert.match(error.message, words);
      assert.deepEqual(driver.raised, []);
    }
    const { session, meter, driver } = opened({ security: security({ maxCounterJump: 10 }) });
    assert.match(failure(session.get(energy, what), [{ in: "d802060000000d" }], driver).message, /jump of 10/);
    driver.run(session.get(energy, what), [{ in: "d802060000000d" }, { in: meter.service("cc", answer) }]);
  });

  it("does so for the AARQ too", () => {
    const session = new Session(options({ security: security(), clientSystemTitle: clientTitle }));
    const meter = new CipheringMeter();
    const driver = new Driver();
    driver.run(session.associate(), [{ in: "d8010600001000" }, { in: meter.aare() }]);
    assert.deepEqual(driver.raised, [4096]);
    assert.match(driver.sent[1] ?? "", /21..3000001000/);
    const error = failure(new Session(options({ security: security(), clientSystemTitle: clientTitle })).associate(), [
      { in: "d8010600001000" },
      { in: "d8010600002000" },
    ]);
    assert.equal(error.code, "DLMS_SEC_COUNTER_REJECTED");
  });

  it("is an ordinary exception without ciphering", () => {
    const session = new Session(options());
    const error = failure(session.associate(), [{ in: "d8010600001000" }]);
    assert.equal(error.code, "DLMS_EXCEPTION");
    assert.equal(error.details["expectedInvocationCounter"], 4096);
  });

  describe("with a meter whose own counter restarts with each association", () => {
    const twice = (received: ReceivedCounters): { second: Session; meter: CipheringMeter; driver: Driver } => {
      const more = { security: security(), clientSystemTitle: clientTitle, receivedCounters: received };
      const { meter } = opened(more);
      const second = new Session(options(more));
      meter.counter = 10;
      return { second, meter, driver: new Driver() };
    };

    it("refuses the second association, and names the cause and the quirk", () => {
      const { second, meter, driver } = twice(new ReceivedCounters());
      const error = failure(second.associate(), [{ in: meter.aare() }], driver);
      assert.equal(error.code, "DLMS_SEC_REPLAY");
      assert.match(error.message, /went back.*expected an invocation counter above 101.*quirk meterCounterRestarts/);
      assert.equal(second.association, undefined);
    });

    it("does not name the quirk for a message with a wrong tag", () => {
      const { second, meter, driver } = twice(new ReceivedCounters());
      const forged = meter.aare().replace(/..$/, (last) => (last === "00" ? "01" : "00"));
      const error = failure(second.associate(), [{ in: forged }], driver);
      assert.equal(error.code, "DLMS_SEC_REPLAY");
      assert.doesNotMatch(error.message, /meterCounterRestarts/);
    });

    it("requires rising counters within an association only, under the quirk", () => {
      const { second, meter, driver } = twice(new ReceivedCounters(undefined, undefined, true));
      driver.run(second.associate(), [{ in: meter.aare() }]);
      driver.run(second.get(energy, what), [{ in: meter.service("cc", answer) }]);
      const replayed = failure(second.get(energy, what), [{ in: meter.service("cc", answer, 12) }], driver);
      assert.equal(replayed.code, "DLMS_SEC_REPLAY");
    });
  });
});
