/** The serial ports of this machine, as the dialog offers them. */
import { listPorts, type SerialPortInfo } from "../../src/index";
import type { PortChoice } from "./answers";

/** Labels each port with the manufacturer and serial number of its adapter. */
export function portChoices(ports: readonly SerialPortInfo[]): PortChoice[] {
  return ports.map(({ path, manufacturer, serialNumber }) => {
    const facts = [manufacturer, serialNumber].filter((fact) => fact !== undefined && fact !== "");
    return { path, label: facts.length === 0 ? path : `${path} (${facts.join(", ")})` };
  });
}

/** Lists the serial ports of this machine. */
export async function serialPorts(): Promise<PortChoice[]> {
  return portChoices(await listPorts());
}
