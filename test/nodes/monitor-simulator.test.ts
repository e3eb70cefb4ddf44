import assert from "node:assert/strict";
import { createServer } from "node:net";
import { freePort } from "../support/node-red-process";
import { type Message, allNodes, clean, flowFor, helper, startMeter, statusesOf, value } from "./support";

describe("dlms-monitor", () => {
  afterEach(clean);

  const monitor = (frames: boolean): object[] => [
    { id: "monitor", type: "dlms-monitor", z: "tab", x: 0, y: 0, meter: "meter", frames, wires: [["seen"]] },
    { id: "seen", type: "helper", z: "tab", x: 0, y: 0 },
  ];

  it("reports each change of state once, and every frame if configured, without the password", async () => {
    const { port } = await startMeter();
    const meter = { clientAddress: "17", authentication: "LOW" };
    await helper.load(allNodes, [...flowFor(port, {}, meter), ...monitor(true)], { meter: { password: "12345678" } });
    const seen: Record<string, unknown>[] = [];
    const connected = new Promise<void>((resolve) => {
      helper.getNode("seen").on("input", (msg: Message) => {
        const payload = msg.payload as Record<string, unknown>;
        seen.push(payload);
        if (payload.state === "connected") resolve();
      });
    });
    await value();
    await connected;
    const states = seen.filter(({ kind }) => kind === "state").map(({ previous, state }) => [previous, state]);
    assert.deepEqual(states, [
      ["idle", "connecting"],
      ["connecting", "connected"],
    ]);
    const frames = seen.filter(({ kind }) => kind === "frame");
    assert.ok(frames.some(({ direction, decoded }) => direction === "out" && /aarq/i.test(String(decoded))));
    const text = JSON.stringify(seen);
    assert.equal(text.includes("12345678"), false);
    assert.equal(text.includes("3132333435363738"), false);
  });

  it("sends frames only if configured", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, [...flowFor(port), ...monitor(false)]);
    const kinds: unknown[] = [];
    helper.getNode("seen").on("input", (msg: Message) => {
      kinds.push((msg.payload as { kind: string }).kind);
    });
    await value();
    await value();
    assert.ok(kinds.length > 0);
    assert.ok(kinds.every((kind) => kind === "state"));
  });
});

describe("dlms-simulator", () => {
  afterEach(clean);

  const simulator = (more: object): object => ({ id: "sim", type: "dlms-simulator", z: "tab", x: 0, y: 0, ...more });

  for (const framing of ["WRAPPER", "HDLC"]) {
    it(`is read over ${framing}, frees its port on a redeploy, and takes it again`, async () => {
      const port = await freePort();
      const flow = [...flowFor(port, {}, { framing }), simulator({ port: String(port), framing })];
      await helper.load(allNodes, flow);
      const statuses = statusesOf("sim");
      await statuses.until(/^green dot/);
      await value();
      await helper.setFlows(flow, "full");
      await statusesOf("sim").until(/^green dot/);
      assert.equal(typeof (await value()).payload, "number");
    });
  }

  it("accepts the user's own meter as JSON", async () => {
    const port = await freePort();
    const definition = JSON.stringify({
      associations: [{ client: 16 }],
      objects: [
        { classId: 1, logicalName: "0-0:96.1.0*255", attributes: { 2: { type: "visible-string", value: "4711" } } },
      ],
    });
    await helper.load(allNodes, [...flowFor(port), simulator({ port: String(port), definition })]);
    await statusesOf("sim").until(/^green dot/);
    assert.equal((await value({ obis: "0-0:96.1.0*255", objectType: "DATA" })).payload, "4711");
  });

  it("reports wrong settings, and a port that is in use", async () => {
    for (const bad of [{ definition: "{" }, { definition: '{"objects": 5}' }, { port: "99999" }, { framing: "X" }]) {
      await helper.load(allNodes, [...flowFor(4059), simulator({ port: "4059", ...bad })]);
      const errors = helper.log().args.map(([entry]) => entry as { type?: string; msg?: unknown });
      const said = errors.filter(({ type }) => type === "dlms-simulator").map(({ msg }) => String(msg));
      assert.equal(said.length, 1, JSON.stringify(bad));
      assert.match(said[0] ?? "", new RegExp(`^${Object.keys(bad)[0] ?? ""}`));
      await helper.unload();
    }
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const { port } = other.address() as { port: number };
    await helper.load(allNodes, [...flowFor(port), simulator({ port: String(port) })]);
    await statusesOf("sim").until(/^red ring dlms-simulator\.status\.portTaken$/);
    await new Promise((done) => other.close(done));
  });
});
