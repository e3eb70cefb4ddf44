/** Opens a TLS transport with the options of the first argument, and prints the outcome as JSON. */
import { isDlmsError } from "../../src/errors";
import { tlsTransport, type TlsOptions } from "../../src/transport";

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? "{}") as TlsOptions;
  const nothing = { data: () => undefined, lost: () => undefined };
  try {
    const connection = await tlsTransport(options).open(nothing, { timeoutMs: 10_000 });
    await connection.close();
    process.stdout.write(JSON.stringify({ opened: true }));
  } catch (error) {
    process.stdout.write(JSON.stringify(isDlmsError(error) ? error.toJSON() : { code: String(error) }));
  }
}

void main();
