/** HLS 7 with P-384, verified by the Python package cryptography. */
import assert from "node:assert/strict";
import { attribute, createClient, createMeter, fromHex, toHex } from "../../src";
import { needsPython, runP384 } from "./peers";
import {
  type Cell,
  clientOptions,
  clientSap,
  clientTitle,
  meterDefinition,
  meterTitle,
  signingOf,
} from "./security-cells";

const cell: Cell = { mechanism: "hls-ecdsa", policy: "authenticated-encrypted", suite: 2, ciphering: "glo" };

interface Passes {
  /** CtoS and StoC, as they were sent */
  ctos: string;
  stoc: string;
  /** f(StoC) */
  proof: string;
}

/** Associates the client with a proof made by `prove` instead of the meter. */
async function associate(prove: (passes: Passes) => Promise<string>): Promise<{ value: unknown; passes: Passes }> {
  const passes: Passes = { ctos: "", stoc: "", proof: "" };
  const plain: Cell = { ...cell, policy: "none" };
  // the challenges are those of a first association, the proofs those of the second: the same each time
  for (const round of ["look", "judge"] as const) {
    const meter = createMeter({ ...meterDefinition(plain), random: (count) => new Uint8Array(count).fill(0x5a) });
    const theirs = round === "judge" ? await prove(passes) : undefined;
    meter.use({
      name: "judge",
      request: (apdu) => {
        if (apdu.apdu === "aarq") passes.ctos = toHex(apdu.authenticationValue ?? new Uint8Array());
        if (apdu.apdu === "action-request-normal") passes.proof = toHex(apdu.parameters ?? new Uint8Array()).slice(4);
        return undefined;
      },
      answer: (bytes) => {
        if (bytes[0] !== 0xc7 || theirs === undefined) return undefined;
        return [fromHex(`c701${toHex(bytes.subarray(2, 3))}0001000960${theirs}`)];
      },
    });
    passes.stoc = "5a".repeat(32);
    const { security: _none, ...options } = clientOptions(plain, 1);
    const client = createClient({ ...options, transport: meter.transport() });
    try {
      const { value } = await client.read(attribute("REGISTER", "1.0.1.8.0.255", 2));
      if (round === "judge") return { value, passes };
    } finally {
      await client.close();
    }
  }
  return assert.fail("no association");
}

describe("ECDSA on P-384, judged by the Python package cryptography", function () {
  this.timeout(30_000);
  before(function () {
    needsPython(this);
  });
  const { client, meter } = signingOf(2);

  it("accepts our proof f(StoC), and refuses it over other data; we accept its proof f(CtoS)", async () => {
    const { value, passes } = await associate(async ({ ctos, stoc }) => {
      const data = meterTitle + clientTitle + ctos + stoc;
      const { signature } = await runP384({ do: "sign", key: toHex(meter.own), data });
      assert.equal(signature?.length, 192);
      return signature;
    });
    assert.equal(value, 12345678);
    assert.equal(passes.proof.length, 192);
    const data = clientTitle + meterTitle + passes.stoc + passes.ctos;
    const verify = { do: "verify", key: toHex(client.shown), signature: passes.proof } as const;
    assert.deepEqual(await runP384({ ...verify, data }), { ok: true });
    // titles or challenges in another order are another proof
    for (const other of [
      meterTitle + clientTitle + passes.stoc + passes.ctos,
      clientTitle + meterTitle + passes.ctos + passes.stoc,
    ]) {
      assert.deepEqual(await runP384({ ...verify, data: other }), { ok: false });
    }
  });

  it("a proof over the wrong data is not taken by us", async () => {
    await assert.rejects(
      associate(async ({ ctos, stoc }) => {
        const data = clientTitle + meterTitle + ctos + stoc;
        const { signature } = await runP384({ do: "sign", key: toHex(meter.own), data });
        assert.ok(signature);
        return signature;
      }),
      { code: "DLMS_ASSOC_SERVER_UNPROVEN" },
    );
    assert.equal(clientSap, 1);
  });
});
