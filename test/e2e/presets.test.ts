import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { presets } from "../../nodes/admin/presets";
import { NodeRedProcess, freePort } from "../support/node-red-process";
import { needsBrowser, openDialog, openEditorPage } from "./browser";

const flow = [
  { id: "tab", type: "tab", label: "Flow 1" },
  { id: "meter", type: "dlms-meter", version: 2, framing: "HDLC", host: "127.0.0.1", physicalAddress: "42" },
];

describe("presets in the editor", function () {
  this.timeout(180_000);
  let nodeRed: NodeRedProcess | undefined;
  let context: BrowserContext | undefined;
  let page: Page;

  const values = (names: readonly string[]): Promise<Record<string, string>> =>
    page.evaluate(
      (fields) =>
        Object.fromEntries(
          fields.map((name) => [
            name,
            document.querySelector<HTMLInputElement>(`#node-config-input-${name}`)?.value ?? "?",
          ]),
        ),
      names,
    );

  before(async function () {
    needsBrowser(this);
    nodeRed = new NodeRedProcess({ flow: JSON.stringify(flow), port: await freePort() });
    const [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
    ({ context, page } = await openEditorPage(url));
    await openDialog(page, "dlms-meter");
    await page.locator('#dlms-meter-preset option[value="public"]').waitFor({ state: "attached" });
  });

  after(async () => {
    await context?.close();
    await nodeRed?.stop();
  });

  it("fill in their settings, and restore those that the previous preset changed", async () => {
    const touched = [...new Set(presets.flatMap((preset) => Object.keys(preset.values)))];
    const original = await values(touched);
    assert.equal(original.physicalAddress, "42");
    for (const preset of presets) {
      await page.locator("#dlms-meter-preset").selectOption(preset.id);
      assert.deepEqual(await values(touched), { ...original, ...preset.values }, preset.id);
      assert.ok((await page.locator("#dlms-meter-preset-source").innerText()).includes(preset.source), preset.id);
      const invalid = page.locator("#dlms-meter-dialog .input-error:not([type=hidden])");
      // only the meter's owner knows password and keys, so they stay empty
      for (const id of await invalid.evaluateAll((fields) => fields.map((field) => field.id))) {
        assert.match(id, /-(password|encryptionKey|authenticationKey)$/, preset.id);
      }
    }
    await page.locator("#dlms-meter-preset").selectOption("");
    assert.deepEqual(await values(touched), original);
  });

  it("keep later changes by hand", async () => {
    await page.locator("#dlms-meter-preset").selectOption("iskraReader");
    await page.locator("#node-config-input-physicalAddress").fill("59");
    await page.locator("#dlms-meter-preset").selectOption("");
    assert.deepEqual(await values(["physicalAddress", "clientAddress"]), {
      physicalAddress: "59",
      clientAddress: "16",
    });
  });
});
