/** Example 10 with Mosquitto: what Home Assistant finds on the broker, also when it comes later. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { freePort, root } from "../support/node-red-process";
import { type FlowNode, ObservedNodeRed } from "../support/observed-node-red";
import { type Server, skipWithout, startMosquitto } from "./server";

const example = JSON.parse(readFileSync(join(root, "examples", "10-mqtt-home-assistant.json"), "utf8")) as FlowNode[];

interface Received {
  readonly payload: string;
  readonly retained: boolean;
}

/** A client that subscribes to everything. */
class Subscriber {
  readonly #client: MqttClient;
  /** the last message of each topic */
  readonly #last = new Map<string, Received>();
  readonly #waiting = new Set<() => void>();

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on("message", (topic, payload, { retain }) => {
      this.#last.set(topic, { payload: payload.toString(), retained: retain });
      for (const check of [...this.#waiting]) check();
    });
  }

  static async to({ port }: Server): Promise<Subscriber> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
    const subscriber = new Subscriber(client);
    await client.subscribeAsync(["dlms/#", "homeassistant/#"]);
    return subscriber;
  }

  /** Resolves with what `look` finds in the messages so far. */
  until<T>(look: (last: ReadonlyMap<string, Received>) => T | undefined): Promise<T> {
    return new Promise((done) => {
      const check = (): void => {
        const found = look(this.#last);
        if (found === undefined) return;
        this.#waiting.delete(check);
        done(found);
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** The message on a topic, once it has this payload. */
  topic(topic: string, payload?: string): Promise<Received> {
    return this.until((last) => {
      const found = last.get(topic);
      return payload === undefined || found?.payload === payload ? found : undefined;
    });
  }

  end(): Promise<void> {
    return this.#client.endAsync();
  }
}

describe("example 10 with Mosquitto", function () {
  this.timeout(120_000);
  let broker: Server;
  let nodeRed: ObservedNodeRed;

  before(async function () {
    skipWithout(this, "mosquitto");
    broker = await startMosquitto();
    nodeRed = await ObservedNodeRed.start();
    const port = await freePort();
    await nodeRed.deploy(
      example.map((node) => {
        if (node.type === "mqtt-broker") return { ...node, port: String(broker.port) };
        // as the example's comment says
        if (node.type === "mqtt out") return { ...node, d: false };
        return node.type.startsWith("dlms-") && node.port !== undefined ? { ...node, port: String(port) } : node;
      }),
    );
  });

  after(async () => {
    await nodeRed?.stop();
    await broker?.stop();
  });

  async function assertComplete(): Promise<void> {
    const subscriber = await Subscriber.to(broker);
    await subscriber.topic("dlms/household/availability", "online");
    await subscriber.topic("dlms/node-red/availability", "online");
    const values = JSON.parse((await subscriber.topic("dlms/household/state")).payload) as Record<string, unknown>;
    const configs = await subscriber.until((last) => {
      const found = [...last].filter(([topic]) => topic.startsWith("homeassistant/sensor/dlms_household/"));
      return found.length === 6 ? found : undefined;
    });
    for (const [topic, { payload }] of configs) {
      const config = JSON.parse(payload) as { value_template: string; state_topic: string };
      const name = /^\{\{ value_json\.(\w+) \}\}$/.exec(config.value_template)?.[1] ?? "";
      assert.equal(typeof values[name], "number", topic);
      assert.equal(config.state_topic, "dlms/household/state");
    }
    await subscriber.end();
    // a later client gets all of it from the broker alone
    const later = await Subscriber.to(broker);
    for (const topic of ["dlms/household/state", "dlms/household/availability", ...configs.map(([name]) => name)]) {
      assert.equal((await later.topic(topic)).retained, true, topic);
    }
    await later.end();
  }

  it("publishes sensors, state and availability, retained", assertComplete);

  it("publishes them again after the broker was killed and lost everything", async () => {
    await broker.kill();
    await broker.restart();
    await assertComplete();
  });

  it("is offline for every subscriber after Node-RED is killed", async () => {
    const subscriber = await Subscriber.to(broker);
    await subscriber.topic("dlms/node-red/availability", "online");
    await nodeRed.stop("SIGKILL");
    await subscriber.topic("dlms/node-red/availability", "offline");
    await subscriber.end();
  });
});
