/** Hostile inputs in a process with a heap of 128 MB. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { bundledChild } from "../support/bundled-child";

let bundle: string | undefined;

function childScript(): string {
  return (bundle ??= bundledChild(resolve(__dirname, "../support/small-heap-child.ts")));
}

/** The outcome of a case of `small-heap-cases` in a process with a heap of 128 MB; rejects when the process dies. */
function outcome(name: string): Promise<unknown> {
  const child = spawn(process.execPath, ["--max-old-space-size=128", childScript(), name], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      if (code === 0) done(JSON.parse(text));
      else fail(new Error(`${name}: the process ended with ${String(code)}: ${errors.slice(0, 500)}`));
    });
  });
}

describe("A heap of 128 MB", function () {
  this.timeout(120_000);

  for (const name of ["decode", "decode-plain", "decode-wide", "stream"]) {
    it(`refuses 14 kB that mean millions of values: ${name}`, async () => {
      const { code, length } = (await outcome(name)) as { code: string; length: number };
      assert.equal(code, "DLMS_DECODE_LIMIT");
      assert.ok(length < 1000, `a message of ${length} characters`);
    });
  }

  for (const name of ["list-get", "list-read", "list-action", "list-access"]) {
    it(`refuses an answer of 4 MB with millions of results: ${name}`, async () => {
      const { code } = (await outcome(name)) as { code: string };
      assert.equal(code, "DLMS_DECODE_LIMIT");
    });
  }

  for (const name of [
    "empty-structures",
    "empty-octet-strings",
    "empty-octet-strings-plain",
    "empty-octet-strings-stream",
  ]) {
    it(`refuses an answer of 4 MB with millions of strings or structures: ${name}`, async () => {
      assert.equal(((await outcome(name)) as { code: string }).code, "DLMS_DECODE_LIMIT");
    });
  }

  for (const name of ["describe", "describe-long", "describe-octets", "describe-text", "describe-bits"]) {
    it(`bounds the text of a large value: ${name}`, async () => {
      const length = (await outcome(name)) as number;
      assert.ok(length > 20 && length < 12_000, `a text of ${length} characters`);
    });
  }

  it("ends a read of millions of values with an error, with and without a trace", async () => {
    assert.deepEqual(await outcome("read"), { code: "DLMS_DECODE_LIMIT", longest: 0 });
    const { code, longest } = (await outcome("read-with-trace")) as { code: string; longest: number };
    assert.equal(code, "DLMS_DECODE_LIMIT");
    assert.ok(longest > 100 && longest < 12_000, `a text of ${longest} characters`);
  });

  it("bounds the text of a trace of an answer that can be read", async () => {
    const { status, longest } = (await outcome("read-long-with-trace")) as { status: string; longest: number };
    assert.ok(status.startsWith("[null,null,"), status);
    assert.ok(longest > 100 && longest < 12_000, `a text of ${longest} characters`);
  });

  it("builds the status of a long list from its beginning", async () => {
    const status = (await outcome("status-of-rows")) as string;
    assert.equal(status, '[{"a":[1,2,3],"b":"xxxx…');
  });
});
