import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, type Page, chromium } from "playwright-core";

export const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Without a browser the specs are skipped with a reason; in CI that is a failure. */
export function needsBrowser(context: Mocha.Context): void {
  if (existsSync(chromiumPath)) return;
  const reason = `no browser at ${chromiumPath}: install chromium, or set CHROMIUM to its path`;
  if (process.env.CI === "true") throw new Error(reason);
  console.log(`      skipped: ${reason}`);
  context.skip();
}

/** A browser with an empty profile that makes no requests of its own. */
export function openBrowser(language = "en-US"): Promise<BrowserContext> {
  return chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "dlms-chromium-")), {
    executablePath: chromiumPath,
    locale: language,
    viewport: { width: 1280, height: 760 },
    deviceScaleFactor: 1,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}

declare global {
  // the part of the editor's global object that the specs use
  var RED: {
    nodes: {
      getType(type: string): unknown;
      eachNode(visit: (node: { id: string; type: string; x: number; y: number }) => void): void;
      eachConfig(visit: (node: { id: string; type: string }) => void): void;
      node(id: string): unknown;
      dirty(): boolean;
    };
    actions: { invoke(action: string): void };
    editor: { edit(node: unknown): void; editConfig(name: string, type: string, id: string): void };
  };
}

export async function openEditor(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => globalThis.RED?.nodes?.getType("dlms-read") !== undefined);
}

interface EditorOptions {
  readonly language?: string;
  /** receives the script errors of the page */
  readonly problems?: string[];
  /** receives the addresses of requests to other machines */
  readonly outside?: string[];
}

/** Opens the editor at `url` in a browser of its own. */
export async function openEditorPage(
  url: string,
  { language, problems, outside }: EditorOptions = {},
): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
  const context = await openBrowser(language);
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => problems?.push(error.message));
    page.on("request", (request) => {
      const target = request.url();
      if (/^(http|ws)/.test(target) && !target.includes("127.0.0.1")) outside?.push(target);
    });
    await openEditor(page, url);
    return { context, page };
  } catch (error) {
    await context.close();
    throw error;
  }
}

/**
 * Waits until the last dialog has slid in and has the focus. Node-RED sets the focus some time after it opens a dialog;
 * earlier input would go to another field.
 */
export async function dialogOpened(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const tray = [...document.querySelectorAll(".red-ui-tray")].at(-1);
    return (
      tray !== undefined &&
      getComputedStyle(tray).right === "0px" &&
      tray.getAnimations().length === 0 &&
      tray.contains(document.activeElement)
    );
  });
}

/**
 * Double click, like a user, on the first node of a type; or the dialog of the first config node, or of one by its id.
 */
export async function openDialog(page: Page, type: string, id?: string): Promise<void> {
  // the editor loads the types before the flows
  await page.waitForFunction((wanted) => {
    let there = false;
    RED.nodes.eachNode(({ type: found }) => {
      there ||= found === wanted;
    });
    RED.nodes.eachConfig(({ type: found }) => {
      there ||= found === wanted;
    });
    return there;
  }, type);
  await page.evaluate(
    ([wanted, given]) => {
      let found: unknown;
      let config = given;
      RED.nodes.eachNode((node) => {
        if (node.type === wanted) found ??= node;
      });
      RED.nodes.eachConfig((node) => {
        if (node.type === wanted) config ??= node.id;
      });
      if (config !== undefined) RED.editor.editConfig("", wanted, config);
      else RED.editor.edit(found);
    },
    [type, id] as const,
  );
  await dialogOpened(page);
}
