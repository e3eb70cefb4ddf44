import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { NodeRedProcess, freePort, root } from "../support/node-red-process";
import { dialogOpened, needsBrowser, openDialog, openEditorPage } from "./browser";

/** `npm run screenshots` keeps the pictures of the README. */
const pictures = process.env.SCREENSHOTS;

describe("the editor in a browser", function () {
  this.timeout(180_000);
  let nodeRed: NodeRedProcess | undefined;
  let context: BrowserContext | undefined;
  let page: Page;
  const problems: string[] = [];
  const outside: string[] = [];

  async function picture(name: string, selector?: string): Promise<void> {
    if (pictures === undefined) return;
    await page.addStyleTag({ content: ".red-ui-notification { display: none !important; }" });
    mkdirSync(join(root, pictures), { recursive: true });
    const path = join(root, pictures, `${name}.png`);
    if (selector === undefined) await page.screenshot({ path });
    else await page.locator(selector).last().screenshot({ path });
  }

  async function importExample(name: string): Promise<void> {
    await page.evaluate(() => {
      RED.actions.invoke("core:show-examples-import-dialog");
    });
    const row = page.locator(".red-ui-treeList-label:visible");
    await row.filter({ hasText: "node-red-contrib-dlms" }).first().click();
    await row.filter({ hasText: name }).first().click();
    await page.locator("#red-ui-clipboard-dialog-ok").click();
  }

  before(async function () {
    needsBrowser(this);
    nodeRed = new NodeRedProcess({
      flow: '[{ "id": "empty", "type": "tab", "label": "Flow 1" }]',
      port: await freePort(),
    });
    const [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
    ({ context, page } = await openEditorPage(url, { problems, outside }));
  });

  after(async () => {
    await context?.close();
    await nodeRed?.stop();
  });

  it("imports the first example from the menu", async () => {
    await importExample("01-first-value");
    await page.waitForFunction(() => {
      let count = 0;
      RED.nodes.eachNode((node) => {
        if (node.type === "dlms-read") count++;
      });
      return count === 1;
    });
  });

  it("shows values in the debug sidebar and green statuses after a deploy", async () => {
    await page.evaluate(() => {
      RED.actions.invoke("core:show-debug-tab");
    });
    await page.locator(".red-ui-tab-label", { hasText: "First value" }).click();
    await page.locator("#red-ui-header-button-deploy").click();
    await page.locator(".red-ui-debug-msg-payload").nth(1).waitFor();
    const text = await page.locator(".red-ui-debug-msg-payload").first().innerText();
    assert.match(text, /^2[0-9]{2}(\.\d)?$/, "a voltage");
    await page.locator(".red-ui-flow-node-status-label", { hasText: /^2\d\d(\.\d)? V$/ }).waitFor();
    await page.locator(".red-ui-flow-node-status-label", { hasText: "listening on 4059" }).waitFor();
    await picture("first-value");
  });

  it("opens the dialog of dlms-read, with lists that follow the object type", async () => {
    await openDialog(page, "dlms-read");
    await page.locator("#dlms-read-obis-label", { hasText: "Voltage L1" }).waitFor();
    const labels = page.locator("#dlms-read-dialog .red-ui-typedInput-option-label:visible");
    await labels.filter({ hasText: "Register (3)" }).waitFor();
    await labels.filter({ hasText: "2 value" }).waitFor();
    await picture("dlms-read", ".red-ui-tray");
    await page.locator("#node-input-mode").selectOption("list");
    await page.getByText("add value").click();
    const codes = page.locator(".dlms-point-obis");
    assert.equal(await codes.count(), 2, "the code that stood there, and an empty row");
    await codes.last().fill("1-0:1.8.0*255");
    assert.equal(await page.locator(".dlms-point-type").last().inputValue(), "REGISTER");
    await codes.last().fill("energy");
    await page.keyboard.press("Tab");
    await page.locator(".dlms-row-problem:not(:empty)").waitFor();
    assert.match((await codes.last().getAttribute("class")) ?? "", /input-error/);
    await page.locator("#node-input-mode").selectOption("profile");
    await page.locator("#node-input-rangeKind").waitFor();
    await page.locator("#node-dialog-cancel").click();
    await page.locator("#node-dialog-cancel").waitFor({ state: "detached" });
  });

  it("opens the dialog of dlms-meter, which shows the bytes of the address and only the fields in use", async () => {
    await openDialog(page, "dlms-meter");
    await page.locator("#dlms-meter-dialog").waitFor();
    assert.equal(await page.locator("#node-config-input-serialPort").isVisible(), false);
    assert.equal(await page.locator("#node-config-input-password").isVisible(), false);
    await picture("dlms-meter", ".red-ui-tray");
    await page.locator("#node-config-input-framing").selectOption("HDLC");
    await page.locator("#node-config-input-physicalAddress").fill("17");
    assert.equal(await page.locator("#dlms-meter-preview").innerText(), "02 23");
    await page.locator("#node-config-input-addressSize").selectOption("4");
    assert.equal(await page.locator("#dlms-meter-preview").innerText(), "00 02 00 23");
    const unusual = page.locator("#dlms-meter-serial-wrapper");
    await page.locator("#node-config-input-transportType").selectOption("SERIAL");
    assert.equal(await unusual.isVisible(), false);
    await page.locator("#node-config-input-framing").selectOption("WRAPPER");
    assert.match(await unusual.innerText(), /^Unusual/);
    await page.locator("#node-config-input-transportType").selectOption("TCP");
    assert.equal(await unusual.isVisible(), false);
    await page.locator("#node-config-input-framing").selectOption("HDLC");
    await page.locator("#node-config-input-authentication").selectOption("LOW");
    assert.equal(await page.locator("#node-config-input-password").isVisible(), true);
    await page.locator("#node-config-input-securityPolicy").selectOption("AUTHENTICATED_ENCRYPTED");
    await page.locator("#node-config-input-encryptionKey").fill("00 11 22");
    assert.match(await page.locator("#dlms-meter-key-length").innerText(), /GUEK: 3 bytes instead of 16/);
    await picture("dlms-meter-hdlc", ".red-ui-tray");
    await page.locator("#node-config-dialog-cancel").click();
    await page.locator("#dlms-meter-dialog").waitFor({ state: "detached" });
  });

  /** The problems of the meter, and whether the node that reads by it has a triangle. */
  function validity(): Promise<{ errors: string[]; reader: boolean | undefined }> {
    return page.evaluate(() => {
      const found: { errors: string[]; reader: boolean | undefined } = { errors: [], reader: undefined };
      RED.nodes.eachConfig((node) => {
        if (node.type !== "dlms-meter") return;
        found.errors = (node as unknown as { validationErrors?: string[] }).validationErrors ?? [];
      });
      RED.nodes.eachNode((node) => {
        if (node.type === "dlms-read") found.reader = (node as unknown as { valid?: boolean }).valid;
      });
      return found;
    });
  }

  async function saveMeter(): Promise<void> {
    await page.locator("#node-config-dialog-ok").click();
    await page.locator("#dlms-meter-dialog").waitFor({ state: "detached" });
  }

  it("keeps a key of the wrong length visible on the node after OK", async () => {
    const key = (name: string, value: string): Promise<void> => page.locator(`#node-config-input-${name}`).fill(value);
    await openDialog(page, "dlms-meter");
    // the counter is read by client 16, so the meter's client is another one
    await key("clientAddress", "1");
    await page.locator("#node-config-input-securityPolicy").selectOption("AUTHENTICATED_ENCRYPTED");
    await key("encryptionKey", "000102030405060708090A0B0C0D0E");
    await key("authenticationKey", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDG");
    await key("broadcastKey", "${GBEK}");
    await saveMeter();
    assert.deepEqual(await validity(), {
      errors: ["GUEK: 15 bytes instead of 16; GAK: hex digits must come in pairs"],
      reader: false,
    });
    await openDialog(page, "dlms-meter");
    await page.locator("#node-config-input-encryptionKey.input-error").waitFor();
    await key("encryptionKey", "000102030405060708090A0B0C0D0E0F");
    await key("authenticationKey", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF");
    await page.keyboard.press("Tab");
    await page.locator("#node-config-input-keyFormat:not(.input-error)").waitFor();
    await saveMeter();
    assert.deepEqual(await validity(), { errors: [], reader: true });
    // a placeholder stands for a stored secret, and is valid; without a policy no keys are required
    await openDialog(page, "dlms-meter");
    await key("encryptionKey", "__PWRD__");
    await page.keyboard.press("Tab");
    assert.equal(await page.locator("#dlms-meter-key-length").innerText(), "");
    await key("clientAddress", "16");
    await key("encryptionKey", "");
    await key("authenticationKey", "");
    await key("broadcastKey", "");
    await page.locator("#node-config-input-securityPolicy").selectOption("NONE");
    await page.locator("#node-config-input-authentication").selectOption("LOW");
    await page.locator("#node-config-input-passwordFormat").selectOption("HEX");
    await key("password", "123");
    await saveMeter();
    assert.deepEqual(await validity(), { errors: ["Password: hex digits must come in pairs"], reader: false });
    await openDialog(page, "dlms-meter");
    await key("password", "");
    await page.locator("#node-config-input-passwordFormat").selectOption("TEXT");
    await page.locator("#node-config-input-authentication").selectOption("NONE");
    await saveMeter();
    assert.deepEqual(await validity(), { errors: [], reader: true });
  });

  it("reads the household's list of the second example", async () => {
    await importExample("02-household-list");
    await page.locator(".red-ui-tab-label", { hasText: "Household list" }).click();
    await page.locator("#red-ui-header-button-deploy").click();
    await page.locator(".red-ui-flow-node-status-label", { hasText: "13 values" }).waitFor();
    await picture("household-list");
    await openDialogOfList();
    await page.locator(".dlms-point-name").nth(5).waitFor();
    await picture("dlms-read-list", ".red-ui-tray");
    await page.locator("#node-dialog-cancel").click();
  });

  async function openDialogOfList(): Promise<void> {
    await page.evaluate(() => {
      RED.nodes.eachNode((node) => {
        if (node.type === "dlms-read" && (node as unknown as { mode: string }).mode === "list") RED.editor.edit(node);
      });
    });
    await dialogOpened(page);
  }

  it("made no error in the page and no request to another machine", () => {
    assert.deepEqual(problems, []);
    assert.deepEqual(outside, []);
  });
});
