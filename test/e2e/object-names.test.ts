import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { createMeter, householdDefinition, type TcpListener } from "../../src/index";
import { NodeRedProcess, freePort } from "../support/node-red-process";
import { dialogOpened, needsBrowser, openBrowser, openEditor } from "./browser";

/** Texts of the dialog by the language of the browser. */
const languages = [
  {
    language: "de",
    search: "bezug gesamt",
    name: "Wirkenergie Bezug (+A), gesamt",
    className: "Register (3)",
    access: "lesen",
    completion: "Wirkenergie Bezug, gesamt",
    column: "Uhr",
  },
  {
    language: "zh-CN",
    search: "正向有功电能 总",
    name: "正向有功电能（+A），总",
    className: "寄存器 (3)",
    access: "只读",
    completion: "正向有功总电能",
    column: "时钟",
  },
  {
    language: "fr",
    search: "import total",
    name: "Active energy import (+A), total",
    className: "Register (3)",
    access: "read",
    completion: "Active energy import, total",
    column: "Clock",
  },
];

describe("names of objects in the language of the editor", function () {
  this.timeout(180_000);
  let nodeRed: NodeRedProcess | undefined;
  let meter: TcpListener | undefined;
  let url = "";

  before(async function () {
    needsBrowser(this);
    meter = await createMeter(householdDefinition()).listen();
    const flow = [
      { id: "tab", type: "tab", label: "Flow 1" },
      { id: "house", type: "dlms-meter", version: 2, name: "house", host: "127.0.0.1", port: String(meter.port) },
      {
        ...{ id: "read", type: "dlms-read", z: "tab", x: 200, y: 100, version: 2, meter: "house", wires: [[]] },
        ...{ mode: "attribute", logicalName: "", objectType: "REGISTER", attributeId: "2" },
      },
    ];
    nodeRed = new NodeRedProcess({ flow: JSON.stringify(flow), port: await freePort() });
    [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
  });

  after(async () => {
    await nodeRed?.stop();
    await meter?.close();
  });

  async function inBrowser(language: string, work: (page: Page) => Promise<void>): Promise<void> {
    const context: BrowserContext = await openBrowser(language);
    try {
      const page = context.pages()[0] ?? (await context.newPage());
      page.setDefaultTimeout(60_000);
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(error.message));
      await openEditor(page, url);
      await work(page);
      assert.deepEqual(problems, []);
    } finally {
      await context.close();
    }
  }

  for (const { language, search, name, className, access, completion, column } of languages) {
    it(`${language}: tree, completion, description, lists of classes and columns`, async () => {
      await inBrowser(language, async (page) => {
        await page.waitForFunction(() => RED.nodes.node("read"));
        await page.evaluate(() => {
          RED.editor.edit(RED.nodes.node("read"));
        });
        await dialogOpened(page);
        const obis = page.locator("#node-input-logicalName + .red-ui-typedInput-container input").first();
        await obis.pressSequentially("1.8.");
        await page.locator(".red-ui-autoComplete-container", { hasText: completion }).waitFor();
        await obis.fill("");
        await page.locator("#dlms-read-browse").click();
        await page.locator(".dlms-browser-tree > li").first().waitFor();
        await page.locator(".dlms-browser-search").fill(search);
        // the tree is drawn again once no key was pressed for a while
        await page.waitForFunction(() => document.querySelectorAll(".dlms-browser-tree li").length < 20);
        const row = page.locator(".dlms-browser-row", { hasText: name }).first();
        await row.filter({ hasText: className }).locator("i").click();
        await page
          .locator(".dlms-browser-tree li[aria-level='4'] .dlms-browser-class", { hasText: access })
          .first()
          .waitFor();
        await row.click();
        await row.locator(".dlms-browser-value", { hasText: / Wh$/ }).waitFor();
        await page.locator("#dlms-read-obis-label", { hasText: name }).waitFor();
        const labels = page.locator("#dlms-read-dialog .red-ui-typedInput-option-label:visible");
        await labels.filter({ hasText: className }).waitFor();
        await page.locator("#node-input-mode").selectOption("profile");
        await page.locator("#dlms-read-columns").click();
        await page.locator("#dlms-read-columns-panel label", { hasText: column }).first().waitFor();
      });
    });
  }
});
