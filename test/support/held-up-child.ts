/** Child process that reads a meter while its event loop is blocked. */
import { SharedMeter } from "../../src/fleet/shared-meter";
import { attribute, createClient, type DlmsClient, systemClock } from "../../src/index";

/**
 * A process that reads a meter and is held up: by a busy loop after each of its two association requests (mode
 * "blocks"), or from outside (mode "probes"). It prints each event as a line of JSON.
 */
const [mode = "", port = ""] = process.argv.slice(2);
const tell = (event: object): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};

const client = (): DlmsClient =>
  createClient({
    transport: { kind: "tcp", host: "127.0.0.1", port: Number(port) },
    client: { sap: 1 },
    server: { logical: 1 },
    auth: { mechanism: "lls", secret: "right" },
    timeouts: { response: 300, retries: 0, reconnectMin: 50, reconnectMax: 50 },
  });

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

async function blocks(): Promise<void> {
  for (let connection = 0; connection < 2; connection++) {
    const one = client();
    let blocked = false;
    one.on("trace", (event) => {
      if (blocked || event.kind !== "bytes" || event.layer !== "link" || event.direction !== "out") return;
      blocked = true;
      // the timers come next, before the input
      setImmediate(block, 700);
    });
    one.on("state", ({ state, doubtful, error }) => {
      tell({ state, doubtful: doubtful === true, code: error?.code });
    });
    const { value } = await one.read(attribute("REGISTER", "1.0.1.8.0.255", "value"));
    tell({ value });
    await one.close();
  }
}

function probes(): void {
  const session = new SharedMeter({
    makeClient: client,
    clock: systemClock,
    probeInterval: 300,
    offlineAfter: 900,
    changed: ({ phase }) => {
      tell({ phase });
    },
  });
  let at: number | undefined;
  session.addUser({ id: "a", meterChanged: () => undefined });
  setInterval(() => {
    const { lastExchangeAt } = session.view;
    if (lastExchangeAt === at) return;
    at = lastExchangeAt;
    tell({ answered: at });
  }, 20);
}

if (mode === "blocks") void blocks();
else probes();
