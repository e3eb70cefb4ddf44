import assert from "node:assert/strict";
import { TalkativeNodeRed } from "../support/talkative-node-red";

/** Every endpoint of these nodes, and the permission that it requires. */
const endpoints: readonly (readonly [method: "GET" | "POST", path: string, permission: "dlms.read" | "dlms.write"])[] =
  [
    ["GET", "dlms/classes", "dlms.read"],
    ["GET", "dlms/serial-ports", "dlms.read"],
    ["GET", "dlms/secrets", "dlms.read"],
    ["GET", "dlms/describe?obis=1.0.1.8.0.255", "dlms.read"],
    ["GET", "dlms/presets", "dlms.read"],
    ["POST", "dlms/write-preview", "dlms.read"],
    ["POST", "dlms/meters/unknown/browse", "dlms.read"],
    ["POST", "dlms/meters/unknown/read", "dlms.read"],
    ["POST", "dlms/meters/unknown/columns", "dlms.read"],
    ["POST", "dlms/drafts/unknown/browse", "dlms.write"],
    ["POST", "dlms/drafts/unknown/read", "dlms.write"],
    ["POST", "dlms/drafts/unknown/columns", "dlms.write"],
    ["POST", "dlms/test-connection", "dlms.write"],
    ["POST", "dlms/find-address", "dlms.write"],
    ["GET", "dlms/push-presets", "dlms.read"],
    ["POST", "dlms/push-arrivals", "dlms.write"],
    ["GET", "dlms/newest/unknown", "dlms.read"],
    ["POST", "dlms/newest/unknown/reset", "dlms.write"],
  ];

describe("endpoints where the editor is closed (adminAuth)", function () {
  this.timeout(60_000);
  let nodeRed: TalkativeNodeRed;
  before(async () => {
    nodeRed = await TalkativeNodeRed.start({ guarded: true });
  });
  after(() => nodeRed.stop());

  const ask = async (method: string, path: string, token?: string): Promise<number> => {
    const response = await fetch(`${nodeRed.url}${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(method === "POST"
        ? { body: JSON.stringify({ id: "", properties: { transportType: "nothing", from: "nothing" } }) }
        : {}),
    });
    await response.text();
    return response.status;
  };
  const isRefused = (status: number): boolean => status === 401 || status === 403;

  for (const [method, path, permission] of endpoints) {
    it(`${method} /${path} needs ${permission}`, async () => {
      const other = permission === "dlms.read" ? "dlms.write" : "dlms.read";
      for (const token of [undefined, "flows.read", other, "nodes.write"]) {
        const status = await ask(method, path, token);
        assert.ok(isRefused(status), `${token ?? "no token"}: ${status}`);
      }
      for (const token of [permission, `flows.read+${permission}`, "*"]) {
        const status = await ask(method, path, token);
        assert.ok(!isRefused(status), `${token}: ${status}`);
        assert.ok(status < 500, `${token}: ${status}`);
      }
    });
  }

  it("allow a user with read permission to look, and not to connect", async () => {
    assert.equal(await ask("GET", "dlms/classes", "read"), 200);
    assert.ok(isRefused(await ask("POST", "dlms/test-connection", "read")));
    assert.ok(isRefused(await ask("POST", "dlms/find-address", "read")));
  });
});
