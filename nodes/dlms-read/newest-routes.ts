// What a node has sent of each profile, for its dialog, and the way to forget it.
import type { Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import type { NewestStore, SentRows } from "./newest-store";

/** A dlms-read node with its store. */
export interface NodeWithNewest extends Node {
  newest?: NewestStore;
}

/** A row of the answer: the newest row of a meter's profile as people read it. */
export interface NewestAnswer {
  readonly meter: string;
  readonly logicalName: string;
  /** ISO; without an offset where it is the meter's wall clock */
  readonly time: string;
}

/** A dialog shows no more. */
const maxShown = 50;

function shown({ meter, logicalName, newest: { ms, isLocal } }: SentRows): NewestAnswer {
  const instant = new Date(ms);
  const iso = Number.isNaN(instant.getTime()) ? String(ms) : instant.toISOString().slice(0, 19);
  return { meter, logicalName, time: isLocal ? iso : `${iso}Z` };
}

export function registerNewestRoutes(RED: NodeAPI): void {
  const storeOf = (request: Request): NewestStore | undefined =>
    (RED.nodes.getNode(String(request.params.id)) as NodeWithNewest | null)?.newest;
  const answer = (work: (store: NewestStore) => Promise<unknown>) => (request: Request, response: Response) => {
    const store = storeOf(request);
    if (store === undefined) {
      response.status(404).json({ error: "not deployed" });
      return;
    }
    work(store).then(
      (result) => response.json(result),
      (error: unknown) => response.status(500).json({ error: String(error) }),
    );
  };
  const list = async (store: NewestStore): Promise<NewestAnswer[]> =>
    (await store.list()).slice(0, maxShown).map(shown);
  RED.httpAdmin.get("/dlms/newest/:id", RED.auth.needsPermission("dlms.read"), answer(list));
  RED.httpAdmin.post(
    "/dlms/newest/:id/reset",
    RED.auth.needsPermission("dlms.write"),
    answer(async (store) => {
      await store.reset();
      return [];
    }),
  );
}
