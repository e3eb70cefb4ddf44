import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { maxTopics, TopicDecoders } from "../../nodes/dlms-decode/topic-decoders";
import { PushDecoder, type PushItem } from "../../src";
import { aidon, aidonHex, cipheredPush, kaifa, pushKeys } from "./push-frames";
import { allNodes, ask, clean, helper, type Message, next, statusesOf } from "./support";

const decodeFlow = (decode: object = {}, source?: object): { id: string; type: string }[] =>
  [
    { id: "tab", type: "tab", label: "test" } as { id: string; type: string },
    {
      ...{ id: "decode", type: "dlms-decode", z: "tab", x: 0, y: 0, version: 1 },
      ...(source !== undefined && { source: "source" }),
      ...{ wires: [["out"]], ...decode },
    },
    ...(source === undefined
      ? []
      : [{ id: "source", type: "dlms-push-source", version: 1, name: "keys", from: "MESSAGE", ...source }]),
    { id: "out", type: "helper", z: "tab", x: 0, y: 0 },
    { id: "catch", type: "catch", z: "tab", x: 0, y: 0, scope: null, wires: [["caught"]] },
    { id: "caught", type: "helper", z: "tab", x: 0, y: 0 },
  ] as { id: string; type: string }[];

const decoded = async (msg: object): Promise<Message> => {
  const { sent, caught } = await ask(msg, "decode");
  if (sent === undefined) throw new Error(`expected a message, got ${JSON.stringify(caught?.dlmsError)}`);
  return sent;
};
const refused = async (msg: object): Promise<Message> => {
  const { sent, caught } = await ask(msg, "decode");
  if (caught === undefined) throw new Error(`expected an error, got ${JSON.stringify(sent?.payload)}`);
  return caught;
};

/** Collects every message at a node from now on, and can wait for a number of them. */
function collected(id = "out"): Message[] & { count(wanted: number): Promise<void> } {
  const waiting: (() => void)[] = [];
  const list = Object.assign([] as Message[], {
    count: (wanted: number) =>
      new Promise<void>((resolve) => {
        const check = (): void => {
          if (list.length >= wanted) resolve();
        };
        waiting.push(check);
        check();
      }),
  });
  helper.getNode(id).on("input", (msg: Message) => {
    list.push(msg);
    for (const check of waiting) check();
  });
  return list;
}

