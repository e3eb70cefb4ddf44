import assert from "node:assert/strict";
import { mkdirSync, writeFileSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { createMeter, householdDefinition } from "../../src/index";
import { NodeRedProcess, freePort, root } from "../support/node-red-process";
import { dialogOpened, needsBrowser, openEditorPage } from "./browser";

const pictures = process.env.SCREENSHOTS;

describe("a person's way in the editor", function () {
  this.timeout(180_000);
  let nodeRed: NodeRedProcess | undefined;
  let context: BrowserContext | undefined;
  let meter: { port: number; close(): Promise<void> } | undefined;
  let page: Page;
  const problems: string[] = [];

  async function picture(name: string): Promise<void> {
    if (pictures === undefined) return;
    mkdirSync(join(root, pictures), { recursive: true });
    await page
      .locator(".red-ui-tray")
      .last()
      .screenshot({ path: join(root, pictures, `${name}.png`) });
  }

  async function drag(type: string, x: number, y: number): Promise<void> {
    const source = page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
    await source.scrollIntoViewIfNeeded();
    await source.dragTo(page.locator("#red-ui-workspace-chart"), { targetPosition: { x, y } });
  }

  async function open(type: string): Promise<void> {
    await page.evaluate((wanted) => {
      RED.nodes.eachNode((node) => {
        if (node.type === wanted) RED.editor.edit(node);
      });
    }, type);
    await page.locator("#dlms-read-dialog").waitFor();
    await dialogOpened(page);
    await page.locator("#dlms-read-dialog .red-ui-typedInput-container").first().waitFor({ state: "attached" });
  }

  function inSight(place: Locator): Promise<boolean> {
    return place.evaluate((element) => {
      const frame = element.closest(".red-ui-tray-body")?.getBoundingClientRect();
      const { top, bottom } = element.getBoundingClientRect();
      return frame !== undefined && top >= frame.top && bottom <= frame.bottom + 1;
    });
  }

  async function done(): Promise<void> {
    await page.locator("#node-dialog-ok").click();
    await page.locator("#dlms-read-dialog").waitFor({ state: "detached" });
  }

  async function deploy(): Promise<void> {
    const answered = page.waitForResponse(
      (response) => response.url().endsWith("/flows") && response.request().method() === "POST",
    );
    await page.locator("#red-ui-header-button-deploy").click();
    assert.ok((await answered).ok());
  }

  before(async function () {
    needsBrowser(this);
    meter = await createMeter(householdDefinition()).listen();
    nodeRed = new NodeRedProcess({
      flow: '[{ "id": "empty", "type": "tab", "label": "Flow 1" }]',
      port: await freePort(),
    });
    const [, url = ""] = await nodeRed.until(/is at {2}(\S+)/);
    ({ context, page } = await openEditorPage(url, { problems }));
  });

  after(async () => {
    await context?.close();
    await nodeRed?.stop();
    await meter?.close();
  });

  it("drags a read node into an empty flow and makes its meter", async () => {
    await drag("dlms-read", 250, 150);
    await open("dlms-read");
    await page.locator("#dlms-read-browse").click();
    await page.locator(".dlms-browser-error", { hasText: "Choose a meter first." }).waitFor();
    await page.locator("#node-input-btn-meter-add").click();
    await page.locator("#dlms-meter-dialog").waitFor();
    await dialogOpened(page);
    await page.locator("#node-config-input-name").fill("house");
    await page.locator("#node-config-input-host").fill("127.0.0.1");
    await page.locator("#node-config-input-port").fill("70000");
    await page.keyboard.press("Tab");
    await page.locator("#node-config-input-port.input-error").waitFor();
    await page.locator("#node-config-input-port").fill(String(meter?.port));
    await page.keyboard.press("Tab");
    await page.locator("#node-config-input-port:not(.input-error)").waitFor();
    await page.locator("#dlms-meter-preset").selectOption("public");
    await page.locator("#dlms-meter-preset-source", { hasText: "Green Book" }).waitFor();
    assert.equal(await page.locator("#node-config-input-clientAddress").inputValue(), "16");
    const steps = page.locator("#dlms-meter-test-steps > li");
    await page.locator("#dlms-meter-test").click();
    await steps.filter({ hasText: "First read" }).waitFor();
    assert.ok(await inSight(steps.last()), "the result is not below the edge of the dialog");
    await page.locator("#node-config-input-clientAddress").fill("17");
    assert.equal(await steps.count(), 0, "the result of other settings does not stay");
    await page.locator("#node-config-input-clientAddress").fill("16");
    await page.locator("#node-config-dialog-ok").click();
    await page.locator("#dlms-meter-dialog").waitFor({ state: "detached" });
    await page.locator(".dlms-browser").waitFor({ state: "hidden" });
    // the meter is not deployed yet, so the dialog reads it with the typed settings
    await page.locator("#dlms-read-browse").click();
    await page.locator(".dlms-browser-note", { hasText: /\d+ objects/ }).waitFor();
    await page.locator(".dlms-browser-search").fill("voltage l1");
    const early = page.locator(".dlms-browser-row", { hasText: "1-0:32.7.0*255" });
    await early.click();
    await early.locator(".dlms-browser-value", { hasText: /^2\d\d(\.\d)? V$/ }).waitFor();
    await page.locator("#node-input-mode").selectOption("profile");
    await page.locator("#dlms-read-browse").click();
    assert.equal(await page.locator(".dlms-browser-search").inputValue(), "", "a search of another list is over");
    await page.locator(".dlms-browser-row", { hasText: "Electricity" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#dlms-read-columns").click();
    await page.locator("#dlms-read-columns-panel label", { hasText: "Clock" }).waitFor();
    await page.locator("#node-input-mode").selectOption("attribute");
    await done();
    await deploy();
  });

  it("browses the meter: search, groups, the value on a click, and fills in the chosen object", async () => {
    await open("dlms-read");
    await page.locator("#dlms-read-browse").click();
    await page.locator(".dlms-browser-note", { hasText: /\d+ objects/ }).waitFor();
    const tree = page.locator(".dlms-browser-tree");
    await tree.getByText("Electricity", { exact: true }).waitFor();
    await page.locator(".dlms-browser-search").fill("voltage l2");
    const row = tree.locator(".dlms-browser-row", { hasText: "1-0:52.7.0*255" });
    await row.click();
    await row.locator(".dlms-browser-value", { hasText: /^2\d\d(\.\d)? V$/ }).waitFor();
    await page.locator("#dlms-read-obis-label", { hasText: "Voltage L2" }).waitFor();
    await picture("browse");
    // the answer arrives after the tree was redrawn, so the row is looked up again
    await page.locator(".dlms-browser-search").fill("voltage l");
    const third = tree.locator(".dlms-browser-row", { hasText: "1-0:72.7.0*255" });
    await third.waitFor();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route("**/dlms/meters/*/read", async (route) => {
      await held;
      await route.continue();
    });
    await third.click();
    await page.locator(".dlms-browser-search").fill("voltage");
    await page.locator(".dlms-browser-note", { hasText: "3 of" }).waitFor();
    await page.locator(".dlms-browser-search").fill("voltage l3");
    await page.locator(".dlms-browser-note", { hasText: "1 of" }).waitFor();
    release();
    await third.locator(".dlms-browser-value", { hasText: /^2\d\d(\.\d)? V$/ }).waitFor();
    await page.unroute("**/dlms/meters/*/read");
    await page.locator(".dlms-browser-search").fill("voltage l2");
    await row.click();
    const labels = page.locator("#dlms-read-dialog .red-ui-typedInput-option-label:visible");
    await labels.filter({ hasText: "Register (3)" }).waitFor();
    assert.equal(await page.locator("#node-input-logicalName").inputValue(), "1-0:52.7.0*255");
    // another class, another attribute
    await page.locator(".dlms-browser-search").fill("clock");
    await tree.locator(".dlms-browser-row", { hasText: "0-0:1.0.0*255" }).locator("i").click();
    await tree.locator(".dlms-browser-row", { hasText: "time_zone" }).click();
    await labels.filter({ hasText: "Clock (8)" }).waitFor();
    await labels.filter({ hasText: "3 time_zone" }).waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".dlms-browser-search").inputValue(), "");
    await page.keyboard.press("Escape");
    await page.locator(".dlms-browser").waitFor({ state: "hidden" });
    assert.ok(await page.locator("#dlms-read-dialog").isVisible(), "Escape closed the tree, not the dialog");
  });

  it("works with the keyboard alone: opens, searches, moves in the tree, chooses three values, adds them", async () => {
    await page.locator("#node-input-mode").focus();
    // not the class that is known for this code
    await page.evaluate(() => {
      const dialog = globalThis as unknown as { $(selector: string): { typedInput(...values: string[]): void } };
      dialog.$("#node-input-objectType").typedInput("value", "DATA");
      dialog.$("#node-input-attributeId").typedInput("value", "1");
    });
    await page.locator("#node-input-mode").selectOption("profile");
    assert.equal(await page.locator("#node-input-logicalName").inputValue(), "1-0:99.1.0*255");
    await page.locator("#node-input-mode").selectOption("attribute");
    assert.equal(await page.locator("#node-input-logicalName").inputValue(), "0-0:1.0.0*255");
    await page.locator("#node-input-mode").selectOption("list");
    assert.equal(
      await page.locator(".dlms-point-obis").inputValue(),
      "0-0:1.0.0*255",
      "the first row of an empty list",
    );
    assert.equal(await page.locator(".dlms-point-type").inputValue(), "DATA");
    assert.equal(await page.locator(".dlms-point-attribute").inputValue(), "1");
    await page.locator("#dlms-read-browse").focus();
    await page.keyboard.press("Enter");
    await page.locator(".dlms-browser-note", { hasText: /\d+ objects/ }).waitFor();
    await page.keyboard.type("active power import");
    await page.locator(".dlms-browser-note", { hasText: /\d+ of \d+/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    const focused = page.locator(".dlms-browser-tree li:focus");
    assert.equal(await focused.getAttribute("aria-level"), "1");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await focused.getAttribute("aria-expanded"), "false", "left folds a branch");
    await page.keyboard.press("ArrowRight");
    let chosen = 0;
    for (let steps = 0; steps < 20 && chosen < 3; steps++) {
      await page.keyboard.press("ArrowDown");
      if ((await focused.getAttribute("aria-level")) === "3") {
        await page.keyboard.press("Space");
        chosen++;
      } else await page.keyboard.press("ArrowRight");
    }
    const add = page.locator(".dlms-browser-add", { hasText: "Add 3 values" });
    await add.waitFor();
    await page
      .locator(".dlms-browser-tree [aria-selected=true] .dlms-browser-value", { hasText: /\d W$/ })
      .nth(1)
      .waitFor();
    await picture("browse-list");
    await page.keyboard.press("Tab");
    assert.ok(await add.evaluate((button) => button === document.activeElement));
    await page.keyboard.press("Enter");
    await page.locator(".dlms-point-obis").nth(3).waitFor();
    assert.equal(await page.locator(".dlms-point-obis").count(), 4);
    const codes = (): Promise<string[]> =>
      page
        .locator(".dlms-point-obis")
        .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    const [first = "", second = "", ...rest] = await codes();
    await page.locator(".dlms-point-name").nth(1).focus();
    await page.keyboard.press("Alt+ArrowUp");
    assert.deepEqual(await codes(), [second, first, ...rest], "a row moves up");
    await page.keyboard.press("Alt+ArrowUp");
    assert.deepEqual(await codes(), [second, first, ...rest], "and stays at the top");
    await page.keyboard.press("Alt+ArrowDown");
    assert.deepEqual(await codes(), [first, second, ...rest], "with the keyboard in it");
  });

  it("exports and imports the list as CSV, and names an invalid row", async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.locator("#dlms-read-csv-export").click(),
    ]);
    const csv = readFileSync(await download.path(), "utf8");
    assert.equal(csv.split("\r\n").length, 6, "a head line, four values, an end");
    assert.match(csv, /^name,logicalName,objectType,attributeId\r\n/);
    const file = join(mkdtempSync(join(tmpdir(), "dlms-csv-")), "points.csv");
    const rows = [
      ...["name;obis;type;attribute", '"Clock; the meter\'s";0-0:1.0.0*255;CLOCK;', "wrong;1-0;REGISTER;2"],
      ...["wrong;1-0:1.8.0*255;REGISTR;2", "wrong;1-0:1.8.0*255;3;time", "wrong;1-0:1.8.0*255;;0"],
    ];
    writeFileSync(file, rows.join("\n"));
    await page.locator("#dlms-read-csv-file").setInputFiles(file);
    const reasons = [
      ...["1 value imported. Row 3: no OBIS code", "Row 4: A class name like REGISTER, or a number from 0 to 65535"],
      "Row 5: Register has no attribute time: choose one, or give a number from -128 to 127 except 0",
      "Row 6: A whole number from -128 to 127 except 0, or an attribute name like value",
    ];
    await page.locator("#dlms-read-csv-note", { hasText: reasons.join(" ") }).waitFor();
    assert.equal(await page.locator(".dlms-point-obis").count(), 5);
    assert.equal(await page.locator(".dlms-point-name").nth(4).inputValue(), "Clock; the meter's");
    assert.equal(await page.locator(".dlms-point-type").nth(4).inputValue(), "CLOCK");
  });

  it("shows the error of a row below it, and accepts any type and attribute, with the keyboard alone", async () => {
    const row = page.locator("#node-input-points-container > li").last();
    const note = row.locator(".dlms-row-problem");
    const said = async (field: string, text: string): Promise<void> => {
      await note.filter({ hasText: text }).waitFor();
      const wrong = row.locator(`${field}[aria-invalid=true]:visible`);
      assert.equal(await wrong.getAttribute("aria-describedby"), await note.getAttribute("id"));
    };
    const right = (): Promise<void> => note.filter({ hasText: /^$/ }).waitFor({ state: "attached" });
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.className ?? "");
    const other = async (field: string): Promise<void> => {
      await row.locator(field).focus();
      await page.keyboard.press("End");
      await row.locator(`${field}-other`).waitFor();
      assert.match(await focused(), /dlms-point-other/);
    };
    const obis = row.locator(".dlms-point-obis");
    await obis.fill("1-0:1");
    await page.keyboard.press("Tab");
    await said(".dlms-point-obis", "Not an OBIS code");
    assert.equal(await row.locator(".dlms-point-type").getAttribute("aria-invalid"), null);
    await obis.fill("0-0:1.0.0*255");
    await right();

    await other(".dlms-point-type");
    await page.keyboard.type("80000");
    await page.keyboard.press("Enter");
    await said(".dlms-point-type", "a number from 0 to 65535");
    assert.match(await focused(), /dlms-point-type/, "the keyboard stays with the field");
    await other(".dlms-point-type");
    await page.keyboard.type("register");
    await page.keyboard.press("Escape");
    assert.equal(await row.locator(".dlms-point-type").inputValue(), "80000", "Escape leaves it as it was");
    assert.ok(await page.locator("#dlms-read-dialog").isVisible());
    await other(".dlms-point-type");
    await page.keyboard.type("8192");
    await page.keyboard.press("Tab");
    await right();
    assert.equal(await row.locator(".dlms-point-type").inputValue(), "8192");
    assert.match(await focused(), /dlms-point-attribute/, "Tab goes on to the next field");

    await other(".dlms-point-attribute");
    await page.keyboard.type("-1");
    await page.keyboard.press("Tab");
    await right();
    assert.equal(await row.locator(".dlms-point-attribute").inputValue(), "-1");
    await other(".dlms-point-attribute");
    await page.keyboard.type("time");
    await page.keyboard.press("Enter");
    await said(".dlms-point-attribute", "8192 has no attribute time");
    await other(".dlms-point-type");
    await page.keyboard.type("clock");
    await page.keyboard.press("Enter");
    await right();
    assert.equal(await row.locator(".dlms-point-type").inputValue(), "CLOCK", "a name is found again in the list");
    assert.equal(await row.locator(".dlms-point-attribute").inputValue(), "2");

    const name = row.locator(".dlms-point-name");
    await name.fill(await page.locator(".dlms-point-name").nth(1).inputValue());
    await page.keyboard.press("Tab");
    await said(".dlms-point-name", "is used twice");
    await name.fill("Clock; the meter's");
    await right();
  });

  it("shows where and why an input is wrong, also on the node", async () => {
    await page.locator("#node-input-interval").fill("1.5");
    await page.keyboard.press("Tab");
    await page.locator("#node-input-interval.input-error").waitFor();
    await page.locator("#node-input-interval").hover();
    await page.getByText("Whole seconds from 0 to 604800 (a week)").first().waitFor();
    await page.locator("#node-input-interval").fill("1");
    await page.locator("#node-input-split").uncheck();
  });

  it("has room for each setting in its row, also beside a scrollbar", async () => {
    await page.locator("#dlms-read-browse").click();
    await page.locator(".dlms-browser-note", { hasText: /\d+ objects/ }).waitFor();
    for (const name of ["interval", "spread", "giveUpAfter"]) {
      const row = page.locator("#dlms-read-dialog .form-row", { has: page.locator(`#node-input-${name}`) });
      const { height } = (await row.boundingBox()) ?? { height: 0 };
      assert.ok(height > 20 && height < 50, `${name}: ${height} px`);
    }
  });

  it("shows the few objects of a small meter without a click on each group", async () => {
    assert.equal(await page.locator(".dlms-browser-tree [aria-level='2'][aria-expanded=false]").count(), 0);
    await page.locator(".dlms-browser-row", { hasText: "1-0:32.7.0*255" }).waitFor();
  });

  it("deploys the last choice, reads at its own interval, and shows the values", async () => {
    await page.locator(".dlms-browser-row", { hasText: "1-0:52.7.0*255" }).click();
    await page.locator(".dlms-browser-add", { hasText: /^Add 1 value$/ }).waitFor();
    await done();
    await drag("debug", 520, 150);
    const port = (kind: string): Locator => page.locator(`.red-ui-flow-port-${kind} .red-ui-flow-port`);
    await port("output").first().dragTo(port("input").last());
    await page.evaluate(() => {
      RED.actions.invoke("core:show-debug-tab");
    });
    await deploy();
    await page.locator(".red-ui-flow-node-status-label", { hasText: "6 values" }).waitFor();
    await page.locator(".red-ui-debug-msg-payload").nth(1).waitFor();
    assert.match(await page.locator(".red-ui-debug-msg-payload").last().innerText(), /Clock; the meter's: "20\d\d-/);
  });

  it("chooses the columns of a profile from the meter, and a period", async () => {
    await open("dlms-read");
    await page.locator("#node-input-mode").selectOption("profile");
    assert.equal(await page.locator("#node-input-logicalName").inputValue(), "1-0:99.1.0*255");
    assert.equal(await page.locator("#node-input-rangeKind").inputValue(), "period", "not all of a full profile");
    assert.equal(await page.locator("#dlms-read-period").inputValue(), "day");
    await page.locator("#dlms-read-browse").click();
    const row = page.locator(".dlms-browser-row", { hasText: "1-0:99.1.0*255" });
    await page.locator(".dlms-browser-search").fill("99.1.0");
    await row.dblclick();
    await page.locator(".dlms-browser").waitFor({ state: "hidden" });
    await page.locator("#node-input-rangeKind").selectOption("time");
    await page.locator("#dlms-read-from").fill("yesterday");
    const note = page.locator("#dlms-read-times-note", { hasText: "a time like" });
    assert.notEqual(
      await note.evaluate((element) => getComputedStyle(element).color),
      await page.locator("#dlms-read-obis-label").evaluate((element) => getComputedStyle(element).color),
      "a problem has another colour than a note",
    );
    await page.locator("#node-input-rangeKind").selectOption("period");
    await page.locator("#dlms-read-period").selectOption("day");
    await page.locator("#dlms-read-columns").click();
    await page.locator("#dlms-read-columns-panel label", { hasText: "1.0.1.8.0.255" }).locator("input").check();
    await page.locator("#dlms-read-columns-panel label", { hasText: "0.0.1.0.0.255" }).locator("input").check();
    assert.equal(await page.locator("#node-input-columns").inputValue(), "1.0.1.8.0.255, 0.0.1.0.0.255");
    await picture("profile");
    await done();
    await deploy();
    await page.locator(".red-ui-flow-node-status-label", { hasText: /^9[4-7] rows$/ }).waitFor();
  });

  it("made no error in the page", () => {
    assert.deepEqual(problems, []);
  });
});
