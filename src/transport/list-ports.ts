/** Lists the serial ports of the machine. */
import { readdir, realpath } from "node:fs/promises";
import { loadSerialPort, type SerialModule, type SerialPortInfo } from "./serial-port";

/** Folders of the ports on Linux; tests pass their own. */
export interface PortFolders {
  readonly dev: string;
  readonly byId: string;
}

const linuxFolders: PortFolders = { dev: "/dev", byId: "/dev/serial/by-id" };

/**
 * The serial ports of this machine, or an empty list if the system does not report them. In containers without udev the
 * device files are listed.
 */
export function listPorts(): Promise<readonly SerialPortInfo[]>;
/** @internal */
export function listPorts(
  load: (() => Promise<SerialModule>) | undefined,
  folders?: PortFolders,
): Promise<readonly SerialPortInfo[]>;
export async function listPorts(
  load: () => Promise<SerialModule> = loadSerialPort,
  folders: PortFolders = linuxFolders,
): Promise<readonly SerialPortInfo[]> {
  try {
    const { SerialPort } = await load();
    return await SerialPort.list();
  } catch {
    // without udevadm or the module, list the device files
    return deviceFiles(folders);
  }
}

async function deviceFiles({ dev, byId }: PortFolders): Promise<readonly SerialPortInfo[]> {
  const names = (await entries(dev)).filter((name) => /^tty(USB|ACM|AMA|S)\d+$/.test(name));
  const links = await Promise.all(
    (await entries(byId)).map(async (name) => {
      const path = `${byId}/${name}`;
      return { path, target: await realpath(path).catch(() => undefined) };
    }),
  );
  const stable = links.filter((link) => link.target !== undefined).map(({ path }) => ({ path }));
  return [...stable, ...names.sort(byNumber).map((name) => ({ path: `${dev}/${name}` }))];
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // the folder does not exist on this system
    return [];
  }
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
