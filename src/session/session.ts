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
import { ServiceChannel } from "./exchange/service-channel";
import { getAttribute, getChunks, getList, type GetOutcome } from "./services/get";
import type { AnswerForm, Operation } from "./steps/operation";
import type { AssociationInfo, SessionOptions } from "./steps/options";
import { release } from "./association/release";
import { setAttribute, setList } from "./services/set";
import { readChunks, readVariables, writeVariables } from "./services/short-name";

/**
 * The client's side of one association, without socket, timer, clock or randomness of its own: every method is a
 * generator whose steps a driver performs. One operation at a time. `what` names the request in messages:
 * "read 1-0:1.8.0*255/2". A meter's result codes are returned; what is no answer to the request is thrown as a
 * DlmsError.
 */
export class Session {
  readonly #channel: ServiceChannel;

  /** @throws DlmsConfigError for options that contradict each other or lack something */
  constructor(options: SessionOptions) {
    checkOptions(options);
    this.#channel = new ServiceChannel(options);
  }

  /** What was agreed; undefined while there is no association. */
  get association(): AssociationInfo | undefined {
    return this.#channel.association;
  }

  /** An answer in general blocks did not come to an end: another association may do without them. */
  get generalBlocksFailed(): boolean {
    return this.#channel.blocksFailed;
  }

  /** Whether a copy of an answer is told from the answer to another request, by its invoke-id or its counter. */
  get tellsAnswersApart(): boolean {
    return this.#channel.tellsAnswersApart;
  }

  /**
   * AARQ, AARE and, for the HLS mechanisms, both proofs.
   * @throws DlmsAssociationError, DlmsSecurityError, DlmsServiceError, DlmsDecodeError
   */
  associate(): Operation<AssociationInfo> {
    return associate(this.#channel);
  }

  /** For meters with a pre-established association: requests may follow without AARQ. */
  assume(): AssociationInfo {
    return assumeAssociation(this.#channel);
  }

  /** RLRQ; never fails for what the meter answers, or does not. */
  release(): Operation<void> {
    return release(this.#channel);
  }

  /**
   * GET of one attribute; blocks are put together, up to `maxResultSize`. With `dataToEnd` the data are all that the
   * meter sent, also where they are longer or shorter than their own counts say.
   */
  get(attribute: AttributeDescriptorWithSelection, what: string, form?: AnswerForm): Operation<GetDataResult> {
    return getAttribute(this.#channel, attribute, what, form);
  }

  /** GET of several attributes in one request; see `fitsGetList`. */
  getWithList(
    attributes: readonly AttributeDescriptorWithSelection[],
    what: string,
  ): Operation<readonly GetDataResult[]> {
    return getList(this.#channel, attributes, what);
  }

  /**
   * GET of one attribute, however long: its A-XDR encoding comes in `chunk` steps, in order, as the blocks come. Only
   * what comes in general blocks and is ciphered or signed as a whole is collected first.
   */
  getChunks(attribute: AttributeDescriptorWithSelection, what: string): Operation<GetOutcome> {
    return getChunks(this.#channel, attribute, what);
  }

  /** SET of one attribute, in blocks where the PDU size asks for them: the data-access-result, 0 = success. */
  set(attribute: AttributeDescriptorWithSelection, data: Uint8Array, what: string): Operation<number> {
    return setAttribute(this.#channel, attribute, data, what);
  }

  setWithList(
    attributes: readonly AttributeDescriptorWithSelection[],
    values: readonly Uint8Array[],
    what: string,
  ): Operation<readonly number[]> {
    return setList(this.#channel, attributes, values, what);
  }

  /** ACTION of one method, in blocks where the PDU size asks for them. */
  action(method: MethodDescriptor, parameters: Uint8Array | undefined, what: string): Operation<ActionResult> {
    return invokeMethod(this.#channel, method, parameters, what);
  }

  /** @param parameters one per method, `00` (null-data) for none */
  actionWithList(
    methods: readonly MethodDescriptor[],
    parameters: readonly Uint8Array[],
    what: string,
  ): Operation<readonly ActionResult[]> {
    return invokeList(this.#channel, methods, parameters, what);
  }

  /** @param data one per specification, `00` (null-data) for a get */
  access(
    specifications: readonly AccessSpecification[],
    data: readonly Uint8Array[],
    what: string,
  ): Operation<AccessResponse> {
    return accessList(this.#channel, specifications, data, what);
  }

  /** Read of short names. With `dataToEnd` the data of a single variable are all that the meter sent, as with `get`. */
  read(variables: readonly VariableAccess[], what: string, form?: AnswerForm): Operation<readonly ReadResult[]> {
    return readVariables(this.#channel, variables, what, form);
  }

  /**
   * Read of one short name, however long: its A-XDR encoding comes in `chunk` steps, in order, as the data blocks come
   * (in general blocks it is collected first).
   */
  readChunks(variable: VariableAccess, what: string): Operation<GetOutcome> {
    return readChunks(this.#channel, variable, what);
  }

  /** Write of short names. */
  write(
    variables: readonly VariableAccess[],
    values: readonly Uint8Array[],
    what: string,
  ): Operation<readonly WriteResult[]> {
    return writeVariables(this.#channel, variables, values, what);
  }

  /**
   * A notification that came unasked, deciphered.
   * @throws DlmsSecurityError for one that is weaker protected than the policy asks for, DlmsDecodeError
   */
  incoming(apdu: Uint8Array): Apdu {
    return this.#channel.incoming(apdu);
  }

  /** How many of these, from the first on, fit one GET with list to the meter; at least 1 of a non-empty list. */
  fitsGetList(attributes: readonly AttributeDescriptorWithSelection[]): number {
    // C0 03 invoke-id, and a count that is one byte below 128
    let length = 4;
    let count = 0;
    for (const attribute of attributes) {
      const single = encodeApdu({ apdu: "get-request-normal", invokeId: 0xc1, attribute });
      length += single.length - 3 + (count === 127 ? 1 : 0);
      if (count > 0 && !this.#channel.fits(length)) break;
      count += 1;
    }
    return count;
  }
}
