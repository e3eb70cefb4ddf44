export { modeELink, type ModeELinkOptions } from "./mode-e-link";
export {
  acknowledgeMessage,
  chooseRate,
  findIdentification,
  type Identification,
  isWithinOffer,
  requestMessage,
  withEvenParity,
  withoutParity,
} from "./sign-on";
