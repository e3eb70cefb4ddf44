import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { NodeRedProcess, freePort, root } from "../support/node-red-process";
import { aidon, cipheredPush, pushKeys } from "../nodes/push-frames";
import { dialogOpened, needsBrowser, openEditorPage } from "./browser";

const pictures = process.env.SCREENSHOTS;

/** A HAN port behind a TCP gateway: it sends the same push to every client that connects, and again on request. */
class HanPort {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.write(this.#frame());
  });
  readonly #frame: () => Buffer;

  constructor(frame: () => Buffer) {
    this.#frame = frame;
  }

  async listen(): Promise<number> {
    const port = await freePort();
    await new Promise<void>((done) => this.#server.listen(port, "127.0.0.1", done));
    return port;
  }

  push(): void {
    for (const socket of this.#sockets) socket.write(this.#frame());
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe("meters that push, in the browser", function () {
  this.timeout(240_000);
  let nodeRed: NodeRedProcess | undefined;
  let context: BrowserContext | undefined;
  let page: Page;
  let url = "";
  let counter = 1;
  const problems: string[] = [];
  const plain = new HanPort(aidon);
  const ciphered = new HanPort(() => cipheredPush({ counter: counter++ }));
  let plainPort = 0;
  let cipheredPort = 0;

  before(async function () {
    needsBrowser(this);
    plainPort = await plain.listen();
    cipheredPort = await ciphered.listen();
    const flow = [
      { id: "f1", type: "tab", label: "Flow 1" },
      {
        id: "d1",
        type: "debug",
        z: "f1",
        name: "values",
        active: true,
        tosidebar: true,
        console: false,
        complete: "payload",
        x: 420,
        y: 100,
        wires: [],
      },
      { id: "l1", type: "dlms-listen", z: "f1", version: 1, source: "", x: 200, y: 100, wires: [["d1"]] },
    ];
    nodeRed = new NodeRedProcess({ flow: JSON.stringify(flow), port: await freePort() });
    [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
    ({ context, page } = await openEditorPage(url, { problems }));
  });

  after(async () => {
    await context?.close();
    await nodeRed?.stop();
    plain.close();
    ciphered.close();
  });

  const input = (name: string) => page.locator(`#node-config-input-${name}`);
  const picture = async (name: string): Promise<void> => {
    if (pictures === undefined) return;
    mkdirSync(join(root, pictures), { recursive: true });
    await page.screenshot({ path: join(root, pictures, `${name}.png`) });
  };

  async function openSource(button: "add" | "edit"): Promise<void> {
    await page.waitForFunction(() => RED.nodes.node("l1") !== null && RED.nodes.node("l1") !== undefined);
    await page.evaluate(() => {
      RED.editor.edit(RED.nodes.node("l1"));
    });
    await dialogOpened(page);
    await page.locator(`#node-input-btn-source-${button}`).click();
    await page.locator("#dlms-push-dialog").waitFor();
    await dialogOpened(page);
  }

  it("fills in the preset of a country, and shows received data before the first deploy", async () => {
    await openSource("add");
    await input("preset").selectOption("noAidon");
    assert.equal(await input("baudRate").inputValue(), "2400");
    assert.equal(await input("serialMode").inputValue(), "8E1");
    assert.equal(await page.locator("#dlms-push-preset-keys").innerText(), "No keys needed.");
    // the port of the test is reached over TCP
    await input("from").selectOption("TCP_CONNECT");
    await input("port").fill(String(plainPort));
    await page.locator("#dlms-push-listen").click();
    const arrived = page.locator("#dlms-push-arrived > li").first();
    await arrived.waitFor();
    assert.match(
      await arrived.innerText(),
      /7359992000000001[\s\S]*not encrypted[\s\S]*Active power export \(-P\)\s+1146 W/,
    );
    await arrived.scrollIntoViewIfNeeded();
    await page.locator("#dlms-push-listen-stop").click();
  });

  it("shows the title of a ciphered meter, accepts its keys, and opens its pushes", async () => {
    await input("port").fill(String(cipheredPort));
    await input("framing").selectOption("AUTO");
    await page.locator("#dlms-push-listen").click();
    const item = page.locator("#dlms-push-arrived > li").first();
    await item.waitFor();
    await item.locator("button").click();
    const row = page.locator(".dlms-meter-row").first();
    assert.equal(await row.locator("input").nth(1).inputValue(), "5453540000000001");
    await page.locator("#dlms-push-listen-stop").click();
    await input("encryptionKey").fill("12");
    assert.match((await input("encryptionKey").getAttribute("class")) ?? "", /input-error/);
    await input("encryptionKey").fill(pushKeys.encryptionKey);
    await input("authenticationKey").fill(pushKeys.authenticationKey);
    await page.locator("#dlms-push-listen").click();
    const opened = page.locator(".dlms-push-view").first();
    await opened.waitFor();
    assert.match(
      await opened.innerText(),
      /TST00000001 · 5453540000000001[\s\S]*decrypted, authenticated[\s\S]*1001 W/,
    );
    await row.scrollIntoViewIfNeeded();
    await picture("push-source");
    await page.locator("#dlms-push-listen-stop").click();
  });

  it("sends the values after the deploy, and keeps the keys out of the flow", async () => {
    await page.locator("#node-config-dialog-ok").click();
    await page.locator("#dlms-push-dialog").waitFor({ state: "detached" });
    await page.locator("#node-dialog-ok").waitFor();
    await page.locator("#node-dialog-ok").click();
    await page.locator("#node-input-source").waitFor({ state: "detached" });
    await page.evaluate(() => {
      RED.actions.invoke("core:show-debug-tab");
    });
    await page.locator("#red-ui-header-button-deploy").click();
    const value = page.locator(".red-ui-debug-msg-payload").first();
    await value.waitFor();
    assert.match(await value.innerText(), /1\.0\.1\.7\.0\.255"?: 1001/);
    await page.locator(".red-ui-flow-node-status-label", { hasText: "values," }).waitFor();
    const flows = await page.evaluate(async () => (await fetch("flows")).text());
    assert.equal(flows.includes(pushKeys.encryptionKey), false);
    assert.ok(flows.includes('"systemTitle":"5453540000000001"'));
    ciphered.push();
    assert.deepEqual(problems, []);
  });

  it("shows that keys are stored, and listens beside the deployed source with them", async () => {
    await openSource("edit");
    assert.equal(await input("encryptionKey").inputValue(), "__PWRD__");
    await page.locator("#dlms-push-listen").click();
    await page.locator("#dlms-push-state", { hasText: "deployed source" }).waitFor();
    ciphered.push();
    await page.locator(".dlms-push-view").first().waitFor();
    assert.match(await page.locator(".dlms-push-view").first().innerText(), /decrypted, authenticated/);
    await page.locator("#node-config-dialog-cancel").click();
  });
});
