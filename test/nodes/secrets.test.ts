import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { MeterDefinition } from "../../src/index";
import { TalkativeNodeRed } from "../support/talkative-node-red";
import { clean, type RunningMeter, startMeter } from "./support";

/** Values that occur nowhere else. */
const password = "Yak-5528-Holunder";
const hlsSecret = "Numbat~9164~Herbst";
const bytes = (seed: number): Buffer =>
  Buffer.from(Array.from({ length: 16 }, (_, n) => (seed * (n + 3) * 29 + 71 * n) & 0xff));
const encryptionKey = bytes(3);
const authenticationKey = bytes(7);
const masterKey = bytes(11);
const broadcastKey = bytes(13);
const pair = (): { own: Buffer; shown: Buffer; scalar: Buffer } => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const scalar = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
  return {
    own: privateKey.export({ format: "der", type: "pkcs8" }),
    shown: publicKey.export({ format: "der", type: "spki" }),
    scalar,
  };
};
const client = pair();
const agreement = pair();
const meterPair = pair();
const meterAgreement = pair();

const secrets: Readonly<Record<string, Buffer>> = {
  password: Buffer.from(password),
  hlsSecret: Buffer.from(hlsSecret),
  encryptionKey,
  authenticationKey,
  masterKey,
  broadcastKey,
  signingKey: client.scalar,
  agreementKey: agreement.scalar,
};

function forms(secret: Buffer): string[] {
  const hex = secret.toString("hex");
  const pairs = hex.match(/../g) ?? [];
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), secret, Buffer.alloc(2)]).toString("base64");
    return text.slice(offset === 0 ? 0 : offset + 2, -5 - offset);
  });
  return [secret.toString("latin1"), hex, pairs.join(" "), pairs.join(":"), ...base64, [...secret].join(",")];
}

function assertClean(data: string | Buffer, where: string): void {
  const text = (typeof data === "string" ? data : data.toString("latin1")).toLowerCase();
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of forms(secret)) {
      const at = text.indexOf(form.toLowerCase());
      assert.ok(at < 0, `${name} appears in ${where}: ${text.slice(Math.max(0, at - 200), at + 20)}`);
    }
  }
}

type Account = MeterDefinition["associations"][number];
const ciphered = { suite: 1, policy: "authenticated-encrypted", encryptionKey, authenticationKey } as const;
const asymmetric = {
  masterKey,
  signingKey: meterPair.own,
  clientSigningCertificate: client.shown,
  agreementKey: meterAgreement.own,
  clientAgreementCertificate: agreement.shown,
};
const keys = {
  encryptionKey: encryptionKey.toString("hex"),
  authenticationKey: authenticationKey.toString("hex"),
  broadcastKey: broadcastKey.toString("hex"),
};
const certificates = {
  ...keys,
  masterKey: masterKey.toString("hex"),
  signingKey: client.own.toString("base64"),
  meterSigningCertificate: meterPair.shown.toString("base64"),
  agreementKey: agreement.own.toString("base64"),
  meterAgreementCertificate: meterAgreement.shown.toString("base64"),
};
const gcm = { securityPolicy: "AUTHENTICATED_ENCRYPTED", securitySuite: "1" };

interface Way {
  readonly id: string;
  readonly account: Partial<Account>;
  readonly node: object;
  readonly credentials: object;
}
const ways: readonly Way[] = [
  {
    id: "low",
    account: { mechanism: "lls", secret: password },
    node: { authentication: "LOW" },
    credentials: { password },
  },
  {
    id: "sha256",
    account: { mechanism: "hls-sha256", secret: hlsSecret },
    node: { authentication: "HIGH_SHA256" },
    credentials: { password: hlsSecret },
  },
  {
    id: "gmac",
    account: { mechanism: "hls-gmac", ...ciphered },
    node: { authentication: "HIGH_GMAC", useDedicatedKey: true, ...gcm },
    credentials: keys,
  },
  {
    id: "low-ciphered",
    account: { mechanism: "lls", secret: password, ...ciphered },
    node: { authentication: "LOW", invocationCounterSource: "STORED", ...gcm },
    credentials: { ...keys, password },
  },
  {
    id: "wrapped",
    account: { mechanism: "hls-ecdsa", ...ciphered, ...asymmetric },
    node: { authentication: "HIGH_ECDSA", ciphering: "WRAPPED_KEY", signMessages: true, ...gcm },
    credentials: certificates,
  },
  {
    id: "one-pass",
    account: { mechanism: "hls-ecdsa", ...ciphered, ...asymmetric },
    node: { authentication: "HIGH_ECDSA", ciphering: "ONE_PASS", ...gcm },
    credentials: certificates,
  },
];

