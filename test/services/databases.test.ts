/** Rows of a profile in real databases: right times and units, each row once, across both changes of the clock. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { createMeter, type MeterDefinition } from "../../src/index";
import { number } from "../support/meters";
import { root } from "../support/node-red-process";
import { type FlowNode, ObservedNodeRed } from "../support/observed-node-red";
import { profileOf, quarter, stampOf } from "../support/profiles";
import { type Server, skipWithout, startInflux, startPostgres } from "./server";

const example = (name: string): FlowNode[] =>
  JSON.parse(readFileSync(join(root, "examples", "databases", `${name}.json`), "utf8")) as FlowNode[];

/** Both changes of the clock in Berlin: one night each, in quarters of an hour. */
const nights = [
  { from: Date.UTC(2026, 2, 28, 22), change: Date.UTC(2026, 2, 29, 1), before: 60, after: 120 },
  { from: Date.UTC(2026, 9, 24, 22), change: Date.UTC(2026, 9, 25, 1), before: 120, after: 60 },
];
const rows = nights.flatMap(({ from, change, before, after }) =>
  Array.from({ length: 32 }, (_, index) => from + index * quarter).map((ms) => ({
    ms,
    offset: ms < change ? before : after,
  })),
);
const definition: MeterDefinition = {
  associations: [{ client: 16 }],
  objects: profileOf(rows.map(({ ms, offset }, index) => [stampOf(ms, offset), number(1000 + index)])),
};
const expected = rows.map(({ ms }, index) => ({ ms, value: 1000 + index }));

/** The example with this meter in the place of the simulator, and other settings. */
function withMeter(
  flow: readonly FlowNode[],
  port: number,
  change: (node: FlowNode) => object = () => ({}),
): FlowNode[] {
  return flow
    .filter(({ type }) => type !== "dlms-simulator")
    .map((node) => ({
      ...node,
      ...(node.type === "dlms-meter" ? { port: String(port) } : {}),
      ...(node.type === "inject" ? { once: true, onceDelay: "0.1", repeat: "" } : {}),
      ...change(node),
    }));
}

function idOf(flow: readonly FlowNode[], name: string): string {
  const found = flow.find((node) => node.name === name && node.type !== "group");
  assert.ok(found, name);
  return found.id;
}

