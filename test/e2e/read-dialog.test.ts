import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { NodeRedProcess, freePort } from "../support/node-red-process";
import { needsBrowser, openDialog, openEditorPage } from "./browser";

/** A node of a flow that is older than some of the settings. */
const old = {
  ...{ id: "read", type: "dlms-read", z: "tab", x: 200, y: 100, version: 1, meter: "house", wires: [[]] },
  ...{ mode: "profile", logicalName: "1-0:99.1.0*255", range: '{"last":"day"}' },
};

describe("the read dialog with a flow from before", function () {
  this.timeout(180_000);
  let nodeRed: NodeRedProcess | undefined;
  let context: BrowserContext | undefined;
  let page: Page;
  const problems: string[] = [];

  before(async function () {
    needsBrowser(this);
    const flow = [
      { id: "tab", type: "tab", label: "Flow 1" },
      { id: "house", type: "dlms-meter", version: 2, name: "house", host: "127.0.0.1", port: "9" },
      old,
    ];
    nodeRed = new NodeRedProcess({ flow: JSON.stringify(flow), port: await freePort() });
    const [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
    ({ context, page } = await openEditorPage(url, { problems }));
  });

  after(async () => {
    await context?.close();
    await nodeRed?.stop();
  });

  const input = (name: string): string => `#node-input-${name}`;
  const saved = (): Promise<Record<string, unknown>> =>
    page.evaluate(() => {
      const { id: _id, ...node } = RED.nodes.node("read") as Record<string, unknown>;
      const names = [
        "version",
        "dates",
        "interval",
        "spread",
        "giveUpAfter",
        "columns",
        "columnsType",
        "range",
        "rangeType",
      ];
      return Object.fromEntries(names.map((name) => [name, node[name]]));
    });
  async function done(): Promise<void> {
    await page.locator("#node-dialog-ok").click();
    await page.locator("#dlms-read-dialog").waitFor({ state: "detached" });
  }

  it("shows the effective settings of such a node, and saves it in the current form", async () => {
    await openDialog(page, "dlms-read");
    await page.locator("#dlms-read-period").waitFor();
    assert.equal(await page.locator(input("dates")).inputValue(), "iso");
    assert.equal(await page.locator(input("giveUpAfter")).inputValue(), "");
    await page.locator(input("name")).fill("profile");
    await done();
    const node = await saved();
    assert.deepEqual(node, {
      ...{ version: 3, dates: "iso", interval: "0", spread: "0", giveUpAfter: "" },
      ...{ columns: "", columnsType: "str", range: '{"last":"day"}', rangeType: "str" },
    });
  });

  it("accepts a limit for a whole read, and explains an invalid limit", async () => {
    await openDialog(page, "dlms-read");
    await page.locator(input("giveUpAfter")).fill("soon");
    await page.keyboard.press("Tab");
    await page.locator(`${input("giveUpAfter")}.input-error`).waitFor();
    await page.locator(input("giveUpAfter")).fill("600");
    await page.keyboard.press("Tab");
    await page.locator(`${input("giveUpAfter")}:not(.input-error)`).waitFor();
    await done();
    assert.equal((await saved()).giveUpAfter, "600");
  });

  it("reads range and columns from a message or context, and then offers no check boxes", async () => {
    await openDialog(page, "dlms-read");
    await page.locator("#dlms-read-columns").waitFor();
    await page.locator(input("rangeKind")).selectOption("dynamic");
    assert.equal(await page.locator(input("range")).inputValue(), "range", "a place, not the range that stood there");
    await page.evaluate(() => {
      const columns = ($ as unknown as (selector: string) => { typedInput(what: string, value: string): void })(
        "#node-input-columns",
      );
      columns.typedInput("type", "flow");
      columns.typedInput("value", "wanted");
    });
    await page.locator("#dlms-read-columns").waitFor({ state: "hidden" });
    await done();
    const { columns, columnsType, range, rangeType } = await saved();
    assert.deepEqual([columns, columnsType, range, rangeType], ["wanted", "flow", "range", "msg"]);
    assert.deepEqual(problems, []);
  });
});
