/** The config node `dlms-push-source`: one place that listens to meters, with their keys and names. */
import { DlmsConfigError, type DlmsError, isDlmsError, type SharedMeter } from "../../src/index";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { join } from "node:path";
import { registerPushArrivals } from "../admin/push-arrivals-route";
import { registerPushPresets } from "../admin/push-presets";
import { findMeter } from "../meters/meter-node";
import { nodeRuntimeOf } from "../meters/node-runtime";
import { migrate, migrations } from "../node-red/migrations";
import { isAbsent, type RawSettings } from "../node-red/raw-settings";
import { incomingLine } from "../push/dial-in";
import { LearnedNames } from "../push/learned-names";
import { listenTransportOf } from "../push/push-place";
import { PushSource } from "../push/push-source";
import { findPushSource, type PushSourceNode } from "../push/push-source-node";
import { pushSourceSettingsOf } from "../push/source-settings";
import { keyCredentials } from "../push/source-table";

type Credentials = Readonly<Record<string, string>>;
type SourceConfigNode = Node<Credentials> & { -readonly [K in "push" | "users"]: PushSourceNode[K] };

export default function (RED: NodeAPI): void {
  const shared = nodeRuntimeOf(RED);
  const { runtime } = shared;
  shared.incoming = (source, meterId) => incomingLine(source, meterId, (id) => findPushSource(RED, id).source);

  function sessionOf(id: string): SharedMeter {
    const { session, problem } = findMeter(RED, id, "meter").meter;
    if (session === undefined)
      throw problem ?? new DlmsConfigError("CONFIG_INVALID", "meter: its settings are invalid");
    return session;
  }

  function makeSource(node: SourceConfigNode, config: NodeDef): PushSource {
    const raw = migrate(config as unknown as RawSettings, migrations["dlms-push-source"]);
    const settings = pushSourceSettingsOf(raw, node.credentials ?? {});
    const folder = join(RED.settings.userDir ?? ".", "dlms");
    return new PushSource({
      label: config.name || config.id,
      settings,
      clock: shared.clock,
      counters: runtime.receivedCounters(join(folder, "push-counters.json")),
      transport: listenTransportOf(RED, settings),
      learned: new LearnedNames({
        clock: shared.clock,
        user: node.id,
        sessionOf: (id) => sessionOf(id),
        onProblem: (meter, problem) => {
          node.warn(RED._("dlms-push-source.log.notLearned", { meter: meter.name, reason: problem.message }));
        },
      }),
      variable: (name) => {
        const value: unknown = RED.util.evaluateNodeProperty(name, "env", node, {});
        return typeof value === "string" && !isAbsent(value) ? value : undefined;
      },
      onIgnored: (text) => {
        node.warn(text);
      },
      onProblem: (problem) => {
        node.error(problem.message, { dlmsError: problem.toJSON() });
      },
    });
  }

  function DlmsPushSource(this: SourceConfigNode, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    this.users = {};
    const label = config.name || config.id;
    let source: PushSource | undefined;
    let problem: DlmsError | undefined;
    try {
      source = makeSource(this, config);
      // meters dial in although no node listens to their pushes
      if (source.settings.dialIn !== undefined) source.open();
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      problem = error;
      this.error(error.message);
    }
    this.push = { label, source, problem };
    this.on("close", (_removed: boolean, done: () => void) => {
      void (source?.close() ?? Promise.resolve()).finally(done);
    });
  }

  RED.nodes.registerType<SourceConfigNode, NodeDef, object, Credentials>("dlms-push-source", DlmsPushSource, {
    credentials: Object.fromEntries(keyCredentials.map((name) => [name, { type: "password" }])),
  });
  registerPushPresets(RED);
  registerPushArrivals(RED);
}