describe("dlms-decode", () => {
  afterEach(clean);

  it("decodes a plain push without a source, and preserves the message properties", async () => {
    await helper.load(allNodes, decodeFlow());
    const msg = await decoded({ payload: aidon(), topic: "han/raw", req: "kept" });
    assert.deepEqual(msg.payload, {
      "1.1.0.2.129.255": "AIDON_V0001",
      "0.0.96.1.0.255": "7359992000000001",
      "0.0.96.1.7.255": "6515",
      "1.0.1.7.0.255": 0,
      "1.0.2.7.0.255": 1146,
      "1.0.3.7.0.255": 0,
      "1.0.4.7.0.255": 226,
      "1.0.31.7.0.255": -5.1,
      "1.0.32.7.0.255": 243.5,
    });
    assert.equal(msg.topic, "han/raw");
    assert.equal((msg as unknown as { req: string }).req, "kept");
    const dlms = msg.dlms ?? {};
    assert.deepEqual(
      [dlms.source, dlms.meter, dlms.meterId, dlms.kind, dlms.listId],
      [null, null, "7359992000000001", "data", "AIDON_V0001"],
    );
    const current = (dlms.items as PushItem[])[7];
    assert.deepEqual([current?.unit, current?.scaler, current?.scalerFrom], ["A", -1, "frame"]);
  });

  it("accepts hex text, hex of hex and an array of bytes, and uses the meter's name as topic", async () => {
    await helper.load(allNodes, decodeFlow());
    const hexOfHex = Buffer.from(aidonHex, "latin1").toString("hex");
    for (const payload of [aidonHex, hexOfHex, [...aidon()]]) {
      const msg = await decoded({ payload });
      assert.equal(msg.topic, "7359992000000001");
      assert.equal((msg.payload as Record<string, unknown>)["1.0.2.7.0.255"], 1146);
    }
  });

  it("assembles the pieces of a push by topic", async () => {
    await helper.load(allNodes, decodeFlow());
    const list = collected();
    const halves = (bytes: Buffer): [Buffer, Buffer] => [bytes.subarray(0, 60), bytes.subarray(60)];
    const [first, second] = halves(aidon());
    const [other, rest] = halves(kaifa());
    const node = helper.getNode("decode");
    for (const [topic, payload] of [
      ["a", first],
      ["b", other],
      ["a", second],
    ] as const) {
      node.receive({ topic, payload });
    }
    node.receive({ topic: "b", payload: rest });
    await list.count(2);
    assert.deepEqual(
      list.map(({ topic, dlms }) => [topic, dlms?.meterId]),
      [
        ["a", "7359992000000001"],
        ["b", "6970631000000001"],
      ],
    );
  });

  it("ignores a payload without a push", async () => {
    await helper.load(allNodes, decodeFlow());
    const statuses = statusesOf("decode");
    const list = collected();
    const errors = collected("caught");
    for (const payload of ['{"status":"online","up":12}', { status: "online" }, "", null, 7]) {
      helper.getNode("decode").receive({ payload });
    }
    await decoded({ payload: aidon() });
    assert.equal(list.length, 1);
    assert.equal(errors.length, 0);
    assert.ok(statuses.list.some(({ text }) => text === "dlms-decode.status.passedOver"));
  });

  it("outputs kW and kWh, dates, items and one message per value if configured", async () => {
    await helper.load(allNodes, decodeFlow({ units: "KILO", dates: "epoch" }, {}), { source: pushKeys });
    const msg = await decoded({ payload: cipheredPush({ counter: 901, systemTitle: "5453540000000091" }) });
    assert.deepEqual(msg.payload, {
      "0.0.96.1.0.255": "TST00000001",
      "0.0.1.0.0.255": Date.parse("2026-09-30T12:00:05+02:00"),
      "1.0.1.7.0.255": 1.001,
      "1.0.1.8.0.255": 12345.679,
      "1.0.32.7.0.255": 230.2,
    });
    await helper.unload();
    await helper.load(allNodes, decodeFlow({ payload: "ITEMS" }));
    const items = (await decoded({ payload: aidon() })).payload as PushItem[];
    assert.equal(items.length, 9);
    await helper.unload();
    await helper.load(allNodes, decodeFlow({ payload: "SINGLE" }));
    const list = collected();
    helper.getNode("decode").receive({ payload: aidon() });
    await list.count(9);
    const parts = list.map((one) => (one as unknown as { parts: { key: string; count: number; id: string } }).parts);
    assert.equal(list.length, 9);
    assert.equal(list[7]?.payload, -5.1);
    assert.equal(list[7]?.topic, "7359992000000001/1.0.31.7.0.255");
    assert.deepEqual([parts[7]?.key, parts[7]?.count], ["1.0.31.7.0.255", 9]);
    assert.equal(new Set(parts.map(({ id }) => id)).size, 1);
  });

  it("opens ciphered pushes with the keys of its source, and names the meter", async () => {
    const meters = [
      { name: "shop", systemTitle: "5453540000000012" },
      { name: "house", systemTitle: "54 53 54 00 00 00 00 11" },
    ];
    const wrong = { encryptionKey: "ff".repeat(16), authenticationKey: "ff".repeat(16) };
    const credentials = {
      source: {
        ...wrong,
        encryptionKey2: `0x${pushKeys.encryptionKey.toUpperCase()}`,
        authenticationKey2: pushKeys.authenticationKey,
      },
    };
    await helper.load(allNodes, decodeFlow({}, { meters }), credentials);
    const msg = await decoded({ payload: cipheredPush({ counter: 11, systemTitle: "5453540000000011" }) });
    const { source, meter, systemTitle, security } = msg.dlms ?? {};
    assert.deepEqual([source, meter, systemTitle], ["keys", "house", "5453540000000011"]);
    assert.equal((security as { verified: boolean }).verified, true);
    assert.equal(msg.topic, "house");
  });

  it("reports a missing key, a wrong key and an old push, and never the key", async () => {
    const meters = [
      { name: "wrong", systemTitle: "5453540000000021" },
      { name: "right", systemTitle: "5453540000000022" },
    ];
    const wrongKey = "0badc0de".repeat(4);
    const credentials = {
      source: {
        ...{ encryptionKey: wrongKey, authenticationKey: wrongKey },
        ...{ encryptionKey2: pushKeys.encryptionKey, authenticationKey2: pushKeys.authenticationKey },
      },
    };
    await helper.load(allNodes, decodeFlow({}, { meters }), credentials);
    const statuses = statusesOf("decode");
    const seen: unknown[] = [];
    const codeOf = async (title: string, counter: number): Promise<unknown> => {
      const msg = await refused({ payload: cipheredPush({ counter, systemTitle: title }), topic: `t${title}` });
      seen.push(msg);
      assert.equal(Buffer.isBuffer(msg.payload), true, "the payload stays");
      return msg.dlmsError?.code;
    };
    assert.equal(await codeOf("5453540000000029", 1), "DLMS_PUSH_NO_KEY");
    assert.equal(await codeOf("5453540000000021", 1), "DLMS_SEC_TAG");
    await decoded({ payload: cipheredPush({ counter: 100, systemTitle: "5453540000000022" }) });
    assert.equal(await codeOf("5453540000000022", 99), "DLMS_SEC_REPLAY");
    const texts = statuses.list.map(({ text }) => text);
    assert.ok(
      texts.some((text) => /noKey: 5453540000000029$/.test(text ?? "")),
      String(texts),
    );
    const told = JSON.stringify([seen, statuses.list, helper.log().args]);
    for (const key of [wrongKey, ...Object.values(pushKeys)]) assert.equal(told.toLowerCase().includes(key), false);
  });

  it("refuses an old push after a restart", async () => {
    const flow = decodeFlow({}, {});
    await helper.load(allNodes, flow, { source: pushKeys });
    await decoded({ payload: cipheredPush({ counter: 500, systemTitle: "5453540000000031" }) });
    await helper.unload();
    await helper.load(allNodes, flow, { source: pushKeys });
    const msg = await refused({ payload: cipheredPush({ counter: 500, systemTitle: "5453540000000031" }) });
    assert.equal(msg.dlmsError?.code, "DLMS_SEC_REPLAY");
  });

  it("reports an error once per meter and minute", async () => {
    await helper.load(allNodes, decodeFlow({}, {}));
    const errors = collected("caught");
    const node = helper.getNode("decode");
    for (let counter = 1; counter < 5; counter++) {
      node.receive({ payload: cipheredPush({ counter, systemTitle: "5453540000000041" }) });
    }
    node.receive({ payload: cipheredPush({ counter: 9, systemTitle: "5453540000000042" }) });
    await errors.count(2);
    assert.deepEqual(
      errors.map(({ dlmsError }) => dlmsError?.details.systemTitle),
      ["5453540000000041", "5453540000000042"],
    );
  });

  it("loads the keys of a fleet from a file, and refuses a file that other users may read", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dlms-keys-"));
    const path = join(folder, "meters.csv");
    const rows = [
      "name;systemTitle;encryptionKey;authenticationKey",
      `cabin;5453540000000051;\${PUSH_TEST_EK};${pushKeys.authenticationKey}`,
    ];
    process.env.PUSH_TEST_EK = pushKeys.encryptionKey;
    writeFileSync(path, rows.join("\r\n"), { mode: 0o600 });
    await helper.load(allNodes, decodeFlow({}, { keyFile: path }));
    const msg = await decoded({ payload: cipheredPush({ counter: 1, systemTitle: "5453540000000051" }) });
    assert.equal(msg.dlms?.meter, "cabin");
    await helper.unload();
    delete process.env.PUSH_TEST_EK;
    const open = join(folder, "open.csv");
    writeFileSync(open, rows.join("\n"));
    await helper.load(allNodes, decodeFlow({}, { keyFile: open }));
    const error = await refused({ payload: aidon() });
    assert.match(error.dlmsError?.message ?? "", /^keyFile: .*open\.csv may be read or written by every user/);
  });

  it("reports invalid settings with each message", async () => {
    for (const [wrong, pattern] of [
      [{ meters: [{ systemTitle: "12" }] }, /^meters\[0\]\.systemTitle: expected 16 hex digits/],
      [{ lists: "nonsense" }, /^lists: /],
      [{ counters: "SOMETIMES" }, /^counters: expected STRICT, WARN, OFF/],
      [{ keyFile: "/does/not/exist.json" }, /^keyFile: \/does\/not\/exist\.json does not exist/],
    ] as const) {
      await helper.load(allNodes, decodeFlow({}, wrong));
      const error = await refused({ payload: aidon() });
      assert.match(error.dlmsError?.message ?? "", pattern);
      await helper.unload();
    }
    await helper.load(allNodes, decodeFlow({ source: "gone" }));
    assert.equal((await refused({ payload: aidon() })).dlmsError?.code, "DLMS_CONFIG_MISSING");
  });

  it("sends a push and an error if a payload contains a good and a bad push", async () => {
    await helper.load(allNodes, decodeFlow());
    const error = next("caught");
    const payload = Buffer.concat([
      Buffer.from("000100010066000b", "hex"),
      Buffer.from("0f0000000100020112" + "03e9", "hex"),
      cipheredPush({ counter: 3, systemTitle: "5453540000000061" }),
    ]);
    const sent = next("out");
    helper.getNode("decode").receive({ payload });
    await sent;
    assert.equal((await error).dlmsError?.code, "DLMS_PUSH_NO_KEY");
  });
});

describe("the decoders of a dlms-decode", () => {
  it("report the unfinished push of a topic that is dropped, and no other topic", () => {
    const decoders = new TopicDecoders((_topic, onProblem) => new PushDecoder({ onProblem }));
    decoders.add("whole", aidon(), 0);
    decoders.add("half", aidon().subarray(0, 100), 0);
    for (let more = 2; more < maxTopics; more++) decoders.add(`topic ${more}`, aidon(), 0);
    assert.deepEqual(decoders.add("one more", aidon(), 0).problems, []);
    const { problems, pushes } = decoders.add("two more", aidon(), 0);
    assert.equal(pushes.length, 1);
    assert.deepEqual(
      problems.map(({ code, details }) => [code, details.sender]),
      [["DLMS_PUSH_LIMIT", "half"]],
    );
    assert.equal(decoders.size, maxTopics);
  });
});
