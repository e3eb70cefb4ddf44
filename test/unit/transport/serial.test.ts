import assert from "node:assert/strict";
import { mkdtemp, mkdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MockBinding, type MockPortBinding } from "@serialport/binding-mock";
import { SerialPortMock } from "serialport";
import { DlmsConfigError, type DlmsConnectionError, DlmsError } from "../../../src/errors";
import { listPorts, serialTransport } from "../../../src/transport";
import { evenParity } from "../../../src/bytes";
import {
  loadSerialPort,
  type SerialModule,
  type SerialPortLike,
  type SerialPortSettings,
} from "../../../src/transport/serial-port";
import { VirtualClock } from "../../support/virtual-clock";

const path = "/dev/ttyMOCK";
const made: SerialPortMock[] = [];

/** serialport on its own mock binding. */
const mock = (): Promise<SerialModule> =>
  Promise.resolve({
    SerialPort: class extends SerialPortMock {
      constructor(options: SerialPortSettings) {
        super(options);
        made.push(this);
      }
    },
  });

/** A port that fails to open with this message. */
const failing = (message: string, code?: string): (() => Promise<SerialModule>) => {
  class Port {
    readonly isOpen = false;
    readonly baudRate = 9600;
    open(callback: (error: Error | null) => void): void {
      queueMicrotask(() => {
        callback(Object.assign(new Error(message), code === undefined ? {} : { code }));
      });
    }
    on(): this {
      return this;
    }
  }
  return () => Promise.resolve({ SerialPort: Port as unknown as SerialModule["SerialPort"] });
};

const binding = (): MockPortBinding => {
  const port = made.at(-1)?.port;
  assert.ok(port);
  return port;
};

