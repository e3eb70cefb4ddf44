/** Loads the module "serialport" on demand, and explains its errors. */
import { DlmsConfigError, DlmsConnectionError } from "../errors";
import { causeCode, exhaustedAdvice, type ConnectionFacts } from "./socket-errors";

/** Time for closing a port, in ms. */
export const maxCloseMs = 2000;

/** The used part of the module "serialport", declared here so that users of this package do not need its types. */
export interface SerialPortLike {
  readonly isOpen: boolean;
  readonly baudRate: number;
  open(callback: (error: Error | null) => void): void;
  close(callback: (error: Error | null) => void): void;
  write(bytes: Uint8Array): unknown;
  drain(callback: (error: Error | null) => void): void;
  update(options: { baudRate: number }, callback: (error: Error | null) => void): void;
  set(state: { dtr?: boolean; rts?: boolean }, callback: (error: Error | null) => void): void;
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  on(event: "error" | "close", listener: (error?: unknown) => void): unknown;
}

export interface SerialPortSettings {
  path: string;
  baudRate: number;
  autoOpen: false;
  /** default: 8 data bits without parity */
  dataBits?: 8;
  parity?: "even";
}

export interface SerialModule {
  readonly SerialPort: {
    new (options: SerialPortSettings): SerialPortLike;
    list(): Promise<readonly SerialPortInfo[]>;
  };
}

export interface SerialPortInfo {
  readonly path: string;
  readonly manufacturer?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
}

/** @throws DlmsConfigError CONFIG_MISSING when the module is not installed or has no binary for this machine */
export async function loadSerialPort(): Promise<SerialModule> {
  try {
    return await import("serialport");
  } catch (error) {
    const missing = causeCode(error) === "MODULE_NOT_FOUND" || causeCode(error) === "ERR_MODULE_NOT_FOUND";
    throw new DlmsConfigError(
      "CONFIG_MISSING",
      missing
        ? "transport: the package serialport is not installed; run `npm install serialport` in Node-RED's user directory and restart"
        : "transport: the package serialport cannot be loaded on this machine; run `npm rebuild serialport` in Node-RED's user directory",
      { cause: error },
    );
  }
}

const ioUring =
  "if no other program uses it, Node's io_uring may keep it: set the environment variable UV_USE_IO_URING=0 and restart";

/** The error for a port that did not open. */
export function serialOpenError(error: Error, path: string, endpoint: string): DlmsConnectionError {
  const text = `${causeCode(error) ?? ""} ${error.message}`;
  const options = { cause: error, details: { transport: "serial", endpoint, path } } as const;
  const advice = exhaustedAdvice(causeCode(error));
  if (advice !== undefined) {
    return new DlmsConnectionError("CONN_LOST", `${endpoint}: ${advice}`, { ...options, fault: "user" });
  }
  if (/EBUSY|EAGAIN|lock|busy|temporarily unavailable/i.test(text)) {
    return new DlmsConnectionError(
      "CONN_PORT_BUSY",
      `${endpoint}: the port is in use by another program; close it there (another flow, a terminal, ModemManager); ${ioUring}`,
      options,
    );
  }
  if (/EACCES|EPERM|permission denied|access denied|not permitted/i.test(text)) {
    return new DlmsConnectionError(
      "CONN_PORT_FORBIDDEN",
      `${endpoint}: not permitted; add the user that runs Node-RED to the group dialout (sudo usermod -aG dialout <user>, then ` +
        "log in again), in a container pass the device and its group on as well; on Windows another program may hold it",
      options,
    );
  }
  if (/ENOENT|ENODEV|ENXIO|no such file|file not found|unknown error code 2\b|does not exist|cannot find/i.test(text)) {
    return new DlmsConnectionError(
      "CONN_PORT_MISSING",
      `${endpoint}: there is no such port; check the adapter and the path (a /dev/serial/by-id/ path survives replugging), ` +
        `in a container map the device into it (--device=${path})`,
      options,
    );
  }
  return new DlmsConnectionError(
    "CONN_PORT_MISSING",
    `${endpoint}: the port cannot be opened: ${error.message}; check that it is a serial port`,
    options,
  );
}

/** The error for an open port that was lost. */
export function serialLostError(error: unknown, facts: ConnectionFacts): DlmsConnectionError {
  const reason = error instanceof Error && error.message !== "" ? `: ${error.message}` : "";
  return new DlmsConnectionError(
    "CONN_LOST",
    `${facts.endpoint}: the port was lost${reason} after ${facts.bytesOut} bytes out and ${facts.bytesIn} bytes in; is the adapter still plugged in?`,
    { details: { ...facts }, ...(error instanceof Error ? { cause: error } : {}) },
  );
}
