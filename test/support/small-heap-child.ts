/** Child process that runs one case of small-heap-cases.ts. */
import { DlmsError } from "../../src/errors";
import { smallHeapCases } from "./small-heap-cases";

/** Runs one case of `small-heap-cases` and prints its outcome: its return value, or the code of the DlmsError. */
const [name = ""] = process.argv.slice(2);
const run = smallHeapCases[name];
if (run === undefined) throw new Error(`there is no case "${name}"`);
void (async () => {
  try {
    process.stdout.write(JSON.stringify(await run()));
  } catch (error) {
    if (!(error instanceof DlmsError)) throw error;
    process.stdout.write(JSON.stringify({ code: error.code, length: error.message.length }));
  }
})();
