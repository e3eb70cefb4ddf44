import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MqttBroker } from "../support/mqtt-broker";
import { freePort, root } from "../support/node-red-process";
import { type FlowNode, ObservedNodeRed } from "../support/observed-node-red";

const example = JSON.parse(readFileSync(join(root, "examples", "10-mqtt-home-assistant.json"), "utf8")) as FlowNode[];

/** As described in the example's comment: the broker is filled in, and the two mqtt out nodes are enabled. */
function madeOnesOwn(brokerPort: number, meterPort: number): FlowNode[] {
  return example.map((node) => {
    if (node.type === "mqtt-broker") return { ...node, port: String(brokerPort) };
    if (node.type === "mqtt out") return { ...node, d: false };
    // shortens the waits that are meant for people
    if (node.type === "inject" && Number(node.repeat) > 0) return { ...node, repeat: "0.5" };
    return node.type.startsWith("dlms-") && node.port !== undefined ? { ...node, port: String(meterPort) } : node;
  });
}

function id(name: string): string {
  return example.find((node) => node.name === name && node.type === "debug")?.id ?? name;
}

interface Config {
  readonly unique_id: string;
  readonly state_topic: string;
  readonly value_template: string;
  readonly availability: readonly { readonly topic: string }[];
}

describe("example 10 with a broker", function () {
  this.timeout(120_000);
  let broker: MqttBroker;
  let nodeRed: ObservedNodeRed;

  before(async () => {
    broker = await MqttBroker.start();
    nodeRed = await ObservedNodeRed.start();
    await nodeRed.deploy(madeOnesOwn(broker.port, await freePort()));
  });

  after(async () => {
    await nodeRed?.stop();
    await broker?.stop();
  });

  it("opens no connection while its mqtt nodes are disabled", () => {
    assert.deepEqual(
      example.filter(({ type, d }) => type === "mqtt out" && d !== true),
      [],
    );
    assert.ok(!example.some(({ type }) => type === "mqtt in"));
  });

  it("publishes messages again that the broker did not accept", async () => {
    await broker.knocked();
    await nodeRed.arrival(id("would be published"), ({ payload }) => payload === "online");
    await nodeRed.arrivals(id("would be announced"), 6);
    assert.deepEqual(broker.published, []);
    broker.open();
    const online = await broker.message("dlms/household/availability", "online");
    assert.equal(online.retain, true);
  });

  it("announces six sensors, retained, each with the topics that it needs", async () => {
    const announced = await broker.messages(6, ({ topic }) => topic.startsWith("homeassistant/"));
    assert.equal(new Set(announced.map(({ topic }) => topic)).size, 6);
    for (const { payload, retain, qos } of announced) {
      const config = JSON.parse(payload) as Config;
      assert.equal(retain, true);
      assert.equal(qos, 1);
      assert.equal(config.state_topic, "dlms/household/state");
      assert.deepEqual(
        config.availability.map(({ topic }) => topic),
        ["dlms/household/availability", "dlms/node-red/availability"],
      );
    }
  });

  it("publishes numbers under the names that the sensors read", async () => {
    const { payload, retain } = await broker.message("dlms/household/state");
    const values = JSON.parse(payload) as Record<string, unknown>;
    assert.equal(retain, true);
    const announced = await broker.messages(6, ({ topic }) => topic.startsWith("homeassistant/"));
    for (const config of announced.map((one) => JSON.parse(one.payload) as Config)) {
      const [, name = ""] = /^\{\{ value_json\.(\w+) \}\}$/.exec(config.value_template) ?? [];
      assert.equal(typeof values[name], "number", config.unique_id);
    }
  });

  it("is shown as offline by its last will when Node-RED is killed", async () => {
    assert.equal((await broker.message("dlms/node-red/availability", "online")).retain, true);
    await nodeRed.stop("SIGKILL");
    assert.equal((await broker.message("dlms/node-red/availability", "offline")).retain, true);
  });
});
