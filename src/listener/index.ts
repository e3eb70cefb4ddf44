/** Listening for pushes: ports, lines and gateways on top of the push decoder. */
export type {
  ListenBytes,
  ListenConnection,
  ListenProblem,
  ListenState,
  ListenStateEvent,
  PushListenerEvents,
  SerialLine,
} from "./events";
export type { ListenerFacts, UnknownTitle } from "./facts";
export { listenPush, type PushListener } from "./listen-push";
export type { NoiseHint, NoiseKind } from "./noise";
export type { ListenLimits, ListenLogger, ListenPushOptions, ListenTransport, PushSerialMode } from "./options";
