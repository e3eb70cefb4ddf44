/** What all nodes of one Node-RED share. */
import { createRuntime, DlmsStateError, type Runtime, systemClock } from "../../src/index";
import type { EventEmitter } from "node:events";
import type { NodeAPI } from "node-red";
import { DeployedMeters } from "./deployed-meters";
import { DeployedSecrets } from "./deployed-secrets";
import { DraftMeters } from "./draft-meters";
import { type Keepsakes } from "./parse-settings";
import { PersistentState } from "./persistent-state";

export class NodeRuntime {
  readonly runtime: Runtime;
  readonly deployedMeters = new DeployedMeters();
  readonly deployedSecrets: DeployedSecrets;
  /** They end when the flows stop, that is before each deploy as well. */
  readonly drafts: DraftMeters;
  /** Requests of open dialogs that are under way; a deploy ends them. */
  readonly dialogRequests = new Set<AbortController>();
  readonly #state: PersistentState;

  constructor(events: EventEmitter) {
    this.runtime = createRuntime({ clock: systemClock });
    this.deployedSecrets = new DeployedSecrets(this.runtime.random);
    this.drafts = DraftMeters.of(this.runtime);
    this.#state = new PersistentState(this.runtime);
    events.on("flows:stopping", () => {
      const text = "a deploy ended it, since nodes may ask this meter now; try again";
      for (const ending of this.dialogRequests) ending.abort(new DlmsStateError("STATE_CLOSED", text));
      void this.drafts.vacate();
    });
  }

  /** Kept in the folder `dlms` of Node-RED's user directory. */
  keepsakes({ settings }: NodeAPI): Keepsakes {
    return this.#state.in(settings.userDir ?? ".");
  }
}

const runtimes = new WeakMap<EventEmitter, NodeRuntime>();

/** Of the Node-RED that this API belongs to: each module gets an API object of its own, with the same events. */
export function nodeRuntimeOf({ events }: NodeAPI): NodeRuntime {
  const known = runtimes.get(events);
  if (known !== undefined) return known;
  const made = new NodeRuntime(events);
  runtimes.set(events, made);
  return made;
}
