/** The mode E sign-on of IEC 62056-21, followed by HDLC. */

export { modeELink, type ModeELinkOptions } from "./mode-e-link";
export {
  acknowledgeMessage,
  chooseRate,
  findIdentification,
  type Identification,
  isWithinOffer,
  requestMessage,
  withoutParity,
} from "./sign-on";