class Events {
  readonly bytes: number[] = [];
  readonly losses: DlmsConnectionError[] = [];
  #waiting: (() => void)[] = [];
  data = (bytes: Uint8Array): void => {
    this.bytes.push(...bytes);
    this.#go();
  };
  lost = (error: DlmsConnectionError): void => {
    this.losses.push(error);
    this.#go();
  };
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
  #go(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

describe("serialTransport", () => {
  beforeEach(() => {
    MockBinding.reset();
    MockBinding.createPort(path, { echo: false, record: true });
    made.length = 0;
  });

  it("opens 8N1 at its rate, carries bytes both ways, drains, and frees the port when it closes", async () => {
    const transport = serialTransport({ path, baudRate: 9600 }, undefined, mock);
    assert.deepEqual(
      [transport.endpoint, transport.lineKey, transport.baudRate],
      [`serial ${path}`, `serial:${path}`, 9600],
    );
    const events = new Events();
    const connection = await transport.open(events, { timeoutMs: 5000 });
    assert.equal(binding().openOptions.baudRate, 9600);
    assert.deepEqual([binding().openOptions.dataBits, binding().openOptions.parity], [8, "none"]);
    connection.write(Uint8Array.of(1, 0x80));
    await connection.drain();
    assert.deepEqual([...binding().recording], [1, 0x80]);
    binding().emitData(Buffer.from([0xff, 2]));
    await events.until(() => events.bytes.length === 2);
    assert.deepEqual(events.bytes, [0xff, 2]);
    await connection.close();
    await connection.close();
    const again = await transport.open(new Events(), { timeoutMs: 5000 });
    await again.close();
    assert.deepEqual(events.losses, []);
  });

  for (const [mode, parity, written] of [
    ["8N1", "none", [0x2f, 0xff]],
    ["8E1", "even", [0x2f, 0xff]],
    // the port stays at eight bits, of which the highest is the parity that software computes
    ["7E1", "none", [0xaf, 0xff]],
  ] as const) {
    it(`opens the port for ${mode} with eight data bits and parity "${parity}"`, async () => {
      const transport = serialTransport({ path, baudRate: 2400, mode }, undefined, mock);
      const connection = await transport.open(new Events(), { timeoutMs: 5000 });
      const { baudRate, dataBits, stopBits, ...options } = binding().openOptions;
      assert.deepEqual([baudRate, dataBits, options.parity, stopBits], [2400, 8, parity, 1]);
      connection.write(Uint8Array.of(0x2f, 0x7f | (mode === "7E1" ? 0 : 0x80)));
      await connection.drain();
      assert.deepEqual([...binding().recording], written);
      await connection.close();
    });
  }

  it("makes 7E1 in software: parity out, no eighth bit in, and back", async () => {
    const events = new Events();
    const connection = await serialTransport({ path, baudRate: 300 }, undefined, mock).open(events, {
      timeoutMs: 5000,
    });
    await connection.setLine({ baudRate: 300, dataBits: 7, parity: "even" });
    connection.write(Uint8Array.from(Buffer.from("/?!\r\n")));
    await connection.drain();
    // even parity of the ASCII characters / ? ! CR LF
    assert.deepEqual([...binding().recording], [0xaf, 0x3f, 0x21, 0x8d, 0x0a]);
    binding().emitData(Buffer.from([0xaf, 0x41]));
    await events.until(() => events.bytes.length === 2);
    assert.deepEqual(events.bytes, [0x2f, 0x41]);
    await connection.setLine({ baudRate: 9600, dataBits: 8, parity: "none" });
    assert.equal(made.at(-1)?.baudRate, 9600);
    connection.write(Uint8Array.of(0x2f));
    await connection.drain();
    assert.equal(binding().recording.at(-1), 0x2f);
    await connection.close();
  });

  it("sets DTR and RTS as chosen after opening, and touches neither without a choice", async () => {
    const sets: object[] = [];
    const recording = (): Promise<SerialModule> =>
      Promise.resolve({
        SerialPort: class extends SerialPortMock {
          override set(...[state, callback]: Parameters<SerialPortMock["set"]>): void {
            sets.push(state);
            super.set(state, callback);
          }
        },
      });
    for (const outputs of [{}, { dtr: true, rts: false }, { rts: false }]) {
      const options = { path, baudRate: 300, ...outputs };
      const connection = await serialTransport(options, undefined, recording).open(new Events(), { timeoutMs: 5000 });
      await connection.close();
    }
    assert.deepEqual(sets, [{ dtr: true, rts: false }, { rts: false }]);
  });

  it("closes a port that refuses DTR or RTS, and says why", async () => {
    const refusing = (): Promise<SerialModule> =>
      Promise.resolve({
        SerialPort: class extends SerialPortMock {
          constructor(options: SerialPortSettings) {
            super(options);
            made.push(this);
          }
          override set(...[, callback]: Parameters<SerialPortMock["set"]>): void {
            callback?.(new Error("Inappropriate ioctl for device"));
          }
        },
      });
    const opening = serialTransport({ path, baudRate: 300, dtr: true }, undefined, refusing).open(new Events(), {
      timeoutMs: 5000,
    });
    await assert.rejects(opening, (error) => error instanceof DlmsError && /Inappropriate ioctl/.test(error.message));
    assert.equal(made.at(-1)?.isOpen, false);
  });

  it("computes even parity of all seven-bit characters", () => {
    for (let byte = 0; byte < 128; byte++) {
      const ones = [...evenParity(byte).toString(2)].filter((bit) => bit === "1").length;
      assert.equal(ones % 2, 0);
      assert.equal(evenParity(byte) & 0x7f, byte);
    }
  });

  for (const [what, message, code, advice] of [
    [
      "a port that another program has",
      "Error Resource temporarily unavailable Cannot lock port",
      "DLMS_CONN_PORT_BUSY",
      /UV_USE_IO_URING=0/,
    ],
    ["a busy port", "Error: Device or resource busy, cannot open /dev/ttyUSB0", "DLMS_CONN_PORT_BUSY", /ModemManager/],
    [
      "a port without rights",
      "Error: Permission denied, cannot open /dev/ttyUSB0",
      "DLMS_CONN_PORT_FORBIDDEN",
      /usermod -aG dialout/,
    ],
    ["Windows' refusal", "Opening COM3: Access denied", "DLMS_CONN_PORT_FORBIDDEN", /Windows/],
    [
      "a port that is not there",
      "Error: No such file or directory, cannot open /dev/ttyUSB0",
      "DLMS_CONN_PORT_MISSING",
      /--device=/,
    ],
    ["Windows' missing port", "Opening COM9: File not found", "DLMS_CONN_PORT_MISSING", /by-id/],
    [
      "something that is no port",
      "Error: Inappropriate ioctl for device setting custom baud rate",
      "DLMS_CONN_PORT_MISSING",
      /is a serial port/,
    ],
  ] as const) {
    it(`${what}: ${code} with the remedy`, async () => {
      const transport = serialTransport({ path: "/dev/ttyUSB0", baudRate: 9600 }, undefined, failing(message));
      await assert.rejects(transport.open(new Events(), { timeoutMs: 5000 }), (error: unknown) => {
        assert.ok(error instanceof DlmsError);
        assert.equal(error.code, code);
        assert.match(error.message, /^serial \/dev\/ttyUSB0: /);
        assert.match(error.message, advice);
        return true;
      });
    });
  }

  it("a port that disappears: CONN_LOST once", async () => {
    const events = new Events();
    const connection = await serialTransport({ path, baudRate: 9600 }, undefined, mock).open(events, {
      timeoutMs: 5000,
    });
    made.at(-1)?.close(undefined, Object.assign(new Error("Writing to COM port"), { disconnected: true }));
    await events.until(() => events.losses.length > 0);
    assert.equal(events.losses[0]?.code, "DLMS_CONN_LOST");
    assert.match(events.losses[0].message, /still plugged in/);
    connection.write(Uint8Array.of(1));
    await connection.drain();
    await connection.close();
    assert.equal(events.losses.length, 1);
  });

  it("a port that never opens: TIMEOUT_CONNECT; when it opens after all it is closed", async () => {
    let opened: (error: Error | null) => void = () => undefined;
    let closed = 0;
    const port = {
      isOpen: true,
      baudRate: 9600,
      on: () => port,
      open: (callback: (error: Error | null) => void) => {
        opened = callback;
      },
      close: () => closed++,
    };
    function Port(): SerialPortLike {
      return port as unknown as SerialPortLike;
    }
    const clock = new VirtualClock();
    const load = (): Promise<SerialModule> =>
      Promise.resolve({ SerialPort: Port as unknown as SerialModule["SerialPort"] });
    const opening = serialTransport({ path, baudRate: 9600 }, clock, load).open(new Events(), { timeoutMs: 100 });
    opening.catch(() => undefined);
    await clock.tickAsync(100);
    await assert.rejects(opening, { code: "DLMS_TIMEOUT_CONNECT" });
    opened(null);
    assert.equal(closed, 1);
  });

  it("a close that hangs is bounded", async () => {
    const listeners: string[] = [];
    const port = {
      isOpen: true,
      baudRate: 9600,
      on: (event: string) => {
        listeners.push(event);
        return port;
      },
      open: (callback: (error: Error | null) => void) => {
        callback(null);
      },
      close: () => undefined,
    };
    function Port(): SerialPortLike {
      return port as unknown as SerialPortLike;
    }
    const clock = new VirtualClock();
    const load = (): Promise<SerialModule> =>
      Promise.resolve({ SerialPort: Port as unknown as SerialModule["SerialPort"] });
    const connection = await serialTransport({ path, baudRate: 9600 }, clock, load).open(new Events(), {
      timeoutMs: 100,
    });
    await clock.runUntil(connection.close());
    assert.equal(clock.now(), 2000);
    assert.ok(listeners.includes("error"));
  });

  it("limits the wait for a driver that never confirms sending or a rate switch", async () => {
    const port = {
      isOpen: true,
      baudRate: 300,
      on: () => port,
      open: (callback: (error: Error | null) => void) => {
        callback(null);
      },
      write: () => true,
      drain: () => undefined,
      update: () => undefined,
      set: () => undefined,
      close: (callback: (error: Error | null) => void) => {
        callback(null);
      },
    };
    function Port(): SerialPortLike {
      return port;
    }
    const clock = new VirtualClock();
    const load = (): Promise<SerialModule> =>
      Promise.resolve({ SerialPort: Port as unknown as SerialModule["SerialPort"] });
    const connection = await serialTransport({ path, baudRate: 300 }, clock, load).open(new Events(), {
      timeoutMs: 100,
    });
    // 30 bytes of ten bits at 300 bit/s take a second
    connection.write(new Uint8Array(30));
    await clock.runUntil(connection.drain());
    assert.equal(clock.now(), 3000);
    await clock.runUntil(connection.setLine({ baudRate: 9600, dataBits: 8, parity: "none" }));
    assert.equal(clock.now(), 5000);
    await clock.runUntil(connection.close());
    assert.equal(clock.pending, 0);
  });

  it("a link to a port and the port itself are one line", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ports-"));
    try {
      const device = join(await realpath(folder), "ttyUSB0");
      const link = join(folder, "usb-Adapter-if00");
      await symlink(device, link);
      const [byName, byLink] = [device, link].map((one) => serialTransport({ path: one, baudRate: 9600 }));
      assert.equal(byLink?.lineKey, `serial:${link}`, "unplugged");
      await writeFile(device, "");
      assert.equal(byLink.lineKey, `serial:${device}`);
      assert.equal(byName?.lineKey, byLink.lineKey);
      assert.equal(serialTransport({ path: "COM3", baudRate: 9600 }).lineKey, "serial:COM3");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is loaded on demand, if the package is installed", async () => {
    const module = await loadSerialPort();
    assert.equal(typeof module.SerialPort.list, "function");
  });

  it("passes on that the package is missing", async () => {
    const missing = new DlmsConfigError("CONFIG_MISSING", "transport: the package serialport is not installed");
    const transport = serialTransport({ path, baudRate: 9600 }, undefined, () => Promise.reject(missing));
    await assert.rejects(transport.open(new Events(), { timeoutMs: 100 }), (error) => error === missing);
  });
});

describe("listPorts", () => {
  it("returns the ports that serialport lists", async () => {
    MockBinding.reset();
    MockBinding.createPort(path, { manufacturer: "Maker" });
    const ports = await listPorts(mock);
    assert.deepEqual(
      ports.map((port) => [port.path, port.manufacturer]),
      [[path, "Maker"]],
    );
  });

  it("falls back to device files if serialport cannot list (no udev), and to none if there are none", async () => {
    const dev = await mkdtemp(join(tmpdir(), "ports-"));
    try {
      const byId = join(dev, "serial", "by-id");
      await mkdir(byId, { recursive: true });
      for (const name of ["ttyUSB10", "ttyUSB2", "ttyACM0", "ttyS0", "tty1", "null"])
        await writeFile(join(dev, name), "");
      await symlink(join(dev, "ttyUSB2"), join(byId, "usb-Adapter-if00"));
      await symlink(join(dev, "gone"), join(byId, "usb-Gone-if00"));
      const rejecting = (): Promise<SerialModule> =>
        Promise.resolve({
          SerialPort: {
            list: () => Promise.reject(new Error("spawn udevadm ENOENT")),
          } as unknown as SerialModule["SerialPort"],
        });
      const ports = await listPorts(rejecting, { dev, byId });
      assert.deepEqual(
        ports.map((port) => port.path),
        [join(byId, "usb-Adapter-if00"), ...["ttyACM0", "ttyS0", "ttyUSB2", "ttyUSB10"].map((name) => join(dev, name))],
      );
      assert.deepEqual(await listPorts(rejecting, { dev: join(dev, "no"), byId: join(dev, "no") }), []);
    } finally {
      await rm(dev, { recursive: true });
    }
  });
});