const object: MeterDefinition["objects"][number] = {
  classId: 3,
  logicalName: "1.0.1.7.0.255",
  attributes: { 2: { type: "double-long-unsigned", value: 4711 }, 3: { type: "null-data", value: null } },
};
let titles = 0;
/** The right meter, and one for which each secret is wrong. */
const right = (account: Partial<Account>): MeterDefinition => ({
  // each has its own title, because received counters belong to a key and a title, and the meters here share their keys
  systemTitle: Buffer.from(`SIM${String(++titles).padStart(5, "0")}`, "latin1"),
  associations: [{ client: 16 }, { client: 17, ...account }],
  objects: [object],
});
const wrong = (account: Partial<Account>): MeterDefinition =>
  right({
    ...account,
    ...(account.secret === undefined ? {} : { secret: "Another-Secret-01" }),
    ...(account.authenticationKey === undefined ? {} : { authenticationKey: bytes(99) }),
    ...(account.clientSigningCertificate === undefined ? {} : { clientSigningCertificate: meterPair.shown }),
  });

interface Flow {
  readonly nodes: object[];
  readonly tests: { id: string; properties: object; typed: object }[];
}

function flowOf(places: readonly { id: string; way: Way; port: number }[]): Flow {
  const tests: Flow["tests"] = [];
  const nodes = places.flatMap(({ id, way, port }): object[] => {
    const meter = {
      id: `meter-${id}`,
      type: "dlms-meter",
      name: id,
      version: 1,
      transportType: "TCP",
      host: "127.0.0.1",
      port: String(port),
      clientAddress: "17",
      // a right meter answers, however busy the machine is; of the others some never do
      timeout: id === way.id ? "30000" : "1000",
      retries: "0",
      ...way.node,
    };
    tests.push({ id: meter.id, properties: meter, typed: way.credentials });
    return [
      { ...meter, credentials: way.credentials },
      {
        id: `inject-${id}`,
        type: "inject",
        z: "tab",
        x: 0,
        y: 0,
        once: true,
        onceDelay: 0.1,
        props: [{ p: "payload" }],
        payloadType: "date",
        repeat: "",
        wires: [[`read-${id}`]],
      },
      {
        id: `describe-${id}`,
        type: "inject",
        z: "tab",
        x: 0,
        y: 0,
        once: true,
        onceDelay: 0.1,
        props: [{ p: "meter", v: JSON.stringify({ name: `described-${id}`, credentials: meter.id }), vt: "json" }],
        repeat: "",
        wires: [[`read-${id}`]],
      },
      {
        id: `read-${id}`,
        type: "dlms-read",
        z: "tab",
        x: 0,
        y: 0,
        version: 1,
        name: id,
        meter: meter.id,
        mode: "attribute",
        logicalName: "1-0:1.7.0*255",
        objectType: "REGISTER",
        attributeId: "2",
        wires: [[`debug-${id}`]],
      },
      {
        id: `monitor-${id}`,
        type: "dlms-monitor",
        z: "tab",
        x: 0,
        y: 0,
        version: 1,
        meter: meter.id,
        frames: true,
        wires: [[`debug-${id}`]],
      },
      {
        id: `debug-${id}`,
        type: "debug",
        z: "tab",
        x: 0,
        y: 0,
        active: true,
        console: true,
        tosidebar: true,
        complete: "true",
        wires: [],
      },
    ];
  });
  const shared = [
    { id: "tab", type: "tab", label: "secrets" },
    { id: "catch", type: "catch", z: "tab", x: 0, y: 0, scope: null, wires: [["caught"]] },
    {
      id: "caught",
      type: "debug",
      z: "tab",
      x: 0,
      y: 0,
      active: true,
      console: true,
      tosidebar: true,
      complete: "true",
      wires: [],
    },
    { id: "status", type: "status", z: "tab", x: 0, y: 0, scope: null, wires: [["caught"]] },
  ];
  return { nodes: [...shared, ...nodes], tests };
}

