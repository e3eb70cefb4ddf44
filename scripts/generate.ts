// Writes the generated files: npm run generate.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles, root } from "./generated-files";

for (const [path, content] of Object.entries(generatedFiles())) writeFileSync(join(root, path), content);