describe("profile rows in databases", function () {
  this.timeout(120_000);
  let port = 0;
  let close = (): Promise<void> => Promise.resolve();
  let userDir = "";
  let nodeRed: ObservedNodeRed | undefined;

  before(async () => {
    const listener = await createMeter(definition).listen();
    port = listener.port;
    close = () => listener.close();
  });

  after(() => close());

  beforeEach(() => {
    userDir = mkdtempSync(join(tmpdir(), "dlms-database-"));
  });

  afterEach(async () => {
    await nodeRed?.stop();
    nodeRed = undefined;
    rmSync(userDir, { recursive: true, force: true });
  });

  describe("InfluxDB", () => {
    const flow = example("influxdb");
    let influx: Server;

    before(async function () {
      skipWithout(this, "influxd");
      influx = await startInflux();
      await query("create database dlms");
    });

    after(() => influx?.stop());

    async function query(text: string): Promise<unknown[][]> {
      const url = `http://127.0.0.1:${influx.port}/query?db=dlms&epoch=ms&q=${encodeURIComponent(text)}`;
      const response = await fetch(url, { method: "POST" });
      assert.equal(response.status, 200, text);
      const { results } = (await response.json()) as {
        results: [{ series?: [{ values: unknown[][] }]; error?: string }];
      };
      assert.equal(results[0].error, undefined);
      return results[0].series?.[0].values ?? [];
    }

    const stored = async (): Promise<unknown> =>
      (await query(`select energy_import from meter where unit = 'Wh' and meter = 'Household meter on 4190'`)).map(
        ([ms, value]) => ({ ms, value }),
      );

    it("takes the points of the format INFLUX in node-red-contrib-influxdb as they are, each row once", async () => {
      nodeRed = await ObservedNodeRed.start({}, { modules: ["node-red-contrib-influxdb"], userDir });
      const all = withMeter(flow, port, ({ type }) => {
        if (type === "influxdb") return { port: String(influx.port) };
        return type === "dlms-read" ? { range: "" } : {};
      });
      await nodeRed.deploy(all);
      for (let times = 1; times <= 2; times++) {
        if (times > 1) await nodeRed.inject(idOf(flow, "every 15 min"));
        await nodeRed.arrivals(idOf(flow, "points"), times);
        assert.deepEqual(await stored(), expected, `read ${times} times`);
      }
      assert.deepEqual(nodeRed.received(idOf(flow, "what failed, and what to try")), []);
    });

    it("takes the text of the format LINE, whose rows replace those of the format INFLUX", async () => {
      nodeRed = await ObservedNodeRed.start({}, { userDir });
      const shown = { id: "shown", type: "debug", name: "lines", z: idOfTab(flow), active: true, complete: "payload" };
      const read = withMeter(flow, port, ({ type }) =>
        type === "dlms-read" ? { range: "", format: "LINE", wires: [["shown"]] } : {},
      ).filter(({ type }) => !type.startsWith("influxdb") && type !== "complete");
      await nodeRed.deploy([...read, shown]);
      const { payload } = await nodeRed.arrival("shown");
      const url = `http://127.0.0.1:${influx.port}/write?db=dlms&precision=ms`;
      const response = await fetch(url, { method: "POST", body: String(payload) });
      assert.equal(response.status, 204, await response.text());
      assert.deepEqual(await stored(), expected);
    });
  });

  describe("PostgreSQL", () => {
    const flow = example("postgresql");
    let postgres: Server;
    let client: pg.Client;

    before(async function () {
      skipWithout(this, "postgres", "initdb");
      postgres = await startPostgres();
      client = new pg.Client({ connectionString: url() });
      await client.connect();
    });

    after(async () => {
      await client?.end();
      await postgres?.stop();
    });

    const url = (): string => `postgres://dlms@127.0.0.1:${postgres.port}/postgres`;
    const begin = (): Promise<ObservedNodeRed> =>
      ObservedNodeRed.start({ DATABASE_URL: url() }, { modules: ["pg"], userDir });

    async function stored(): Promise<unknown> {
      const { rows: found } = await client.query(
        "select time, value, unit from readings where name = 'energy_import' order by time",
      );
      return (found as { time: Date; value: string; unit: string }[]).map(({ time, value, unit }) => {
        assert.equal(unit, "Wh");
        return { ms: time.getTime(), value: Number(value) };
      });
    }

    it("misses no row and takes none twice when Node-RED is killed between reading and writing", async () => {
      nodeRed = await begin();
      await nodeRed.deploy(withMeter(flow, port));
      // the message is at the node that writes it
      await nodeRed.arrival(idOf(flow, "insert"));
      await nodeRed.stop("SIGKILL");
      nodeRed = await begin();
      await nodeRed.deploy(withMeter(flow, port));
      await nodeRed.arrival(idOf(flow, "written"));
      assert.deepEqual(await stored(), expected);
    });

    it("gets no row again from the range new, also after a restart", async () => {
      nodeRed = await begin();
      await nodeRed.deploy(withMeter(flow, port));
      const { payload } = await nodeRed.arrival(idOf(flow, "written"));
      assert.ok((payload as { sent: number }).sent >= expected.length);
      await nodeRed.inject(idOf(flow, "every 15 min"));
      const [, second] = await nodeRed.arrivals(idOf(flow, "written"), 2);
      assert.deepEqual(second?.payload, { sent: 0, inserted: 0 });
      await nodeRed.stop();
      nodeRed = await begin();
      await nodeRed.deploy(withMeter(flow, port));
      const { payload: later } = await nodeRed.arrival(idOf(flow, "written"));
      assert.deepEqual(later, { sent: 0, inserted: 0 });
      assert.deepEqual(await stored(), expected);
    });
  });
});

const idOfTab = (flow: readonly FlowNode[]): string => flow.find(({ type }) => type === "tab")?.id ?? "";
