import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { NodeRedProcess, freePort } from "../support/node-red-process";
import { needsBrowser, openBrowser, openEditor } from "./browser";

const types = [
  ...["dlms-read", "dlms-write", "dlms-meter", "dlms-simulator", "dlms-monitor"],
  ...["dlms-push-source", "dlms-listen", "dlms-decode"],
];

describe("help in the sidebar", function () {
  this.timeout(180_000);
  let nodeRed: NodeRedProcess | undefined;
  let context: BrowserContext | undefined;
  let url = "";

  before(async function () {
    needsBrowser(this);
    nodeRed = new NodeRedProcess({ flow: '[{ "id": "tab", "type": "tab" }]', port: await freePort() });
    [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
  });
  afterEach(async () => {
    await context?.close();
    context = undefined;
  });
  after(() => nodeRed?.stop());

  /** What sticks out of the panel, with by how much. */
  function tooWide(page: Page, type: string): Promise<string[]> {
    return page.evaluate((wanted) => {
      (RED as unknown as { sidebar: { help: { show: (type: string) => void } } }).sidebar.help.show(wanted);
      const help = document.querySelector(".red-ui-sidebar-help-stack .red-ui-help");
      const panel = help?.parentElement;
      if (!panel || panel.clientWidth === 0 || !help.querySelector("dl, ul")) return ["no help is shown"];
      const edge = panel.getBoundingClientRect().left + panel.clientWidth;
      const found = panel.scrollWidth > panel.clientWidth ? [`${panel.scrollWidth} of ${panel.clientWidth} px`] : [];
      for (const one of help.querySelectorAll("code, pre, p, dd, dt, li, h3")) {
        const by = Math.ceil(one.getBoundingClientRect().right - edge);
        if (by > 0) found.push(`${by} px: ${one.textContent.slice(0, 60)}`);
      }
      return found;
    }, type);
  }

  for (const language of ["en-US", "de", "zh-CN"]) {
    it(`fits into its panel (${language})`, async () => {
      context = await openBrowser(language);
      const page = context.pages()[0] ?? (await context.newPage());
      page.setDefaultTimeout(60_000);
      await openEditor(page, url);
      for (const type of types) {
        await page.waitForFunction((wanted) => RED.nodes.getType(wanted) !== undefined, type);
        const found = await tooWide(page, type);
        assert.deepEqual(found, [], type);
      }
    });
  }
});
