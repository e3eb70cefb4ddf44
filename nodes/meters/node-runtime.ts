// What all nodes of one Node-RED share.
import { type Clock, createRuntime, DlmsStateError, type Runtime, systemClock } from "../../src/index";
import type { EventEmitter } from "node:events";
import type { NodeAPI } from "node-red";
import { DeployedMeters } from "./deployed-meters";
import { DeployedSecrets } from "./deployed-secrets";
import { DraftMeters } from "./draft-meters";
import { type PersistentState } from "./parse-settings";
import { PersistentStates } from "./persistent-state";
import { WriteRights } from "./write-rights";
import { clientTls, tlsMaterialOf } from "../node-red/tls-config";

export class NodeRuntime {
  readonly runtime: Runtime;
  /** of the nodes for pushes; a test replaces it */
  clock: Clock = systemClock;
  /** the line of a meter that dials in; push sources provide it */
  incoming: PersistentState["incoming"];
  readonly deployedMeters = new DeployedMeters();
  readonly writeRights = new WriteRights();
  readonly deployedSecrets: DeployedSecrets;
  /** Their sessions close when the flows stop, and so before each deploy. */
  readonly drafts: DraftMeters;
  /** Requests of open dialogs in progress; a deploy aborts them. */
  readonly dialogRequests = new Set<AbortController>();
  readonly #state: PersistentStates;

  constructor(events: EventEmitter) {
    this.runtime = createRuntime({ clock: systemClock });
    this.deployedSecrets = new DeployedSecrets(this.runtime.random);
    this.drafts = DraftMeters.of(this.runtime);
    this.#state = new PersistentStates(this.runtime);
    events.on("flows:stopping", () => {
      const text = "a deploy ended the request; try again";
      for (const ending of this.dialogRequests) ending.abort(new DlmsStateError("STATE_CLOSED", text));
      void this.drafts.vacate();
    });
  }

  /** The state in the folder `dlms` of Node-RED's user directory. */
  persistentState(RED: NodeAPI): PersistentState {
    const { incoming } = this;
    return {
      ...this.#state.in(RED.settings.userDir ?? "."),
      ...(incoming !== undefined && { incoming }),
      tls: (id) => clientTls(tlsMaterialOf(RED, id)),
    };
  }
}

const runtimes = new WeakMap<EventEmitter, NodeRuntime>();

/** The runtime of a Node-RED: its modules have different API objects, but share the event emitter. */
export function nodeRuntimeOf({ events }: NodeAPI): NodeRuntime {
  const known = runtimes.get(events);
  if (known !== undefined) return known;
  const made = new NodeRuntime(events);
  runtimes.set(events, made);
  return made;
}
