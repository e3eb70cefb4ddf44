/** Child process in which the package serialport cannot be loaded. */
import Module from "node:module";
import { connect, createMeter, listPorts } from "../../src";

/**
 * A process in which the package serialport is not installed. Reads a simulated meter over TCP, then tries a serial
 * port, and prints both outcomes.
 */
const resolver = Module as unknown as { _resolveFilename: (request: string, ...rest: unknown[]) => string };
const resolve = resolver._resolveFilename;
resolver._resolveFilename = (request, ...rest) => {
  if (request !== "serialport" && !request.startsWith("@serialport/")) return resolve(request, ...rest);
  throw Object.assign(new Error(`Cannot find module '${request}'`), { code: "MODULE_NOT_FOUND" });
};

async function main(): Promise<void> {
  const meter = createMeter({
    associations: [{ client: 16 }],
    objects: [{ classId: 1, logicalName: "0.0.96.1.0.255", attributes: { 2: { type: "unsigned", value: 7 } } }],
  });
  const listener = await meter.listen();
  const client = await connect({
    transport: { kind: "tcp", host: "127.0.0.1", port: listener.port },
    client: { sap: 16 },
    server: { logical: 1 },
  });
  const reading = await client.read({ classId: 1, logicalName: "0.0.96.1.0.255", attributeId: 2 });
  await client.close();
  await listener.close();
  const ports = await listPorts();
  const serial = await connect({
    transport: { kind: "serial", path: "/dev/ttyUSB0", baudRate: 9600 },
    client: { sap: 16 },
    server: { logical: 1 },
  }).then(
    () => "opened",
    (error: { code?: string; message?: string }) => `${error.code}: ${error.message}`,
  );
  console.log(JSON.stringify({ value: reading.value, ports: Array.isArray(ports), serial }));
}

void main();
