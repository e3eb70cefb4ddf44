/** An MQTT broker for tests that records every published message. */
import net from "node:net";
import type { AedesPublishPacket, Client } from "aedes" with { "resolution-mode": "import" };

export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly qos: number;
}

/** An MQTT broker on a local port. It accepts no client before `open()` and records every message. */
export class MqttBroker {
  readonly #published: Published[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #held: (() => void)[] = [];
  #open = false;
  #stop = (): Promise<void> => Promise.resolve();
  port = 0;

  static async start(): Promise<MqttBroker> {
    const broker = new MqttBroker();
    await broker.#listen();
    return broker;
  }

  async #listen(): Promise<void> {
    const { Aedes } = await import("aedes");
    const aedes = await Aedes.createBroker({
      preConnect: (_client, _packet, done) => {
        const admit = (): void => {
          done(null, true);
        };
        if (this.#open) admit();
        else this.#held.push(admit);
        this.#changed();
      },
    });
    // the broker's own messages about its clients have no client, nor has a last will
    aedes.on("publish", ({ topic, payload, retain, qos }: AedesPublishPacket, _client: Client | null) => {
      if (topic.startsWith("$SYS/")) return;
      this.#published.push({ topic, payload: payload.toString(), retain, qos });
      this.#changed();
    });
    const server = net.createServer((socket) => void aedes.handle(socket));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    this.port = (server.address() as net.AddressInfo).port;
    this.#stop = () =>
      new Promise((done) => {
        aedes.close(() => server.close(() => done()));
      });
  }

  /** Resolves when a client waits for access. */
  async knocked(): Promise<void> {
    await this.#until(() => (this.#held.length > 0 ? true : undefined));
  }

  open(): void {
    this.#open = true;
    for (const admit of this.#held.splice(0)) admit();
  }

  get published(): readonly Published[] {
    return this.#published;
  }

  /** The first `count` matching messages, past ones included. */
  async messages(count: number, fits: (message: Published) => boolean): Promise<Published[]> {
    return this.#until(() => {
      const found = this.#published.filter(fits);
      return found.length >= count ? found.slice(0, count) : undefined;
    });
  }

  async message(topic: string, payload?: string): Promise<Published> {
    const [found] = await this.messages(
      1,
      (one) => one.topic === topic && (payload === undefined || one.payload === payload),
    );
    if (found === undefined) throw new Error(`nothing on ${topic}`);
    return found;
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }

  #until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((done) => {
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        this.#waiting.delete(check);
        done(found);
      };
      this.#waiting.add(check);
      check();
    });
  }
}
