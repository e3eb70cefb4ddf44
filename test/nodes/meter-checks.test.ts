import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { runInNewContext } from "node:vm";
import { allNodes, clean, helper } from "./support";

type Validator = (this: object, value: unknown, opt: object) => true | string;

interface EditorNode {
  readonly id: string;
  readonly type: string;
  readonly [key: string]: unknown;
}

interface Checks {
  allSecrets: Validator;
  secret: (name: string) => Validator;
}

/** The scripts as the editor runs them, while no dialog is open; a text is its key and values. */
function editor(answer: object | undefined): {
  checks: Checks;
  emit: (event: string, node?: object) => Promise<void>;
  validated: string[];
} {
  const listeners = new Map<string, (node?: object) => void>();
  const validated: string[] = [];
  const nodes: EditorNode[] = [{ id: "m1", type: "dlms-meter", users: [] }];
  const RED = {
    _: (key: string, values: object = {}) => [key.split(".").pop(), ...Object.values(values).map(String)].join(" "),
    events: { on: (name: string, listener: (node?: object) => void) => listeners.set(name, listener) },
    nodes: {
      eachConfig: (visit: (node: EditorNode) => void) => {
        nodes.forEach(visit);
      },
    },
    editor: {
      validateNode: (node: EditorNode) => {
        validated.push(node.id);
      },
    },
    view: { redraw: () => undefined },
  };
  const $ = Object.assign(() => ({ length: 0 }), {
    getJSON: (url: string) => ({
      done: (take: (answer: object) => void) => {
        assert.equal(url, "dlms/secrets");
        if (answer !== undefined) take(answer);
      },
    }),
  });
  const later: (() => void)[] = [];
  const window: Record<string, unknown> = {};
  const context = {
    ...{ window, RED, $, TextEncoder, clearTimeout: () => undefined },
    setTimeout: (work: () => void) => later.push(work),
    get dlmsMeterSecrets() {
      return window.dlmsMeterSecrets;
    },
  };
  for (const name of ["dlms-meter-secrets.js", "dlms-meter-checks.js"]) {
    runInNewContext(readFileSync(resolve(__dirname, "..", "..", "resources", name), "utf8"), context);
  }
  return {
    checks: window.dlmsMeterChecks as Checks,
    emit: (event, node) => {
      listeners.get(event)?.(node);
      for (const work of later.splice(0)) work();
      return Promise.resolve();
    },
    validated,
  };
}

const low = { id: "m1", type: "dlms-meter", authentication: "LOW" };
const gmac = { id: "m1", type: "dlms-meter", authentication: "HIGH_GMAC" };

describe("secrets that a dlms-meter needs, in the editor", () => {
  afterEach(clean);

  it("marks what is missing once Node-RED has said what it stores, and nothing before", async () => {
    const { checks, emit, validated } = editor({ other: ["password"] });
    const { allSecrets } = checks;
    assert.equal(allSecrets.call(low, "", {}), true, "not known yet");
    await emit("nodes:add", { type: "dlms-meter" });
    assert.deepEqual(validated, ["m1"]);
    assert.equal(allSecrets.call(low, "", {}), "missing password");
    assert.equal(allSecrets.call({ ...low, id: "other" }, "", {}), true);
    assert.equal(allSecrets.call({ ...low, authentication: "NONE" }, "", {}), true);
    assert.equal(allSecrets.call(gmac, "", {}), "missing GUEK; missing GAK");
  });

  it("asks again after a deploy", async () => {
    const { checks, emit } = editor(undefined);
    await emit("deploy");
    assert.equal(checks.allSecrets.call(low, "", {}), true);
    const knowing = editor({});
    await knowing.emit("deploy");
    assert.equal(knowing.checks.allSecrets.call(low, "", {}), "missing password");
  });

  it("takes secrets that were typed or are hidden, and misses those that were emptied", async () => {
    const { checks, emit } = editor({ m1: ["password", "encryptionKey", "authenticationKey"] });
    await emit("nodes:add", { type: "dlms-meter" });
    const { allSecrets } = checks;
    assert.equal(allSecrets.call(low, "", {}), true);
    assert.equal(allSecrets.call(gmac, "", {}), true);
    const of = (credentials: object): true | string => allSecrets.call({ ...low, credentials }, "", {});
    assert.equal(of({ password: "typed" }), true);
    assert.equal(of({ has_password: true }), true);
    assert.equal(of({ password: "", has_password: false }), "missing password");
  });

  it("knows which form of ciphering and signing needs which key", async () => {
    const { checks, emit } = editor({ m1: ["encryptionKey", "authenticationKey"] });
    await emit("nodes:add", { type: "dlms-meter" });
    const of = (settings: object): string => String(checks.allSecrets.call({ ...gmac, ...settings }, "", {}));
    assert.equal(of({ ciphering: "WRAPPED_KEY" }), "missing KEK");
    assert.equal(of({ ciphering: "ONE_PASS" }), "missing signingKey; missing meterAgreementCertificate");
    assert.equal(of({ ciphering: "STATIC_UNIFIED" }), "missing agreementKey; missing meterAgreementCertificate");
    assert.equal(of({ signMessages: true }), "missing signingKey; missing meterSigningCertificate");
    assert.equal(of({ authentication: "HIGH_ECDSA" }), "missing signingKey; missing meterSigningCertificate");
    assert.equal(checks.secret("broadcastKey").call(gmac, "", {}), true, "not every meter has one");
  });

  it("hears the names of secrets from Node-RED, never what they are", async () => {
    const meter = { type: "dlms-meter", host: "127.0.0.1", port: "1" };
    await helper.load(
      allNodes,
      [
        { id: "with", ...meter },
        { id: "without", ...meter },
      ],
      { with: { password: "Tapir-4401-Fluss", encryptionKey: "" } },
    );
    const { body } = await helper.request().get("/dlms/secrets");
    assert.deepEqual(body, { with: ["password"], without: [] });
  });
});
