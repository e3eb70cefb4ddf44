import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { connect } from "../../src/index";
import { NodeRedProcess, freePort, root } from "../support/node-red-process";
import { needsBrowser, openEditorPage } from "./browser";

const pictures = process.env.SCREENSHOTS;
const folder = join(root, "examples");
const examples = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => ({
    name: name.slice(0, -".json".length),
    nodes: JSON.parse(readFileSync(join(folder, name), "utf8")) as {
      id: string;
      type: string;
      port?: string;
      label?: string;
    }[],
  }));

interface Drawn {
  readonly name: string;
  readonly data: [number, number][];
}

/**
 * The series of the page's chart: the script finds its component in the tree of the mounted application and reads the
 * series from the drawing library. It is a text, because the page lacks the helpers that a compiler adds.
 */
const drawnSeries = String.raw`(() => {
  const seen = new Set();
  const queue = [document.querySelector("#app").__vue_app__._container._vnode];
  while (queue.length > 0) {
    const node = queue.shift();
    if (!node || typeof node !== "object" || seen.has(node)) continue;
    seen.add(node);
    const { component, children, suspense } = node;
    const chart = component && component.data && component.data.chart;
    if (chart && chart.getOption) {
      return chart.getOption().series.map(({ name, data }) => ({ name, data: data.map((one) => (one.value || one)) }));
    }
    queue.push(component && component.subTree, suspense && suspense.activeBranch);
    if (Array.isArray(children)) queue.push(...children);
  }
  return [];
})()`;

/** How many pixels of the first canvas have about this colour. */
const pixelsOf = (red: number, green: number, blue: number): string => String.raw`(() => {
  const canvas = document.querySelector(".nrdb-ui-chart canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 200 && Math.hypot(data[i] - ${red}, data[i + 1] - ${green}, data[i + 2] - ${blue}) < 12) count++;
  }
  return count;
})()`;

/** Mean power of each quarter of an hour, from the meter's own values. */
async function expectedPoints(port: number, from: number): Promise<Map<string, [number, number][]>> {
  const client = await connect({
    transport: { kind: "tcp", host: "127.0.0.1", port },
    client: { sap: 16 },
    server: { logical: 1 },
  });
  try {
    const { rows } = await client.profile("1-0:99.1.0*255", { from: new Date(from) }, { dates: "epoch" }).toTable();
    const powerOf = (obis: string): [number, number][] =>
      rows
        .slice(1)
        .map((row, index) => [Number(row["0.0.1.0.0.255"]), (Number(row[obis]) - Number(rows[index]?.[obis])) * 4]);
    return new Map([
      ["from the grid", powerOf("1.0.1.8.0.255")],
      ["to the grid", powerOf("1.0.2.8.0.255")],
    ]);
  } finally {
    await client.close();
  }
}

