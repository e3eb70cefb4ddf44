import { readdir, realpath } from "node:fs/promises";
import { loadSerialPort, type SerialModule, type SerialPortInfo } from "./serial-port";

/** Where Linux has its ports; given in tests. */
export interface PortFolders {
  readonly dev: string;
  readonly byId: string;
}

const linuxFolders: PortFolders = { dev: "/dev", byId: "/dev/serial/by-id" };

/**
 * The serial ports of this machine, as far as it tells: an empty list where it cannot. In containers without udev the
 * device files themselves are listed.
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
    // no udevadm, or no such module: what the file system shows is better than nothing
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
    // no such folder on this system
    return [];
  }
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