describe("a secret", function () {
  this.timeout(90_000);
  let nodeRed: TalkativeNodeRed;
  before(async () => {
    nodeRed = await TalkativeNodeRed.start();
  });
  after(() => nodeRed.stop());
  afterEach(clean);

  it("appears in no log, message, status, exported flow, endpoint or file except the credentials", async () => {
    const places: { id: string; way: Way; port: number }[] = [];
    for (const way of ways) {
      const good: RunningMeter = await startMeter(right(way.account));
      const bad: RunningMeter = await startMeter(wrong(way.account));
      places.push({ id: way.id, way, port: good.port }, { id: `bad-${way.id}`, way, port: bad.port });
    }
    const { nodes, tests } = flowOf(places);
    const response = await fetch(`${nodeRed.url}flows`, {
      method: "POST",
      headers: { "content-type": "application/json", "Node-RED-Deployment-Type": "full" },
      body: JSON.stringify(nodes),
    });
    assert.equal(response.ok, true, await response.text());
    for (const { id } of ways) {
      await nodeRed.until(new RegExp(`^onSend .*"payload":4711.*"meter":"${id}"`, "m"));
      await nodeRed.until(new RegExp(`^onSend .*"payload":4711.*"meter":"described-${id}"`, "m"));
      await nodeRed.until(new RegExp(`^onSend (?=.*"dlmsError")(?=.*"name":"bad-${id}")`, "m"));
    }
    const post = async (path: string, body: object): Promise<string> => {
      const answer = await fetch(`${nodeRed.url}dlms/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return answer.text();
    };
    for (const { id, properties, typed } of tests) {
      const known = { password: "__PWRD__", encryptionKey: "__PWRD__", signingKey: "__PWRD__" };
      // the secrets of the meter's node, and those just typed into the dialog
      for (const credentials of [known, typed]) {
        const text = await post("test-connection", { id, properties, credentials });
        assert.match(text, /"step":"association"/, text);
        assertClean(text, `the connection test of ${id}`);
      }
      assertClean(
        await (await fetch(`${nodeRed.url}credentials/dlms-meter/${id}`)).text(),
        `what the dialog of ${id} gets`,
      );
      const register = { classId: 3, logicalName: "1-0:1.7.0*255", attributeId: 2 };
      for (const [what, body] of [
        ["browse", {}],
        ["read", register],
        ["columns", { logicalName: "1-0:99.1.0*255" }],
      ] as const) {
        const text = await post(`meters/${id}/${what}`, body);
        assert.match(text, /^\{"(objects|text|error|columns)":/, text);
        assertClean(text, `what ${what} of ${id} answers`);
      }
    }
    const exported = await (await fetch(`${nodeRed.url}flows`)).text();
    assert.match(exported, /dlms-meter/);
    assertClean(exported, "GET /flows");
    assertClean(await (await fetch(`${nodeRed.url}settings`)).text(), "GET /settings");
    assertClean(await (await fetch(`${nodeRed.url}flow/tab`)).text(), "GET /flow/tab");
    const files = nodeRed.files();
    const names = [...files.keys()];
    assert.ok(names.includes("flows.json") && names.some((name) => name.startsWith("dlms/counter-")), names.join(", "));
    const kept = JSON.parse(files.get("flows_cred.json")?.toString() ?? "{}") as Record<string, unknown>;
    assert.deepEqual(Object.keys(kept), ["$"], "the credentials' file is encrypted");
    for (const [name, data] of files) {
      assertClean(data, `the file ${name}`);
      assertClean(name, "the name of a file");
    }
    assert.match(nodeRed.output, /"kind":"frame"/, "frames were monitored");
    assertClean(nodeRed.output, "log, messages, statuses and events");
  });

  it("appears in no error about an invalid key", async () => {
    const { port } = await startMeter();
    const meters = ways.map(({ id, node, credentials }) => ({
      ...{ id: `odd-${id}`, type: "dlms-meter", name: `odd ${id}`, version: 1, transportType: "TCP" },
      ...{ host: "127.0.0.1", port: String(port), clientAddress: "17", timeout: "1000", retries: "0", ...node },
      passwordFormat: "HEX",
      credentials: Object.fromEntries(Object.entries(credentials).map(([name, value]) => [name, `${value}xy`])),
    }));
    const response = await fetch(`${nodeRed.url}flows`, {
      method: "POST",
      headers: { "content-type": "application/json", "Node-RED-Deployment-Type": "full" },
      body: JSON.stringify([{ id: "tab", type: "tab", label: "odd" }, ...meters]),
    });
    assert.equal(response.ok, true, await response.text());
    for (const { id, credentials, ...properties } of meters) {
      await nodeRed.until(new RegExp(`^LOG .*"level":20.*"id":"${id}"|^LOG .*"id":"${id}".*"level":20`, "m"));
      for (const [path, body] of [
        ["test-connection", { id, properties, credentials }],
        [`meters/${id}/browse`, {}],
      ] as const) {
        const answer = await fetch(`${nodeRed.url}dlms/${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
        const text = await answer.text();
        assert.match(text, /DLMS_CONFIG_INVALID/, text);
        assertClean(text, `what ${path} of ${id} answers`);
      }
    }
    for (const [name, data] of nodeRed.files()) assertClean(data, `the file ${name}`);
    assertClean(nodeRed.output, "log, messages, statuses and events");
  });

  it("is found by this test if there is one", () => {
    for (const [name, secret] of Object.entries(secrets)) {
      for (const form of forms(secret)) assert.throws(() => assertClean(`a ${form} b`, "a text"), new RegExp(name));
    }
  });
});
