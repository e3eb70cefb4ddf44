import assert from "node:assert/strict";
import { type AddressInfo, type Socket, createServer } from "node:net";
import type { BrowserContext, Page } from "playwright-core";
import { createMeter, householdDefinition } from "../../src/index";
import { NodeRedProcess, freePort } from "../support/node-red-process";
import { dialogOpened, needsBrowser, openDialog, openEditor, openEditorPage } from "./browser";

const password = "Tapir-4401-Fluss";

describe("the dialog of dlms-meter, in the languages of the editor", function () {
  this.timeout(180_000);
  let nodeRed: NodeRedProcess | undefined;
  let context: BrowserContext | undefined;
  let closeMeter: (() => Promise<void>) | undefined;
  let url = "";
  let port = 0;
  let page: Page;
  const problems: string[] = [];

  before(async function () {
    needsBrowser(this);
    const meter = createMeter({
      ...householdDefinition(),
      associations: [{ client: 16 }, { client: 17, mechanism: "lls", secret: password }],
    });
    const listener = await meter.listen({ host: "127.0.0.1", port: await freePort() });
    closeMeter = () => listener.close();
    port = listener.port;
    const flow = [
      { id: "f1", type: "tab", label: "Flow 1" },
      { ...{ id: "m1", type: "dlms-meter", version: 2, host: "127.0.0.1", port: String(port) }, timeout: "500" },
      {
        ...{ id: "r1", type: "dlms-read", z: "f1", version: 2, meter: "m1", mode: "attribute" },
        ...{ logicalName: "1-0:1.8.0*255", x: 200, y: 100, wires: [[]] },
      },
      // like an imported flow: without its secrets
      { ...{ id: "m3", type: "dlms-meter", version: 2, host: "127.0.0.1", port: "9" }, authentication: "LOW" },
      {
        ...{ id: "r3", type: "dlms-read", z: "f1", version: 2, meter: "m3", mode: "attribute" },
        ...{ logicalName: "1-0:1.8.0*255", x: 200, y: 300, wires: [[]] },
      },
      { id: "m2", type: "dlms-meter", version: 2, host: "127.0.0.1", port: String(await freePort()) },
      {
        ...{ id: "r2", type: "dlms-read", z: "f1", version: 2, meter: "m2", mode: "attribute" },
        ...{ logicalName: "1-0:1.8.0*255", x: 200, y: 200, wires: [[]] },
      },
    ];
    nodeRed = new NodeRedProcess({ flow: JSON.stringify(flow), port: await freePort() });
    [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
  });

  afterEach(async () => {
    await context?.close();
    context = undefined;
  });

  after(async () => {
    await nodeRed?.stop();
    await closeMeter?.();
  });

  const input = (name: string) => page.locator(`#node-config-input-${name}`);
  const steps = () => page.locator("#dlms-meter-test-steps > li");

  async function dialogIn(language: string, id?: string): Promise<void> {
    ({ context, page } = await openEditorPage(url, { language, problems }));
    await openDialog(page, "dlms-meter", id);
  }

  async function test(): Promise<string[]> {
    await page.locator("#dlms-meter-test").click();
    await page.locator("#dlms-meter-test-copy").waitFor();
    return steps().allInnerTexts();
  }

  it("shows the facts, the error and the advice of a connection test in German", async () => {
    await dialogIn("de");
    const passed = await test();
    assert.equal(passed.length, 5);
    assert.match(passed[0] ?? "", /^Leitung tcp 127\.0\.0\.1:\d+ ist offen\.$/);
    assert.match(
      passed[2] ?? "",
      /^Assoziation Client 16 ist assoziiert \(LN, Anfragen bis 1024 Bytes; .*\bget\b.*\)\.$/,
    );
    assert.match(passed[4] ?? "", /^Erstes Lesen 0-0:42\.0\.0\*255 gelesen: \S+$/);
    await input("clientAddress").fill("99");
    assert.equal(await steps().count(), 0, "other settings, other results");
    const refused = (await test()).at(-1) ?? "";
    assert.match(
      refused,
      /^Assoziation\s+Der Zähler hat die Assoziation abgelehnt\.\s+Einstellungen des Betreibers für Client 99 prüfen: /s,
    );
    assert.match(refused, /\nthe meter refused[^\n]*$/, "the technical sentence comes last");
    await input("port").fill("x");
    const invalid = await test();
    assert.match(invalid.join(), /^Einstellungen\s+Port: Eine ganze Zahl von 1 bis 65535/);
    await page.locator("#dlms-meter-find-serial").focus();
    await page.keyboard.press("Enter");
    const found = page.locator("#dlms-meter-find-list > li");
    await found.waitFor();
    assert.match(await found.innerText(), /^Port: Eine ganze Zahl/);
    await input("port").fill(String(port));
    assert.equal(await found.count(), 0);
  });

  it("reports in German why a meter cannot be browsed", async () => {
    await dialogIn("de");
    await page.locator("#node-config-dialog-cancel").click();
    await page.locator("#dlms-meter-dialog").waitFor({ state: "detached" });
    await page.evaluate(() => {
      RED.editor.edit(RED.nodes.node("r2"));
    });
    await dialogOpened(page);
    await page.locator("#dlms-read-browse").click();
    const problem = page.locator(".dlms-browser-note .dlms-problem");
    await problem.waitFor();
    assert.match(
      await problem.innerText(),
      /^Der Host hat die Verbindung abgelehnt\.\s+Host und Port prüfen, .*\s+tcp 127\.0\.0\.1:\d+: the host refused/s,
    );
  });

  it("reports it in Chinese", async () => {
    await dialogIn("zh-CN");
    assert.match((await test()).at(-1) ?? "", /^首次读取 已读取 0-0:42\.0\.0\*255：\S+$/);
    await input("port").fill(String(await freePort()));
    const [refused = ""] = await test();
    assert.match(refused, /^线路\s+主机拒绝了连接。\s+检查端口：通常为 4059/);
  });

  it("copies a report without address, name of the meter and secrets", async () => {
    await dialogIn("en-US");
    await input("clientAddress").fill("17");
    await input("authentication").selectOption("LOW");
    await input("password").fill(password);
    assert.equal((await test()).length, 5);
    await page.evaluate(() => {
      const { clipboard } = RED as unknown as { clipboard: { copyText: (text: string) => boolean } };
      clipboard.copyText = (text) => {
        document.body.dataset.copied = text;
        return true;
      };
    });
    await page.locator("#dlms-meter-test-copy").click();
    const text = (await page.evaluate(() => document.body.dataset.copied)) ?? "";
    assert.match(await page.locator("#dlms-meter-test-copied").innerText(), /^Copied/);
    assert.match(text, /^node-red-contrib-dlms [\d.]+, connection test\ntransportType: TCP\nclientAddress: 17\n/);
    assert.match(text, /\[ok\] line \(\d+ ms\): tcp \.\.\.:\d+ is open/);
    assert.match(text, /\[ok\] read \(\d+ ms\): read 0-0:42\.0\.0\*255: \.\.\.$/);
    assert.doesNotMatch(text, /127\.0\.0\.1|SIM|Tapir/);
  });

  it("works with the keyboard alone: finds the address, takes it, tests, folds, and is closed", async () => {
    await dialogIn("en-US");
    await input("serverAddress").fill("9");
    await page.locator("#dlms-meter-find-serial").focus();
    await page.keyboard.press("Enter");
    const take = page.locator("#dlms-meter-find-list button");
    await take.waitFor();
    assert.equal(await take.getAttribute("aria-label"), "Use: 1");
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.id ?? "");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "dlms-meter-find");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    assert.equal(await input("serverAddress").inputValue(), "1");
    assert.equal(await focused(), "node-config-input-serverAddress");
    await page.locator("#node-config-input-securityPolicy").focus();
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "dlms-meter-test");
    await page.keyboard.press("Enter");
    await page.locator("#dlms-meter-test-copy").waitFor();
    assert.equal(await focused(), "dlms-meter-test", "the focus stays while the test runs");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "dlms-meter-test-steps");
    assert.equal(await page.locator("#dlms-meter-test-steps").getAttribute("aria-live"), "polite");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "dlms-meter-test-copy");
    await page.keyboard.press("Tab");
    const fold = page.locator(".dlms-fold").first();
    await page.keyboard.press("Space");
    assert.equal(await fold.getAttribute("aria-expanded"), "true");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "node-config-input-timeout");
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll("#dlms-meter-dialog button")]
        .filter((button) => button.textContent?.trim() === "" && !button.getAttribute("aria-label"))
        .map(({ id }) => id),
    );
    assert.deepEqual(nameless, []);
    await page.keyboard.press("Control+Enter");
    await page.locator("#dlms-meter-dialog").waitFor({ state: "detached" });
  });

  it("stops a test that waits with Escape, and leaves the focus where it was", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => {
      socket.on("error", () => undefined).resume();
      sockets.push(socket);
    });
    await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
    const hungUp = new Promise<void>((ended) =>
      silent.once("connection", (socket: Socket) =>
        socket.once("close", () => {
          ended();
        }),
      ),
    );
    try {
      await dialogIn("en-US");
      await input("port").fill(String((silent.address() as AddressInfo).port));
      await input("timeout").evaluate((field) => ((field as HTMLInputElement).value = "60000"));
      await page.locator("#dlms-meter-test").focus();
      await page.keyboard.press("Enter");
      await steps().nth(1).waitFor();
      assert.equal(await page.locator("#dlms-meter-test").getAttribute("aria-disabled"), "true");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement?.id), "dlms-meter-test-stop");
      await page.keyboard.press("Escape");
      await page.locator("#dlms-meter-test-stop").waitFor({ state: "hidden" });
      assert.equal(await page.evaluate(() => document.activeElement?.id), "dlms-meter-test");
      assert.deepEqual(await steps().count(), 2, "what was found stays");
      await hungUp;
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  /** The problems of the meter as the editor sees them. */
  const errors = (): Promise<string[]> =>
    page.evaluate(() => {
      let found: string[] = [];
      RED.nodes.eachConfig((node) => {
        if (node.id === "m1") found = (node as unknown as { validationErrors?: string[] }).validationErrors ?? [];
      });
      return found;
    });

  it("still marks a deployed key of the wrong length after the editor is opened again", async () => {
    await dialogIn("en-US");
    // the counter is read by client 16
    await input("clientAddress").fill("1");
    await input("securityPolicy").selectOption("AUTHENTICATED_ENCRYPTED");
    await input("encryptionKey").fill("000102030405060708090A0B0C0D0E");
    await input("authenticationKey").fill("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF");
    await page.locator("#node-config-dialog-ok").click();
    await page.locator("#dlms-meter-dialog").waitFor({ state: "detached" });
    const deployed = page.waitForResponse((response) => response.url().endsWith("/flows") && response.ok());
    await page.locator("#red-ui-header-button-deploy").click();
    // Node-RED asks whether nodes that are not configured properly may be deployed
    await page.locator(".red-ui-notification button", { hasText: "Confirm deploy" }).click();
    const sent = (await deployed).request().postData() ?? "";
    assert.match(sent, /"secretSizes":"encryptionKey:HEX:15 authenticationKey:HEX:16"/);
    await openEditor(page, url);
    // the flow is loaded and checked after the nodes
    await page.waitForFunction(() => {
      let wrong = false;
      RED.nodes.eachConfig((node) => (wrong ||= (node as unknown as { valid?: boolean }).valid === false));
      return wrong;
    });
    assert.deepEqual(await errors(), ["GUEK: 15 bytes instead of 16"]);
    await openDialog(page, "dlms-meter");
    await page.locator("#node-config-input-encryptionKey.input-error").waitFor();
    assert.equal(await input("encryptionKey").inputValue(), "__PWRD__");
    await input("encryptionKey").fill("000102030405060708090A0B0C0D0E0F");
    await page.keyboard.press("Tab");
    await page.locator("#node-config-input-encryptionKey:not(.input-error)").waitFor();
    await input("securitySuite").selectOption("2");
    assert.match(
      await page.locator("#dlms-meter-key-length").innerText(),
      /GUEK: 16 bytes instead of 32; GAK: 16 bytes/,
    );
    await input("securitySuite").selectOption("0");
    await page.locator("#node-config-dialog-ok").click();
    await page.locator("#dlms-meter-dialog").waitFor({ state: "detached" });
    assert.deepEqual(await errors(), []);
  });

  it("marks a meter without its password, on the node and in the dialog, until one is entered", async () => {
    await dialogIn("en-US", "m3");
    await page.waitForFunction(
      () => (RED.nodes.node("r3") as { valid?: boolean }).valid === false && RED.nodes.node("m3") !== null,
    );
    const note = page.locator("#dlms-meter-password-problem");
    assert.equal(await note.innerText(), "Password is required");
    await page.locator("#node-config-input-password.input-error").waitFor();
    await input("password").fill("a");
    await page.locator("#node-config-input-password:not(.input-error)").waitFor();
    assert.equal(await note.innerText(), "");
    await input("password").fill("");
    await input("authentication").selectOption("NONE");
    await page.locator("#node-config-dialog-ok").click();
    await page.locator("#dlms-meter-dialog").waitFor({ state: "detached" });
    await page.waitForFunction(() => (RED.nodes.node("r3") as { valid?: boolean }).valid === true);
  });

  it("offers the ports that were found, and keeps a path that was typed", async () => {
    await dialogIn("en-US");
    const path = "/dev/serial/by-id/usb-FTDI-if00-port0";
    await page.route("**/dlms/serial-ports", (route) => route.fulfill({ json: [{ path, label: "FTDI adapter" }] }));
    await input("transportType").selectOption("SERIAL");
    const find = page.locator("#dlms-meter-find-ports");
    const found = page.locator("#dlms-meter-ports-note button", { hasText: path });
    await input("serialPort").fill("/dev/ttyAMA0");
    await find.click();
    await found.waitFor();
    assert.equal(await input("serialPort").inputValue(), "/dev/ttyAMA0");
    await found.click();
    assert.equal(await input("serialPort").inputValue(), path);
    await input("serialPort").fill("");
    await find.click();
    await page.waitForFunction((wanted) => {
      const field = document.querySelector("#node-config-input-serialPort");
      return (field as HTMLInputElement).value === wanted;
    }, path);
  });

  it("made no error in the page", () => {
    assert.deepEqual(problems, []);
  });
});
