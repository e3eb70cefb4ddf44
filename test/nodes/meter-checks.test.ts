import assert from "node:assert/strict";
import sinon from "sinon";
import { SecretChecks } from "../../nodes/dlms-meter/editor/secret-checks";
import { StoredSecrets } from "../../nodes/dlms-meter/editor/stored-secrets";
import type { SecretName } from "../../nodes/meters/settings-rules";
import { EditedProperties } from "../../nodes/editor/values";
import { allNodes, clean, helper } from "./support";

type Validator = (this: object, value: unknown, opt: object) => true | string;

interface EditorNode {
  readonly id: string;
  readonly type: string;
  readonly [key: string]: unknown;
}

interface Checks {
  allSecrets: Validator;
  secret: (name: SecretName) => Validator;
}

const scripted = globalThis as unknown as { RED?: object; $?: object };

/** The checks as the editor runs them, while no dialog is open; a text is its key and values. */
function editor(answer: object | undefined): {
  checks: Checks;
  emit: (event: string, node?: object) => Promise<void>;
  validated: string[];
} {
  const listeners = new Map<string, (node?: object) => void>();
  const validated: string[] = [];
  const nodes: EditorNode[] = [{ id: "m1", type: "dlms-meter", users: [] }];
  scripted.RED = {
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
  scripted.$ = Object.assign(() => ({ length: 0 }), {
    getJSON: (url: string) => ({
      done: (take: (answer: object) => void) => {
        assert.equal(url, "dlms/secrets");
        if (answer !== undefined) take(answer);
      },
    }),
  });
  const stored = new StoredSecrets();
  stored.watch();
  const checks = new SecretChecks(stored, new EditedProperties("#node-config-input-"));
  return {
    checks: { allSecrets: checks.allSecrets as Validator, secret: (name) => checks.secret(name) as Validator },
    emit: async (event, node) => {
      const timers = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      try {
        listeners.get(event)?.(node);
        await timers.runAllAsync();
      } finally {
        timers.restore();
      }
    },
    validated,
  };
}

const low = { id: "m1", type: "dlms-meter", authentication: "LOW" };
const gmac = { id: "m1", type: "dlms-meter", authentication: "HIGH_GMAC" };

describe("secrets that a dlms-meter needs, in the editor", () => {
  afterEach(() => {
    delete scripted.RED;
    delete scripted.$;
  });
  afterEach(clean);

  it("marks missing secrets only after Node-RED has listed the stored ones", async () => {
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

  it("accepts secrets that were typed or are hidden, and reports those that were emptied", async () => {
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

  it("requires the key that each form of ciphering and signing needs", async () => {
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

  it("receives the names of secrets from Node-RED, never their values", async () => {
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
