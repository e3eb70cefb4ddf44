/** Attacks on a ciphered association. */
import assert from "node:assert/strict";
import { type Apdu, encodeApdu, parseApdu } from "../../../src/apdu";
import { fromHex, toHex } from "../../../src/bytes";
import type { DlmsError } from "../../../src/errors";
import type { SecurityPolicy } from "../../../src/security";
import type { Behaviour } from "../../../src/simulator";
import { registerRef, requests } from "../../support/meters";
import { account, keys, secured, watchedStore } from "./secured";

/** Passes the n-th protected answer to a GET (0 = the first) through `change` on its way to the link. */
function attackGet(change: (answer: Uint8Array, n: number) => readonly Uint8Array[]): Behaviour {
  let count = 0;
  return {
    name: "attack",
    sealed: (answer) => (answer[0] === 0xcc ? change(answer, count++) : undefined),
  };
}

const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const changed = bytes.slice();
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return changed;
};

/** The error of a read under attack, which must be a DlmsError. */
async function failureOf(attack: Behaviour, change: Parameters<typeof secured>[0] = {}): Promise<DlmsError> {
  const { client, clock } = secured({
    ...change,
    behaviours: [attack],
    client: { ...change.client, timeouts: { response: 500, retries: 0, ...change.client?.timeouts } },
  });
  try {
    const reading = await clock.runUntil(client.read(registerRef(0)));
    assert.fail(`the read was answered with ${String(reading.value)}`);
  } catch (error) {
    assert.match((error as Error).name, /^Dlms/, String(error));
    return error as DlmsError;
  } finally {
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  }
}

