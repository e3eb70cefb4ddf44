/** Pushes of the simulated meter, decoded by Gurux for Python. */
import assert from "node:assert/strict";
import { createMeter, demoKeys, householdDefinition, type PushSetup, toHex } from "../../src";
import { joinBytes } from "../../src/bytes";
import { memoryTransport } from "../../src/transport/memory";
import { decodePushesWithGurux, needsPython, type PushTask } from "./peers";

const energyName = "0100010800ff";
const objects = ["0.0.96.1.0.255", "1.0.1.8.0.255", "1.0.32.7.0.255"].map((logicalName) => ({ logicalName }));
const keys = { encryptionKey: toHex(demoKeys.encryptionKey), authenticationKey: toHex(demoKeys.authenticationKey) };
/** noon in winter: the values are those of the household at that time */
const now = (): number => Date.UTC(2026, 0, 15, 11);

async function pushed(setup: Partial<PushSetup>): Promise<string> {
  const pieces: Uint8Array[] = [];
  const to = memoryTransport(() => ({ receive: (bytes) => pieces.push(bytes), closed: () => undefined }));
  const meter = createMeter(householdDefinition({ now }));
  const handle = meter.pushTo({ objects, ...setup, to });
  await handle.push();
  await handle.close();
  await new Promise<void>((resolve) => setImmediate(resolve));
  return toHex(joinBytes(pieces));
}

/** What the household has at that time, as it is stored in the meter. */
async function stored(): Promise<readonly [number, number]> {
  const bytes = await pushed({ framing: "apdu", list: "positional", date: "none" });
  const [, energy = "", voltage = ""] = /06([0-9a-f]{8})12([0-9a-f]{4})$/.exec(bytes) ?? [];
  return [parseInt(energy, 16), parseInt(voltage, 16)];
}

const framings = { wrapper: "WRAPPER", hdlc: "HDLC", mbus: "WIRED_MBUS" } as const;
/** Gurux for Python does not join the frames of wired M-Bus. */
const ways = {
  plain: {},
  "authenticated and encrypted": { security: demoKeys },
  "encrypted only": { security: { ...demoKeys, policy: "encrypted" } },
  "in segments": { segmentSize: 40 },
  "in general blocks": { blockSize: 40 },
  "ciphered in general blocks": { blockSize: 40, security: demoKeys },
} as const satisfies Readonly<Record<string, Partial<PushSetup>>>;

describe("Gurux' Python client decodes the pushes of the simulated meter", function () {
  this.timeout(60_000);
  const cases = (["wrapper", "hdlc", "mbus"] as const).flatMap((framing) =>
    Object.entries(ways)
      .filter(([name, way]) => framing !== "mbus" || (!("blockSize" in way) && name !== "in segments"))
      .filter(([name]) => name !== "in segments" || framing === "hdlc")
      .map(([name, way]) => ({ title: `${framing}, ${name}`, framing, way })),
  );
  let answers: Awaited<ReturnType<typeof decodePushesWithGurux>> = [];

  before(async function () {
    needsPython(this);
    const tasks = cases.map(async ({ framing, way }): Promise<PushTask> => {
      const bytes = await pushed({ ...way, framing, list: "items" });
      return { framing: framings[framing], bytes, ...("security" in way ? keys : {}) };
    });
    answers = await decodePushesWithGurux(await Promise.all(tasks));
  });

  cases.forEach(({ title }, index) => {
    it(title, async () => {
      const [energy, voltage] = await stored();
      assert.deepEqual(answers[index], {
        value: [
          ["0000600100ff", toHex(new TextEncoder().encode("SIM00000001"))],
          [energyName, energy, [0, 30]],
          ["0100200700ff", voltage, [-1, 35]],
        ],
      });
    });
  });

  it("reads the form with an object list too", async () => {
    const task = { framing: "WRAPPER", bytes: await pushed({ framing: "wrapper", list: "objects" }) } as const;
    const [answer] = await decodePushesWithGurux([task]);
    const [list, ...values] = answer?.value as [unknown[], ...unknown[]];
    assert.deepEqual(list[2], [3, energyName, 2, 0]);
    assert.equal(list.length, values.length + 1);
    assert.deepEqual(values.slice(1), await stored());
  });
});
