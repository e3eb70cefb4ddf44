export { gatewayLink } from "./gateway-link";
export { type GatewayAddress, gatewayPrefixOf, withGateway, withoutGateway } from "./gateway-prefix";
