/** A session: the client's side of one association, as operations whose steps a driver performs. */
import { encodeApdu } from "../apdu";
import type {
  AccessResponse,
  AccessSpecification,
  ActionResult,
  Apdu,
  AttributeDescriptorWithSelection,
  GetDataResult,
  MethodDescriptor,
  ReadResult,
  VariableAccess,
  WriteResult,
} from "../apdu/model";
import { accessList } from "./services/access";
import { invokeList, invokeMethod } from "./services/action";
import { associate, assumeAssociation, checkOptions } from "./association/associate";
import { openNotification } from "./exchange/envelopes";
import { ServiceChannel } from "./exchange/service-channel";
import { getAttribute, getChunks, getList, type GetOutcome } from "./services/get";
import type { AnswerForm, Operation } from "./steps/operation";
import type { AssociationInfo, SessionOptions } from "./steps/options";
import { release } from "./association/release";
import { DlmsAssociationError, type RequestName } from "../errors";
import { namedNow, withRequestName } from "./steps/request-name";
import { setAttribute, setList } from "./services/set";
import { readChunks, readVariables, writeVariables } from "./services/short-name";

/**
 * The client's side of one association, without a socket, timer, clock or randomness: every method is a
 * generator whose steps a driver performs. One operation at a time. `request` names it in the errors that it ends in:
 * "read 1-0:1.8.0*255/2". A meter's result codes are returned; an answer that does not fit the request is thrown as a
 * DlmsError.
 */
export class Session {
  readonly #channel: ServiceChannel;

  /** @throws DlmsConfigError for options that contradict each other or lack something */
  constructor(options: SessionOptions) {
    checkOptions(options);
    this.#channel = new ServiceChannel(options);
  }

  /** The negotiated parameters; undefined without an association. */
  get association(): AssociationInfo | undefined {
    return this.#channel.association;
  }

  /** An answer in general blocks did not complete: another association may omit them. */
  get generalBlocksFailed(): boolean {
    return this.#channel.blocksFailed;
  }

  /** An answer in general blocks was complete. */
  get generalBlocksCame(): boolean {
    return this.#channel.blocksCame;
  }

  /** Whether a copy of an answer is detected by its invoke-id or its counter. */
  get tellsAnswersApart(): boolean {
    return this.#channel.tellsAnswersApart;
  }

  /**
   * AARQ, AARE and, for the HLS mechanisms, both proofs.
   * @throws DlmsAssociationError, DlmsSecurityError, DlmsServiceError, DlmsDecodeError
   */
  associate(): Operation<AssociationInfo> {
    return withRequestName("associate", associate(this.#channel), (error) => error instanceof DlmsAssociationError);
  }

  /** For meters with a pre-established association: requests may follow without AARQ. */
  assume(): AssociationInfo {
    return assumeAssociation(this.#channel);
  }

  /** Sends an RLRQ; never fails, whatever the answer or without one. */
  release(): Operation<void> {
    return release(this.#channel);
  }

  /**
   * GET of one attribute; blocks are reassembled, up to `maxResultSize`. With `dataToEnd` the data are all bytes that
   * the meter sent, even if they are longer or shorter than their own counts.
   */
  get(attribute: AttributeDescriptorWithSelection, request: RequestName, form?: AnswerForm): Operation<GetDataResult> {
    return withRequestName(request, getAttribute(this.#channel, attribute, form));
  }

  /** GET of several attributes in one request; see `fitsGetList`. */
  getWithList(
    attributes: readonly AttributeDescriptorWithSelection[],
    request: RequestName,
  ): Operation<readonly GetDataResult[]> {
    return withRequestName(request, getList(this.#channel, attributes));
  }

  /**
   * GET of one attribute of any length: its A-XDR encoding is delivered in `chunk` steps, in order, as the blocks
   * arrive. Only answers that are ciphered or signed as a whole in general blocks are collected first.
   */
  getChunks(attribute: AttributeDescriptorWithSelection, request: RequestName): Operation<GetOutcome> {
    return withRequestName(request, getChunks(this.#channel, attribute));
  }

  /** SET of one attribute, in blocks if the PDU size requires them: the data-access-result, 0 = success. */
  set(attribute: AttributeDescriptorWithSelection, data: Uint8Array, request: RequestName): Operation<number> {
    return withRequestName(request, setAttribute(this.#channel, attribute, data));
  }

  setWithList(
    attributes: readonly AttributeDescriptorWithSelection[],
    values: readonly Uint8Array[],
    request: RequestName,
  ): Operation<readonly number[]> {
    return withRequestName(request, setList(this.#channel, attributes, values));
  }

  /** ACTION of one method, in blocks if the PDU size requires them. */
  action(method: MethodDescriptor, parameters: Uint8Array | undefined, request: RequestName): Operation<ActionResult> {
    return withRequestName(request, invokeMethod(this.#channel, method, parameters));
  }

  /** @param parameters one per method, `00` (null-data) for none */
  actionWithList(
    methods: readonly MethodDescriptor[],
    parameters: readonly Uint8Array[],
    request: RequestName,
  ): Operation<readonly ActionResult[]> {
    return withRequestName(request, invokeList(this.#channel, methods, parameters));
  }

  /** @param data one per specification, `00` (null-data) for a get */
  access(
    specifications: readonly AccessSpecification[],
    data: readonly Uint8Array[],
    request: RequestName,
  ): Operation<AccessResponse> {
    return withRequestName(request, accessList(this.#channel, specifications, data));
  }

  /** Read of short names. With `dataToEnd` the data of a single variable are all that the meter sent, as with `get`. */
  read(
    variables: readonly VariableAccess[],
    request: RequestName,
    form?: AnswerForm,
  ): Operation<readonly ReadResult[]> {
    return withRequestName(request, readVariables(this.#channel, variables, form));
  }

  /**
   * Read of one short name of any length: its A-XDR encoding is delivered in `chunk` steps, in order, as the data
   * blocks arrive (in general blocks it is collected first).
   */
  readChunks(variable: VariableAccess, request: RequestName): Operation<GetOutcome> {
    return withRequestName(request, readChunks(this.#channel, variable));
  }

  /** Write of short names. */
  write(
    variables: readonly VariableAccess[],
    values: readonly Uint8Array[],
    request: RequestName,
  ): Operation<readonly WriteResult[]> {
    return withRequestName(request, writeVariables(this.#channel, variables, values));
  }

  /**
   * An unsolicited notification, deciphered.
   * @throws DlmsSecurityError for one with less protection than the policy requires, DlmsDecodeError
   */
  incoming(apdu: Uint8Array): Apdu {
    return namedNow("notification", () => openNotification(this.#channel, apdu));
  }

  /**
   * Number of these, from the first on, that fit one GET with list to the meter; at least 1 of a non-empty list.
   * @param most bytes that the link sends in one turn: a longer list would cost a round trip for each turn
   */
  fitsGetList(attributes: readonly AttributeDescriptorWithSelection[], most?: number): number {
    // C0 03 invoke-id, and a count that is one byte below 128
    let length = 4;
    let count = 0;
    for (const attribute of attributes) {
      const single = encodeApdu({ apdu: "get-request-normal", invokeId: 0xc1, attribute });
      length += single.length - 3 + (count === 127 ? 1 : 0);
      if (count > 0 && !this.#channel.fits(length, most)) break;
      count += 1;
    }
    return count;
  }
}
