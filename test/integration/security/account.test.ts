/** How often a secret is sent to a meter that does not state why it rejects. */
import assert from "node:assert/strict";
import type { AuthenticationOptions } from "../../../src/client/options/options";
import type { Behaviour, MeterDefinition } from "../../../src/simulator";
import { type Bench, bench, registerRef, registers, requests } from "../../support/meters";

const low: AuthenticationOptions = { mechanism: "lls", secret: "secret" };
const high: AuthenticationOptions = { mechanism: "hls-sha1", secret: "a-long-enough-secret" };
const accounts: MeterDefinition["associations"] = [{ client: 16, ...low }];
const hlsAccounts: MeterDefinition["associations"] = [{ client: 16, ...high }];

/** A refusing AARE: result, source (a1 user, a2 provider), diagnostic. */
const refusal = (result: number, source: "a1" | "a2", diagnostic: number): Uint8Array => {
  const byte = (n: number): string => n.toString(16).padStart(2, "0");
  return Buffer.from(
    `611fa109060760857405080101a2030201${byte(result)}a305${source}030201${byte(diagnostic)}be0604040e010600`,
    "hex",
  );
};

const answering = (apdu: "aarq" | "action-request-normal", answer: readonly Uint8Array[]): Behaviour => ({
  name: "refuse",
  request: (request) => (request.apdu === apdu ? answer : undefined),
});

const tries = ({ meter }: Bench): number => requests(meter).filter((name) => name === "aarq").length;

/**
 * Sends a request every 10 s for `minutes`; whatever the outcome, the meter's record must contain every secret sent.
 */
async function pester(on: Bench, minutes: number): Promise<void> {
  for (let n = 0; n < minutes * 6; n++) {
    void on.client.read(registerRef(0)).catch(() => undefined);
    await on.clock.tickAsync(10_000);
  }
}

describe("a secret that a meter rejects without a reason", () => {
  for (const [name, answer] of [
    ["permanent, provider, no reason", refusal(1, "a2", 1)],
    ["permanent, provider, null", refusal(1, "a2", 0)],
    ["transient, user, no reason", refusal(2, "a1", 1)],
    ["transient, provider, no reason", refusal(2, "a2", 1)],
  ] as const) {
    it(`is sent once in five minutes: ${name}`, async () => {
      const on = bench({ associations: accounts }, { auth: low }, [answering("aarq", [answer])]);
      const asked = on.client.read(registerRef(0));
      await assert.rejects(on.clock.runUntil(asked), /check the password or key too, before another attempt/);
      await pester(on, 4);
      assert.equal(tries(on), 1);
      await on.clock.runUntil(on.client.close());
    });
  }

  it("is sent twice in five minutes when the association request has no answer, then once in five", async () => {
    const on = bench({ associations: accounts }, { auth: low }, [answering("aarq", [])]);
    await pester(on, 5);
    assert.equal(tries(on), 2);
    await pester(on, 10);
    assert.ok(tries(on) <= 4, `${tries(on)} tries`);
    await on.clock.runUntil(on.client.close());
  });

  it("is proven once when the proof has no answer", async () => {
    const on = bench({ associations: hlsAccounts, objects: registers(1) }, { auth: high }, [
      answering("action-request-normal", []),
    ]);
    await pester(on, 4);
    assert.equal(requests(on.meter).filter((name) => name === "action-request-normal").length, 1);
    assert.equal(tries(on), 1);
    await on.clock.runUntil(on.client.close());
  });

  it("is counted afresh after an association", async () => {
    let silent = true;
    const on = bench({ associations: accounts }, { auth: low }, [
      { name: "silent at times", request: ({ apdu }) => (silent && apdu === "aarq" ? [] : undefined) },
    ]);
    const first = on.client.read(registerRef(0)).catch(() => undefined);
    await on.clock.runUntil(first);
    silent = false;
    await on.clock.tickAsync(60_000);
    assert.equal((await on.clock.runUntil(on.client.read(registerRef(0)))).value, 100);
    await on.clock.runUntil(on.client.close());
  });

  it("without a secret the client keeps trying", async () => {
    const on = bench({}, {}, [answering("aarq", [])]);
    await pester(on, 4);
    assert.ok(tries(on) > 3, `${tries(on)} tries`);
    await on.clock.runUntil(on.client.close());
  });

  it("HLS without ciphering has sent no secret with its association request", async () => {
    const on = bench({ associations: hlsAccounts }, { auth: high }, [answering("aarq", [])]);
    await pester(on, 4);
    assert.ok(tries(on) > 3, `${tries(on)} tries`);
    await on.clock.runUntil(on.client.close());
  });
});