describe("attacks on a ciphered association", () => {
  for (const policy of ["authenticated", "authenticated-encrypted"] as const) {
    it(`no answer with a flipped bit is accepted, at any position (${policy})`, async () => {
      let length = 0;
      const measure = attackGet((answer) => {
        length = answer.length;
        return [answer];
      });
      const plain = secured({ account: { policy }, security: { policy }, behaviours: [measure] });
      const expected = await plain.clock.runUntil(plain.client.read(registerRef(0)));
      await plain.clock.runUntil(plain.client.close());
      assert.equal(expected.value, 100);
      assert.ok(length > 20);
      for (let bit = 0; bit < length * 8; bit++) {
        const flipped = attackGet((answer) => [flip(answer, bit)]);
        const error = await failureOf(flipped, { account: { policy }, security: { policy } });
        assert.ok(
          ["security", "codec", "link", "association", "service", "config"].includes(error.layer),
          `${bit}: ${error.code}`,
        );
      }
    });
  }

  it("no truncated answer is accepted", async () => {
    for (let cut = 1; cut < 28; cut++) {
      const error = await failureOf(attackGet((answer) => [answer.slice(0, -cut)]));
      assert.ok(error.code.startsWith("DLMS_SEC_") || error.code.startsWith("DLMS_DECODE_"), `${cut}: ${error.code}`);
    }
  });

  it("a repeated answer is refused as a replay", async () => {
    let first: Uint8Array | undefined;
    const replay = attackGet((answer, n) => {
      first ??= answer;
      return [n === 1 ? first : answer];
    });
    const { client, clock } = secured({ behaviours: [replay] });
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    // the client abandons the association, and repeats the read in a new one
    const retried: string[] = [];
    client.on("retry", ({ error }) => retried.push(error.code));
    assert.equal((await clock.runUntil(client.read(registerRef(1)))).value, 100.1);
    assert.deepEqual(retried, ["DLMS_SEC_REPLAY"]);
    await clock.runUntil(client.close());
  });

  it("an answer of an earlier association is refused in the next", async () => {
    const recorded: Uint8Array[] = [];
    let replay = false;
    const attack: Behaviour = {
      name: "replay",
      sealed: (answer) => {
        if (answer[0] !== 0xcc) return undefined;
        if (!replay) recorded.push(answer);
        return replay ? [recorded.at(-1) ?? answer] : undefined;
      },
    };
    const { client, clock } = secured({ behaviours: [attack], client: { timeouts: { idle: 100 } } });
    await clock.runUntil(client.read(registerRef(0)));
    await clock.tickAsync(1000);
    assert.equal(client.state, "idle");
    replay = true;
    await assert.rejects(clock.runUntil(client.read(registerRef(0))), { code: "DLMS_SEC_REPLAY" });
    await clock.runUntil(client.close());
  });

  it("answers out of order are refused", async () => {
    let held: Uint8Array | undefined;
    const reorder = attackGet((answer, n) => {
      if (n !== 1) return n === 2 && held !== undefined ? [held] : [answer];
      // the second answer is taken off the line, an older one is put in its place later
      held = answer;
      return [];
    });
    const { client, clock } = secured({ behaviours: [reorder], client: { timeouts: { response: 500, retries: 0 } } });
    const values: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      const outcome = await clock.runUntil(client.read(registerRef(n)).catch((error: DlmsError) => error.code));
      values.push(typeof outcome === "string" ? outcome : outcome.value);
    }
    assert.ok(
      values.some((value) => typeof value === "string"),
      JSON.stringify(values),
    );
    assert.ok(
      values.every((value, n) => typeof value === "string" || value === (1000 + n) / 10),
      `no answer was taken for another's: ${JSON.stringify(values)}`,
    );
    await clock.runUntil(client.close());
  });

  describe("downgrades", () => {
    const plainAnswer = fromHex("c401c10006000003e8");

    it("a plain answer is refused", async () => {
      assert.equal((await failureOf(attackGet(() => [plainAnswer]))).code, "DLMS_SEC_POLICY");
    });

    it("an answer with weaker protection than requested is rejected", async () => {
      for (const [asked, given] of [
        ["authenticated-encrypted", "authenticated"],
        ["authenticated-encrypted", "encrypted"],
        ["authenticated", "encrypted"],
        ["encrypted", "authenticated"],
      ] as const) {
        const bits: Record<Exclude<SecurityPolicy, "none">, number> = {
          authenticated: 0x10,
          encrypted: 0x20,
          "authenticated-encrypted": 0x30,
        };
        const error = await failureOf(
          attackGet((answer) => {
            const changed = answer.slice();
            changed[2] = bits[given];
            return [changed];
          }),
          { account: { policy: asked }, security: { policy: asked } },
        );
        assert.equal(error.code, "DLMS_SEC_POLICY", `${given} for ${asked}`);
      }
    });

    it("another suite, no protection at all, and compression are refused", async () => {
      for (const control of [0x31, 0x32, 0x00, 0x0f, 0xb0]) {
        const error = await failureOf(
          attackGet((answer) => {
            const changed = answer.slice();
            changed[2] = control;
            return [changed];
          }),
        );
        assert.ok(["DLMS_SEC_POLICY", "DLMS_CONFIG_UNSUPPORTED"].includes(error.code), `${control}: ${error.code}`);
      }
    });

    it("an AARE that accepts with another context, or a plain initiate-response, opens no association", async () => {
      const weaken: Behaviour = {
        name: "weaken",
        sealed: (answer) => {
          if (answer[0] !== 0x61) return undefined;
          const aare = parseApdu(answer) as Extract<Apdu, { apdu: "aare" }>;
          const userInformation = fromHex("0800065f1f040000101d04000007");
          return [encodeApdu({ ...aare, applicationContext: 1, userInformation })];
        },
      };
      const { client, clock, meter } = secured({ behaviours: [weaken] });
      await assert.rejects(clock.runUntil(client.open()), { code: "DLMS_SEC_POLICY" });
      assert.ok(!requests(meter).includes("action-request-normal"), "no proof was given");
      await clock.runUntil(client.close());
    });

    it("an AARE without a challenge does not skip the proofs", async () => {
      const skip: Behaviour = {
        name: "skip",
        sealed: (answer) => {
          if (answer[0] !== 0x61) return undefined;
          const { authenticationValue: _challenge, ...rest } = parseApdu(answer) as Extract<Apdu, { apdu: "aare" }>;
          return [encodeApdu({ ...rest, diagnostic: 0 })];
        },
      };
      const { client, clock } = secured({ behaviours: [skip] });
      await assert.rejects(clock.runUntil(client.open()), { code: "DLMS_ASSOC_SERVER_UNPROVEN" });
      await clock.runUntil(client.close());
    });
  });

  describe("impostors", () => {
    it("a reflected challenge is not answered", async () => {
      let challenge: Uint8Array | undefined;
      const reflect: Behaviour = {
        name: "reflect",
        request: (request) => {
          if (request.apdu === "aarq") challenge = request.authenticationValue;
          return undefined;
        },
        sealed: (answer) => {
          if (answer[0] !== 0x61 || challenge === undefined) return undefined;
          const aare = parseApdu(answer) as Extract<Apdu, { apdu: "aare" }>;
          return [encodeApdu({ ...aare, authenticationValue: challenge })];
        },
      };
      for (const mechanism of ["hls-gmac", "hls-md5", "hls-sha1", "hls-sha256", "hls-2"] as const) {
        const secret = mechanism === "hls-gmac" ? {} : { secret: "a-shared-secret" };
        const made = secured({
          account: { mechanism, ...secret },
          client: {
            auth: mechanism === "hls-gmac" ? { mechanism } : { mechanism, secret: "a-shared-secret" },
          },
          behaviours: [reflect],
        });
        await assert.rejects(made.clock.runUntil(made.client.open()), (error: DlmsError) => {
          assert.equal(error.code, "DLMS_ASSOC_SERVER_UNPROVEN");
          assert.match(error.message, /reflection/);
          return true;
        });
        assert.ok(!requests(made.meter).includes("action-request-normal"));
        await made.clock.runUntil(made.client.close());
      }
    });

    it("a meter that mirrors our proof is rejected", async () => {
      let proof: Uint8Array | undefined;
      const mirror: Behaviour = {
        name: "mirror",
        request: (request) => {
          if (request.apdu !== "action-request-normal" || request.parameters === undefined) return undefined;
          proof = request.parameters;
          return [
            encodeApdu({
              apdu: "action-response-normal",
              invokeId: request.invokeId,
              response: { result: 0, returnParameters: { ok: true, data: proof } },
            }),
          ];
        },
      };
      const { client, clock } = secured({ behaviours: [mirror] });
      await assert.rejects(clock.runUntil(client.open()), (error: DlmsError) => {
        assert.equal(error.code, "DLMS_ASSOC_SERVER_UNPROVEN");
        assert.match(error.message, /pass 4 of 4/);
        return true;
      });
      await clock.runUntil(client.close());
    });

    it("answers under another title or key are refused", async () => {
      const other = secured({ meter: { systemTitle: fromHex("4f54484552303031"), invocationCounter: 2 ** 31 } });
      const answers: Uint8Array[] = [];
      other.meter.use(attackGet((answer) => (answers.push(answer), [answer])));
      await other.clock.runUntil(other.client.read(registerRef(0)));
      await other.clock.runUntil(other.client.close());
      assert.equal((await failureOf(attackGet(() => answers))).code, "DLMS_SEC_TAG");
      for (const change of [{ encryptionKey: keys.authenticationKey }, { authenticationKey: keys.encryptionKey }]) {
        const made = secured({ account: { ...account, ...change } });
        await assert.rejects(made.clock.runUntil(made.client.open()), /^Dlms/);
        await made.clock.runUntil(made.client.close());
      }
    });

    it("general-glo from another title is refused by its title", async () => {
      const swap: Behaviour = {
        name: "swap",
        sealed: (answer) => {
          if (answer[0] !== 0xdb) return undefined;
          const changed = answer.slice();
          changed[9] = (changed[9] ?? 0) ^ 1;
          return [changed];
        },
      };
      const { client, clock } = secured({ security: { general: true }, behaviours: [swap] });
      await assert.rejects(clock.runUntil(client.read(registerRef(0))), /DlmsSecurityError|title/);
      await clock.runUntil(client.close());
    });
  });

  describe("the invocation counter", () => {
    // the simulated meter protects the answers of behaviours, so the test sends the exception directly
    const bareCounterError = (expected: number, times: number): Behaviour => {
      let count = 0;
      const apdu = encodeApdu({
        apdu: "exception-response",
        stateError: 1,
        serviceError: 6,
        invocationCounter: expected,
      });
      return {
        name: "bare-counter-error",
        sealed: (answer) => (answer[0] === 0xcc && count++ < times ? [apdu] : undefined),
      };
    };
    it("follows the meter's number once, upwards, and repeats the request", async () => {
      const { client, clock, store } = secured({ behaviours: [bareCounterError(7000, 1)] });
      const reading = await clock.runUntil(client.read(registerRef(0)));
      assert.equal(reading.value, 100);
      assert.deepEqual(store.raised, [7000]);
      assert.ok(store.used.includes(7000));
      await clock.runUntil(client.close());
    });

    it("follows it exactly once in an association", async () => {
      const { client, clock, store } = secured({ behaviours: [bareCounterError(7000, 100)] });
      await assert.rejects(clock.runUntil(client.read(registerRef(0))), { code: "DLMS_SEC_COUNTER_REJECTED" });
      assert.deepEqual(store.raised, [7000]);
      await clock.runUntil(client.close());
    });

    it("never decreases, and never increases beyond the configured jump", async () => {
      for (const [expected, jump] of [
        [1, 1000],
        [5000, 1000],
      ] as const) {
        const { client, clock, store } = secured({
          store: watchedStore(100),
          security: { maxCounterJump: jump },
          behaviours: [bareCounterError(expected, 1)],
        });
        await assert.rejects(clock.runUntil(client.read(registerRef(0))), { code: "DLMS_SEC_COUNTER_REJECTED" });
        assert.deepEqual(store.raised, []);
        await clock.runUntil(client.close());
      }
    });

    it("resynchronises a client whose counter was rolled back, and uses no value twice", async () => {
      const ahead = secured({ store: watchedStore(500) });
      await ahead.clock.runUntil(ahead.client.read(registerRef(0)));
      await ahead.clock.runUntil(ahead.client.close());
      // the same meter, with an empty store
      const used = new Set(ahead.store.used);
      assert.ok(used.size > 2);
      const late = secured({ store: watchedStore(3) });
      late.meter.use(bareCounterError(Math.max(...used) + 1, 1));
      await late.clock.runUntil(late.client.read(registerRef(0)));
      assert.ok(late.store.raised.every((value) => value > Math.max(...used)));
      await late.clock.runUntil(late.client.close());
    });

    it("no value protects two different plaintexts, retries and failures included", async () => {
      const { client, clock, meter, store } = secured({ client: { timeouts: { response: 500, retries: 2 } } });
      const seen = new Map<string, string>();
      let drops = 0;
      meter.use({
        name: "watch",
        bytesIn: (bytes) => {
          for (const [hex, counter] of contents(bytes)) {
            assert.ok(!seen.has(counter) || seen.get(counter) === hex, `counter ${counter} was used for two contents`);
            seen.set(counter, hex);
          }
          return bytes;
        },
        sealed: (answer) => (answer[0] === 0xcc && ++drops % 4 === 0 ? [] : undefined),
      });
      for (let n = 0; n < 30; n++) {
        await clock.runUntil(client.read(registerRef(n % 5)).catch(() => undefined));
        await clock.tickAsync(20_000);
      }
      await clock.runUntil(client.close());
      assert.equal(new Set(store.used).size, store.used.length);
      assert.ok(seen.size > 10);
    });
  });

  it("an attacker's endless counters cannot move the mark: the true answer is taken afterwards", async () => {
    const { client, clock } = secured({ client: { timeouts: { response: 500, retries: 0 } } });
    await clock.runUntil(client.open());
    await clock.runUntil(client.read(registerRef(0)));
    await clock.runUntil(client.close());
    const forged = attackGet((answer, n) => {
      if (n !== 0) return [answer];
      const changed = answer.slice();
      changed.fill(0xff, 3, 7);
      return [changed];
    });
    const made = secured({ behaviours: [forged] });
    await assert.rejects(made.clock.runUntil(made.client.read(registerRef(0))), { code: "DLMS_SEC_TAG" });
    // the failure ended the association; the next one is answered
    await made.clock.tickAsync(10 * 60_000);
    assert.equal((await made.clock.runUntil(made.client.read(registerRef(0)))).value, 100);
    await made.clock.runUntil(made.client.close());
  });
});

/** [content, counter] of a service-ciphered request in a WPDU. */
function contents(wpdu: Uint8Array): [string, string][] {
  const apdu = wpdu.subarray(8);
  const tag = apdu[0] ?? 0;
  if (tag !== 0xc8 && tag !== 0xcb) return [];
  const hex = toHex(apdu.subarray(2));
  return [[hex, hex.slice(2, 10)]];
}
