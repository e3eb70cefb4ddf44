/** The services of an association, whether it names objects by logical or by short names. */
import type { ActionResult } from "../../apdu/model";
import type { AttributeRef, MethodRef, ObjectDirectory, Selection } from "../../cosem";
import type { Association, RunOptions } from "../association/association";
import type { FetchOptions } from "../association/meter-hints";
import type { AttributeRequest, Fetched } from "./attribute-request";

/** One attribute with the A-XDR encoding of its new value. */
export interface WriteItem {
  readonly ref: AttributeRef;
  readonly data: Uint8Array;
  readonly access?: Selection;
}

/** One method with the A-XDR encoding of its argument. */
export interface InvokeItem {
  readonly ref: MethodRef;
  readonly parameters: Uint8Array | undefined;
}

/** The services by one referencing method. */
export interface Referencing {
  /** Whether one request reads several attributes, by any service. */
  readsTogether(active: Association, options: Pick<FetchOptions, "hints" | "noGetWithList">): boolean;
  readOne(
    active: Association,
    request: Pick<AttributeRequest, "ref" | "descriptor" | "name">,
    options: FetchOptions,
  ): Promise<Fetched>;
  /** In as few round trips as the association allows; positions are kept. */
  readTogether(active: Association, refs: readonly AttributeRef[], options: FetchOptions): Promise<readonly Fetched[]>;
  /** One attribute of any length: its pieces are passed to `onChunk`. Returns the result, 0 = success. */
  readChunks(
    active: Association,
    ref: AttributeRef,
    selection: Selection | undefined,
    request: string,
    options: RunOptions,
  ): Promise<number>;
  /** Returns the result, 0 = success. */
  write(active: Association, item: WriteItem, request: string, options: RunOptions): Promise<number>;
  /** In one request; undefined where the association has no such service. Returns the results in their positions. */
  writeTogether(
    active: Association,
    items: readonly WriteItem[],
    request: string,
    options: RunOptions,
  ): Promise<readonly number[]> | undefined;
  invoke(
    active: Association,
    ref: MethodRef,
    parameters: Uint8Array | undefined,
    request: string,
    options: RunOptions,
  ): Promise<ActionResult>;
  /** In one request; undefined where the association has no such service. Returns the results in their positions. */
  invokeTogether(
    active: Association,
    items: readonly InvokeItem[],
    request: string,
    options: RunOptions,
  ): Promise<readonly ActionResult[]> | undefined;
  /** Returns a function that builds the directory from the bytes. */
  objectList(active: Association, options: RunOptions): Promise<() => ObjectDirectory>;
}
