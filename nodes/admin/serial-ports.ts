import { listPorts, type SerialPortInfo } from "../../src/index";

export interface PortChoice {
  readonly path: string;
  readonly label: string;
}

/** Ports with the facts by which people know an adapter. */
export function portChoices(ports: readonly SerialPortInfo[]): PortChoice[] {
  return ports.map(({ path, manufacturer, serialNumber }) => {
    const facts = [manufacturer, serialNumber].filter((fact) => fact !== undefined && fact !== "");
    return { path, label: facts.length === 0 ? path : `${path} (${facts.join(", ")})` };
  });
}

/** Serial ports of this machine to choose from. */
export async function serialPorts(): Promise<PortChoice[]> {
  return portChoices(await listPorts());
}
