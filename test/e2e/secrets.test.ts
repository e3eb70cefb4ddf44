import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { demoPassword } from "../../src/index";
import { freePort, NodeRedProcess } from "../support/node-red-process";
import { dialogOpened, needsBrowser, openEditorPage } from "./browser";

const key = "00112233445566778899AABBCCDDEEFF";
const meter = {
  ...{ id: "meter", type: "dlms-meter", name: "cellar", version: 1, transportType: "TCP", host: "127.0.0.1" },
  ...{ port: "1", clientAddress: "17", authentication: "LOW", credentials: { password: demoPassword } },
};
const flow = [
  { id: "tab", type: "tab", label: "secrets" },
  meter,
  {
    ...meter,
    ...{ id: "ciphered", name: "garage", authentication: "HIGH_GMAC", securityPolicy: "AUTHENTICATED_ENCRYPTED" },
    credentials: { encryptionKey: key, authenticationKey: key },
  },
  ...["meter", "ciphered"].map((id, n) => ({
    ...{ id: `read${n}`, type: "dlms-read", z: "tab", x: 200, y: 100 + 60 * n, version: 1, meter: id, wires: [[]] },
    ...{ mode: "attribute", logicalName: "1-0:1.8.0*255" },
  })),
];

describe("the editor's export", function () {
  this.timeout(180_000);
  let nodeRed: NodeRedProcess;
  let context: BrowserContext;
  let page: Page;

  before(async function () {
    needsBrowser(this);
    nodeRed = new NodeRedProcess({ flow: "[]", port: await freePort() });
    const [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
    const deployed = await fetch(`${url}flows`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(flow),
    });
    assert.ok(deployed.ok, await deployed.text());
    ({ context, page } = await openEditorPage(url));
  });

  after(async () => {
    await context?.close();
    await nodeRed?.stop();
  });

  it("has the meters with all settings but no secret, neither stored nor typed into the dialog just now", async () => {
    await page.waitForFunction(() => Boolean(RED.nodes.node("meter")));
    const exported = async (): Promise<string> => {
      await page.evaluate(() => {
        RED.actions.invoke("core:show-export-dialog");
      });
      await page.locator("#red-ui-clipboard-dialog-export-rng-full").click();
      const text = await page.locator("#red-ui-clipboard-dialog-export-text").inputValue();
      await page.locator("#red-ui-clipboard-dialog-cancel").click();
      return text;
    };
    const check = (text: string): void => {
      const nodes = JSON.parse(text) as { id: string; name?: string; clientAddress?: string }[];
      assert.deepEqual(
        nodes.filter(({ id }) => id === "meter").map(({ name, clientAddress }) => [name, clientAddress]),
        [["cellar", "17"]],
      );
      assert.ok(nodes.some(({ id }) => id === "ciphered"));
      for (const secret of [demoPassword, key, "Typed-5528", '"credentials"', "__PWRD__"]) {
        assert.equal(text.toLowerCase().includes(secret.toLowerCase()), false, `${secret} is in ${text}`);
      }
    };
    check(await exported());
    await page.evaluate(() => {
      RED.editor.editConfig("", "dlms-meter", "meter");
    });
    await dialogOpened(page);
    await page.locator("#node-config-input-password").fill("Typed-5528");
    await page.locator("#node-config-dialog-ok").click();
    await page.locator(".red-ui-tray").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => RED.nodes.dirty()), true);
    check(await exported());
  });
});
