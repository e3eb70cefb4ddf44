import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demoKeys, demoPassword, toHex } from "../../src/index";
import { freePort, root } from "../support/node-red-process";
import { type FlowNode, ObservedNodeRed } from "../support/observed-node-red";

const folder = join(root, "examples");
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const texts = new Map(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
const examples = new Map([...texts].map(([name, text]) => [name, JSON.parse(text) as FlowNode[]]));

function ofType(nodes: readonly FlowNode[], ...types: string[]): FlowNode[] {
  return nodes.filter(({ type }) => types.includes(type));
}

/** Keys of simulated meters that push: the example key, its last two bytes counted up, as the help of the simulator says. */
const fleetKeys = Array.from({ length: 12 }, (_, index) => {
  const last = (0x0e0f + index).toString(16).padStart(4, "0");
  return `${toHex(demoKeys.encryptionKey).slice(0, -4)}${last}`.toUpperCase();
});

describe("each example, as it is written", () => {
  it("has its own name with a number, from 01 on", () => {
    assert.deepEqual(
      files.map((name) => Number(/^(\d\d)-[a-z0-9-]+\.json$/.exec(name)?.[1])),
      files.map((_, index) => index + 1),
    );
  });

  for (const [name, nodes] of examples) {
    it(`${name} explains itself, catches errors and contains its meter`, () => {
      const [tab, second] = ofType(nodes, "tab");
      assert.ok(tab !== undefined && second === undefined, "one flow");
      const [comment] = ofType(nodes, "comment");
      assert.ok(String(comment?.name).length > 20 && String(comment?.info).length > 200);
      const [caught] = ofType(nodes, "catch");
      assert.ok((caught?.wires as string[][])[0]?.length);
      const simulators = ofType(nodes, "dlms-simulator");
      const simulated = simulators.map(({ host, port }) => `${String(host)}:${String(port)}`);
      assert.ok(simulated.length > 0);
      const receivers = simulators.map(({ pushHost, pushPort }) => `${String(pushHost)}:${String(pushPort)}`);
      for (const source of ofType(nodes, "dlms-push-source")) {
        assert.ok(receivers.includes(`${String(source.host)}:${String(source.port)}`), String(source.name));
      }
      for (const meter of ofType(nodes, "dlms-meter")) {
        assert.ok(simulated.includes(`${String(meter.host)}:${String(meter.port)}`), String(meter.name));
      }
      const ids = new Set(nodes.map(({ id }) => id));
      for (const node of nodes as readonly (FlowNode & Links)[]) {
        const { wires, z, g, meter, source, broker, scope } = node;
        const links = [...(wires ?? []).flat(), ...(scope ?? []), z, g, meter, source === "" ? undefined : source];
        if (node.type === "mqtt out" || node.type === "mqtt in") links.push(broker);
        for (const id of links) assert.ok(id === undefined || ids.has(id), node.id);
      }
    });

    it(`${name} shows the failure, also that of a node other than a DLMS node`, () => {
      for (const caught of ofType(nodes, "catch") as readonly (FlowNode & { scope?: unknown; wires?: string[][] })[]) {
        const shown = ofType(nodes, "debug").filter(({ id }) => (caught.wires ?? []).flat().includes(id));
        if (caught.scope !== null) continue;
        assert.deepEqual(
          shown.map(({ complete, targetType }) => [complete, targetType]),
          [["$exists(dlmsError) ? dlmsError : error", "jsonata"]],
        );
      }
    });

    it(`${name} names no address but this machine's and no secret but the published ones`, () => {
      const text = texts.get(name) ?? "";
      for (const [address] of text.matchAll(/(?<![\d.:])\d{1,3}(\.\d{1,3}){3}(?![\d.])/g)) {
        if (isIP(address) === 4) assert.equal(address, "127.0.0.1");
      }
      const published = [demoPassword, ...Object.values(demoKeys).map((key) => toHex(key).toUpperCase()), ...fleetKeys];
      for (const { credentials } of nodes as { credentials?: Record<string, string> }[]) {
        for (const secret of Object.values(credentials ?? {})) assert.ok(published.includes(secret));
      }
    });

    it(`${name} is laid out: nodes inside their groups, without overlap`, () => {
      const drawn = nodes.filter(({ z, type }) => z !== undefined && type !== "group") as unknown as {
        id: string;
        x: number;
        y: number;
        g?: string;
      }[];
      assert.equal(new Set(drawn.map(({ x, y }) => `${x},${y}`)).size, drawn.length);
      const groups = new Map(ofType(nodes, "group").map((group) => [group.id, group as unknown as Box]));
      for (const { id, x, y, g } of drawn) {
        const box = groups.get(g ?? "");
        if (box === undefined) continue;
        assert.ok(x > box.x && x < box.x + box.w && y > box.y && y < box.y + box.h, id);
      }
    });
  }

  it("can be imported together: no id, port or meter's name occurs twice", () => {
    const all = [...examples.values()].flat();
    for (const list of [
      all.map(({ id }) => id),
      ofType(all, "dlms-simulator").flatMap(({ port, pushPort }) =>
        pushPort === undefined ? [port] : [port, pushPort],
      ),
      ofType(all, "dlms-push-source").map(({ name }) => name),
      ofType(all, "dlms-meter").map(({ name }) => name),
    ]) {
      assert.deepEqual(
        list.filter((value, index) => list.indexOf(value) !== index),
        [],
      );
    }
  });
});

interface Links {
  readonly wires?: readonly (readonly string[])[];
  readonly scope?: readonly string[] | null;
  readonly z?: string;
  readonly g?: string;
  readonly meter?: string;
  readonly source?: string;
  readonly broker?: string;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** The variables of a flow, some of them with other values. */
function withVariables(tab: FlowNode, values: Readonly<Record<string, string>>): FlowNode {
  const env = tab.env as { name: string; value: string }[] | undefined;
  if (env === undefined) return tab;
  return { ...tab, env: env.map((one) => ({ ...one, value: values[one.name] ?? one.value })) };
}

describe("all examples at once in a Node-RED, on their simulated meters", function () {
  this.timeout(60_000);
  let nodeRed: ObservedNodeRed;
  let flow: FlowNode[] = [];
  let csvFolder: string;

  /** A node by its label, in one example. */
  function find(example: string, name: string, type?: string): string {
    const file = files.find((one) => one.startsWith(example)) ?? "";
    const found = (examples.get(file) ?? []).filter(
      (node) => node.name === name && node.type !== "group" && (type === undefined || node.type === type),
    );
    assert.equal(found.length, 1, `${file}: "${name}"`);
    return found[0]?.id ?? "";
  }

  before(async () => {
    csvFolder = mkdtempSync(join(tmpdir(), "dlms-csv-"));
    // So far in the west the day began long ago: the profile of "today" has rows at any time of the test.
    nodeRed = await ObservedNodeRed.start({ TZ: "Etc/GMT+12" });
    const all = [...examples.values()].flat();
    const ports = new Map<unknown, string>();
    for (const { port, pushPort } of ofType(all, "dlms-simulator")) {
      ports.set(port, String(await freePort()));
      if (pushPort !== undefined) ports.set(pushPort, String(await freePort()));
    }
    const variables = {
      PUSH_TO: `127.0.0.1:${ports.get("4179") ?? ""}`,
      KEY_FILE: join(csvFolder, "keys.json"),
      CSV_FOLDER: csvFolder,
      ALARM_ABOVE_W: "0",
      NORMAL_BELOW_W: "0",
    };
    flow = all.map((node) => {
      if (node.type === "tab") return withVariables(node, variables);
      if (node.type === "dlms-simulator" && ports.has(node.pushPort)) {
        return { ...node, port: ports.get(node.port), pushPort: ports.get(node.pushPort), pushEvery: "1" };
      }
      if (ports.has(node.port) && /^(dlms-|tcp in)/.test(node.type)) return { ...node, port: ports.get(node.port) };
      // shortens the waits that are meant for people
      if (node.type === "inject" && Number(node.repeat) > 0) return { ...node, repeat: "0.5" };
      // at that time of the day it would write the file in which a test reads
      if (node.type === "inject" && node.crontab !== "") return { ...node, crontab: "" };
      if (node.type === "trigger") return { ...node, duration: "2" };
      return node;
    });
    await nodeRed.deploy(flow);
  });

  after(async () => {
    await nodeRed?.stop();
    rmSync(csvFolder, { recursive: true, force: true });
  });

  it("01 reads a voltage", async () => {
    const { payload } = await nodeRed.arrival(find("01", "value"));
    assert.ok(Number(payload) > 200 && Number(payload) < 260, String(payload));
  });

  it("02 reads thirteen values", async () => {
    const { payload } = await nodeRed.arrival(find("02", "values"));
    assert.equal(Object.keys(payload as object).length, 13);
  });

  it("03 feeds the gauge and the chart of the dashboard", async () => {
    const live = await nodeRed.arrival(find("03", "Power", "ui-gauge"));
    assert.equal(typeof (live.payload as Record<string, unknown>).power_import, "number");
    const chart = await nodeRed.arrival(find("03", "Load profile", "ui-chart"));
    const points = chart.payload as { series: string; x: number; y: number }[];
    for (const series of ["from the grid", "to the grid"]) {
      const own = points.filter((point) => point.series === series);
      assert.ok(own.length >= 48, `${own.length} points`);
      own.slice(1).forEach((point, index) => {
        assert.equal(point.x - (own[index]?.x ?? 0), 900_000);
      });
      assert.ok(own.every(({ y }) => y >= 0 && y < 20_000));
    }
    assert.ok(points.some(({ y }) => y > 0));
  });

  it("04 writes yesterday's rows to a file", async () => {
    const { filename } = await nodeRed.arrival(find("04", "written"));
    assert.match(String(filename), /load-profile-\d{4}-\d\d-\d\d\.csv$/);
    const [head, ...lines] = readFileSync(String(filename), "utf8").trimEnd().split("\n");
    assert.equal(head, "time,import_Wh,export_Wh");
    const day = /\d{4}-\d\d-\d\d/.exec(String(filename))?.[0] ?? "";
    assert.ok(lines[0]?.startsWith(`${day}T00:00:00+0`), lines[0]);
    // 23, 24 or 25 hours; the midnight at the end belongs to the next file
    assert.ok([92, 96, 100].includes(lines.length), `${lines.length} rows`);
    assert.ok(lines.every((line) => /^[^,]+,\d+,\d+$/.test(line)));
  });

  it("05 sends the last day as line protocol to the stand-in, on any port of Node-RED", async () => {
    const { payload } = await nodeRed.arrival(find("05", "what came"));
    const lines = String(payload).split("\n");
    assert.equal(lines.length, 96);
    for (const line of lines) {
      assert.match(
        line,
        /^meter,meter=Household\\ meter\\ on\\ 4063,profile=1\.0\.99\.1\.0\.255,unit=Wh energy_import=\d+,energy_export=\d+ \d{13}$/,
      );
    }
    assert.equal((await nodeRed.arrival(find("05", "written"))).statusCode, 204);
    assert.deepEqual(nodeRed.received(find("05", "refused")), []);
  });

  it("06 reads three meters with one node", async () => {
    const { payload } = await nodeRed.arrival(find("06", "all meters", "debug"));
    const all = payload as Record<string, Record<string, number>>;
    assert.deepEqual(Object.keys(all).sort(), ["Cold water", "Flat", "Heating"]);
    assert.equal(all["Cold water"]?.volume_m3, 123.456);
    assert.deepEqual(all.Heating, { energy_Wh: 8_421_000, power_W: 4500, supply_C: 61.2 });
    assert.equal(typeof all.Flat?.power_W, "number");
  });

  it("07 reads two meters over HDLC, and shows the frames", async () => {
    for (const number of ["17", "18"]) {
      const { payload } = await nodeRed.arrival(find("07", `values of ${number}`));
      assert.equal((payload as Record<string, unknown>).serial_number, `E00${number}`);
    }
    const { payload } = await nodeRed.arrival(
      find("07", "what goes over the line"),
      ({ payload }) => (payload as { kind: string }).kind === "frame",
    );
    assert.match((payload as { hex: string }).hex, /^7e/i);
  });

  it("08 reads with a password, and ciphered, with the imported credentials", async () => {
    assert.equal(typeof (await nodeRed.arrival(find("08", "with password"))).payload, "number");
    assert.equal(typeof (await nodeRed.arrival(find("08", "ciphered"))).payload, "number");
    const exported = await (await fetch(`${nodeRed.url}flows`)).text();
    assert.doesNotMatch(exported, /"credentials"/);
    for (const key of Object.values(demoKeys))
      assert.ok(!exported.toLowerCase().includes(toHex(key)), "a key is in it");
  });

  it("09 raises one alarm, however often the value is read", async () => {
    const alarm = await nodeRed.arrival(find("09", "alarm"));
    assert.equal(alarm.payload, "too high");
    assert.equal(typeof alarm.watts, "number");
    await nodeRed.arrivals(find("09", "only changes"), 3);
    assert.equal(nodeRed.received(find("09", "alarm")).length, 1);
    assert.equal(typeof (await nodeRed.arrival(find("09", "voltage that moved"))).payload, "number");
  });

  it("10 makes the messages for Home Assistant", async () => {
    const node = find("10", "would be published");
    const state = await nodeRed.arrival(node, ({ topic }) => topic === "dlms/household/state");
    const values = state.payload as Record<string, unknown>;
    assert.equal(state.retain, true);
    const online = await nodeRed.arrival(node, ({ payload }) => payload === "online");
    assert.equal(online.topic, "dlms/household/availability");
    const configs = await nodeRed.arrivals(find("10", "would be announced"), 6);
    for (const { topic, payload, retain } of configs) {
      const config = payload as Record<string, unknown>;
      const key = /^homeassistant\/sensor\/dlms_household\/(\w+)\/config$/.exec(String(topic))?.[1] ?? "";
      assert.equal(typeof values[key], "number", `${key} has no value`);
      assert.equal(config.value_template, `{{ value_json.${key} }}`);
      assert.equal(config.state_topic, state.topic);
      assert.deepEqual((config.availability as unknown[])[0], { topic: online.topic });
      assert.equal(retain, true);
    }
    assert.equal(new Set(configs.map(({ payload }) => (payload as Record<string, string>).unique_id)).size, 6);
  });

  it("12 feeds the gauge and the chart from the HAN port", async () => {
    const live = await nodeRed.arrival(find("12", "Power", "ui-gauge"));
    assert.equal(typeof (live.payload as Record<string, unknown>)["1.0.1.7.0.255"], "number");
    const dlms = live.dlms as Record<string, unknown>;
    assert.equal((dlms.link as Record<string, unknown>).framing, "hdlc");
    assert.equal(dlms.meterId, "SIM00000001");
    assert.equal(typeof (await nodeRed.arrival(find("12", "Power, last hour", "ui-chart"))).payload, "number");
  });

  it("13 announces each value with a unit once, by the key that the state has", async () => {
    const state = await nodeRed.arrival(find("13", "would be published"));
    const values = state.payload as Record<string, unknown>;
    const configs = await nodeRed.arrivals(find("13", "would be announced"), 10);
    for (const { topic, payload } of configs) {
      const config = payload as Record<string, string>;
      assert.match(String(topic), /^homeassistant\/sensor\/dlms_SIM00000001\/\w+\/config$/);
      assert.equal(config.state_topic, state.topic);
      const key = /\['(\w+)'\]/.exec(config.value_template ?? "")?.[1] ?? "";
      assert.equal(typeof values[key], "number", `${key} has no value`);
      assert.ok(["W", "Wh", "V", "A"].includes(config.unit_of_measurement ?? ""));
    }
    await nodeRed.arrivals(find("13", "would be published"), 3);
    assert.equal(nodeRed.received(find("13", "would be announced")).length, 10);
  });

  it("14 distinguishes twelve meters by their titles, each push verified", async () => {
    const { payload } = await nodeRed.arrival(
      find("14", "all meters"),
      ({ payload }) => Object.keys(payload as object).length === 12,
    );
    for (const [name, { verified, watts }] of Object.entries(payload as Record<string, Record<string, unknown>>)) {
      assert.match(name, /^Meter \d+$/);
      assert.deepEqual([verified, typeof watts], [true, "number"]);
    }
  });

  it("15 decodes the hex digits of a reader", async () => {
    const { payload, topic, dlms } = await nodeRed.arrival(find("15", "values"));
    assert.equal(topic, "reader/han/hex");
    assert.ok(Number((payload as Record<string, unknown>)["1.0.32.7.0.255"]) > 200);
    assert.equal((dlms as Record<string, unknown>).meterId, "SIM00000001");
  });

  it("16 finds a clock that is wrong, and corrects it", async () => {
    const alarm = await nodeRed.arrival(find("16", "alarm"));
    const { clockOffset } = alarm.dlms as Record<string, number>;
    assert.ok(Math.abs(Number(clockOffset) - 30_000) < 5000, String(clockOffset));
    const { dlms } = await nodeRed.arrival(find("16", "corrected"));
    const { action, written, verified } = dlms as Record<string, unknown>;
    assert.deepEqual([action, written, verified], ["SET_CLOCK", true, true]);
  });

  it("17 shows the state of the relay", async () => {
    const { dlms } = await nodeRed.arrival(find("17", "State"));
    assert.equal((dlms as Record<string, unknown>).valueName, "connected");
  });

  it("18 writes a push setup, whose pushes then arrive with the new list of objects", async () => {
    assert.deepEqual(nodeRed.received(find("18", "pushed values")), []);
    await nodeRed.inject(find("18", "write the push setup"));
    const written = await nodeRed.arrivals(find("18", "written"), 3);
    assert.deepEqual(
      written.map(({ dlms }) => [
        (dlms as Record<string, unknown>).attribute,
        (dlms as Record<string, unknown>).verified,
      ]),
      [
        ["communication_window", true],
        ["push_object_list", true],
        ["send_destination_and_method", true],
      ],
    );
    const { payload } = await nodeRed.arrival(find("18", "pushed values"));
    assert.deepEqual(payload, { "1.0.1.8.0.255": 4_711_000, "1.0.1.7.0.255": 420, "1.0.32.7.0.255": 231 });
  });

  it("catch and log no error", () => {
    assert.deepEqual(
      nodeRed.receivedByType("catch").map(({ msg }) => msg.dlmsError ?? msg.error),
      [],
    );
    assert.deepEqual(
      nodeRed.output.split("\n").filter((line) => / {2}error {2}/.test(line)),
      [],
    );
  });

  it("14 writes a key file that the source takes instead of its table", async () => {
    await nodeRed.inject(find("14", "write the key file"));
    const { filename } = await nodeRed.arrival(find("14", "written"));
    const before = nodeRed.received(find("14", "one message")).length;
    const nodes = flow.map((node) => {
      if (node.type !== "dlms-push-source" || node.name !== "Meters on port 4175") return node;
      return { ...node, meters: [], credentials: {}, keyFile: filename };
    });
    await nodeRed.deploy(nodes, "nodes");
    await nodeRed.arrivals(find("14", "one message"), before + 12, ({ dlms }) =>
      /^Meter \d+$/.test(String((dlms as { meter: unknown }).meter)),
    );
    await nodeRed.deploy(flow, "nodes");
  });

  it("11 shows an outage and recovers from it", async () => {
    const simulator = ofType([...(examples.get("11-watchdog.json") ?? [])], "dlms-simulator")[0]?.id;
    await nodeRed.arrival(find("11", "value"));
    await nodeRed.deploy(
      flow.map((node) => (node.id === simulator ? { ...node, d: true } : node)),
      "nodes",
    );
    const states = find("11", "state of the connection");
    const waiting = await nodeRed.arrival(states, ({ payload }) => (payload as { state: string }).state === "waiting");
    assert.match((waiting.payload as { error: { code: string } }).error.code, /^DLMS_CONN_/);
    await nodeRed.arrival(find("11", "temporary"));
    assert.equal((await nodeRed.arrival(find("11", "watchdog"))).payload, "no value for 15 s");
    const before = nodeRed.received(find("11", "value")).length;
    await nodeRed.deploy(flow, "nodes");
    await nodeRed.arrivals(find("11", "value"), before + 1);
    assert.deepEqual(nodeRed.received(find("11", "needs a person")), []);
  });
});
