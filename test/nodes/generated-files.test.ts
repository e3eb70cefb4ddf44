// Generated files equal the output of their generator.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles, root } from "../../scripts/generated-files";

describe("generated files", () => {
  for (const [path, content] of Object.entries(generatedFiles())) {
    it(`${path} equals the output of \`npm run generate\``, () => {
      assert.equal(readFileSync(join(root, path), "utf8"), content);
    });
  }
});