describe("the examples in a browser", function () {
  this.timeout(180_000);
  let nodeRed: NodeRedProcess | undefined;
  let context: BrowserContext | undefined;
  let page: Page;
  let address = "";
  let csvFolder = "";
  const ports = new Map<string, number>();
  const problems: string[] = [];
  const outside: string[] = [];

  before(async function () {
    needsBrowser(this);
    csvFolder = mkdtempSync(join(tmpdir(), "dlms-csv-"));
    // So far in the west the day began long ago: "today" has a load profile at any time of the test.
    const zone = process.env.TZ;
    if (pictures === undefined) process.env.TZ = "Etc/GMT+12";
    nodeRed = new NodeRedProcess({
      flow: '[{ "id": "empty", "type": "tab", "label": "Flow 1" }]',
      port: await freePort(),
    });
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    address = (await nodeRed.until(/is at {2}(\S+)/))[1] ?? "";
    ({ context, page } = await openEditorPage(address, { problems, outside }));
  });

  after(async () => {
    await context?.close();
    await nodeRed?.stop();
    if (csvFolder !== "") rmSync(csvFolder, { recursive: true, force: true });
  });

  for (const { name, nodes } of examples) {
    it(`imports ${name} from the menu, with every node known and valid`, async () => {
      await page.evaluate(() => {
        RED.actions.invoke("core:show-examples-import-dialog");
      });
      const row = page.locator(".red-ui-treeList-label:visible");
      await row.filter({ hasText: "node-red-contrib-dlms" }).first().click();
      await row.filter({ hasText: name }).first().click();
      await page.locator("#red-ui-clipboard-dialog-ok").click();
      const label = nodes.find(({ type }) => type === "tab")?.label ?? "";
      await page.locator("#red-ui-workspace-tabs .red-ui-tab-label", { hasText: label }).waitFor();
      const wrong = await page.evaluate(() => {
        const found: string[] = [];
        RED.nodes.eachNode((node) => {
          const { type, valid } = node as unknown as { type: string; valid?: boolean };
          if (type === "unknown" || valid === false) found.push(JSON.stringify([node.id, type, valid]));
        });
        RED.nodes.eachConfig((node) => {
          const { type, valid } = node as unknown as { type: string; valid?: boolean };
          if (type === "unknown" || valid === false) found.push(JSON.stringify([node.id, type, valid]));
        });
        return found;
      });
      assert.deepEqual(wrong, []);
    });
  }

  it("reads with each after one deploy, including ciphered ones", async () => {
    for (const { nodes } of examples) {
      for (const { type, port } of nodes) {
        if (type === "dlms-simulator" && port !== undefined) ports.set(port, await freePort());
      }
    }
    const changes = {
      ports: Object.fromEntries([...ports].map(([port, free]) => [port, String(free)])),
      variables: { CSV_FOLDER: csvFolder } as Record<string, string>,
    };
    // other ports than usual, so that a simulator which runs already is not met
    await page.evaluate(({ ports, variables }) => {
      const list: { type: string; port?: string; changed?: boolean }[] = [];
      RED.nodes.eachNode((node) => list.push(node));
      RED.nodes.eachConfig((node) => list.push(node));
      for (const node of list) {
        if (!node.type.startsWith("dlms-") || node.port === undefined) continue;
        node.port = ports[node.port] ?? node.port;
        node.changed = true;
      }
      (RED.nodes as unknown as { eachWorkspace(visit: (tab: { env?: Variable[] }) => void): void }).eachWorkspace(
        (tab) => {
          for (const one of tab.env ?? []) one.value = variables[one.name] ?? one.value;
        },
      );
      interface Variable {
        name: string;
        value: string;
      }
    }, changes);
    await page.locator("#red-ui-header-button-deploy").click();
    for (const [label, status] of [
      ["First value", /^2\d\d(\.\d)? V$/],
      ["Many meters", /^\d values$/],
      ["Password and ciphering", /^[\d ]+(\.\d+)? k?Wh$/],
      ["Serial bus", /^3 values$/],
    ] as const) {
      const tab = examples.flatMap(({ nodes }) => nodes).find((node) => node.type === "tab" && node.label === label);
      await page.evaluate((id) => {
        (RED as unknown as { workspaces: { show(id: string): void } }).workspaces.show(id);
      }, tab?.id ?? "");
      const shown = page.locator(".red-ui-flow-node-status-label:visible");
      await shown.filter({ hasText: status }).first().waitFor();
      assert.equal(await shown.filter({ hasText: /refused|invalid|failed|no / }).count(), 0, label);
    }
  });

  it("draws the dashboard's chart with the meter's points", async () => {
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.goto(`${address}dlms/meter`);
    await page.locator(".nrdb-ui-chart canvas").waitFor();
    await page.waitForFunction(`${drawnSeries}.length === 2`);
    const drawn = await page.evaluate<Drawn[]>(drawnSeries);
    assert.deepEqual(drawn.map(({ name }) => name).sort(), ["from the grid", "to the grid"]);
    // the first point is the end of the first quarter: its row has the one before as its beginning
    const begin = Math.min(...drawn.map(({ data }) => data[0]?.[0] ?? Infinity)) - 900_000;
    const expected = await expectedPoints(ports.get("4061") ?? 0, begin);
    for (const { name, data } of drawn) {
      const all = expected.get(name) ?? [];
      // a quarter of an hour may have ended in between
      assert.ok(data.length > 0 && all.length - data.length <= 1, `${name}: ${data.length} of ${all.length} points`);
      assert.deepEqual(
        data.map(([x, y]) => [x, Number(y)]),
        all.slice(0, data.length),
      );
    }
    await page.waitForFunction(`${pixelsOf(0x2f, 0x6f, 0x75)} > 300`);
  });

  it("shows live values with their units", async () => {
    const text = page.locator(".nrdb-ui-text.nrdb-ui-widget");
    await text.filter({ hasText: /Energy in\s*\d+\.\d kWh/ }).waitFor();
    await text.filter({ hasText: /Voltage L1\s*2\d\d(\.\d)? V/ }).waitFor();
    await text.filter({ hasText: /Meter's clock\s*\d\d:\d\d:\d\d/ }).waitFor();
    await page.locator(".nrdb-ui-gauge.nrdb-ui-widget", { hasText: /\d+\s*W/ }).waitFor();
    if (pictures !== undefined) {
      mkdirSync(join(root, pictures), { recursive: true });
      await page.screenshot({ path: join(root, pictures, "dashboard.png") });
    }
  });

  it("made no error in the page and no request to another machine", () => {
    assert.deepEqual(problems, []);
    assert.deepEqual(outside, []);
  });
});
