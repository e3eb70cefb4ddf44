import { readdir } from "node:fs/promises";
import { join } from "node:path";

export interface PortChoice {
  readonly path: string;
  readonly label: string;
}

/** Names of serial ports in /dev, for machines (containers) that have no udev to ask. */
const portName = /^(tty(USB|ACM|AMA|S|XRUSB|mxc|O)\d+|cu\..+|rfcomm\d+)$/;

async function pathsIn(folder: string, wanted: (name: string) => boolean): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter(wanted).map((name) => join(folder, name));
  } catch {
    // the folder is not there: no such ports
    return [];
  }
}

/** Serial ports to choose from: what is under /dev, the lasting by-id names first. Never rejects. */
export async function serialPorts(dev = "/dev"): Promise<PortChoice[]> {
  const byId = await pathsIn(join(dev, "serial", "by-id"), () => true);
  const plain = await pathsIn(dev, (name) => portName.test(name) && !/^ttyS\d+$/.test(name));
  return [...byId, ...plain]
    .sort((a, b) => Number(plain.includes(a)) - Number(plain.includes(b)) || a.localeCompare(b))
    .map((path) => ({
      path,
      label: path.split("/").at(-1) ?? path,
    }));
}
