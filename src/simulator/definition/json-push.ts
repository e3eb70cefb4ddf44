/** Parses the push setups of a definition from JSON. */
import { bytesField, type Fields, fieldsOf, onlyKnown } from "./json-fields";
import { checkPushSetup, type PushSetup } from "./push-setup";

/**
 * A push setup: the fields of `PushSetup`, keys as hex digits, and `to` as host and port or path and rate.
 * @throws DlmsConfigError CONFIG_INVALID or CONFIG_MISSING with the path of the fault
 */
export function parsePushSetup(fields: Fields): PushSetup {
  const { security } = fields.values;
  const setup = {
    ...fields.values,
    ...(security === undefined ? {} : { security: parseProtection(fieldsOf(security, `${fields.path}.security`)) }),
  } as unknown as PushSetup;
  if (setup.to !== undefined) onlyKnown(fieldsOf(setup.to, `${fields.path}.to`), targetFields);
  checkPushSetup(fields.path, setup);
  return setup;
}

const targetFields = ["kind", "host", "port", "path", "baudRate", "mode"];

/** The lengths of the keys are checked with the setup, by its suite. */
function parseProtection(fields: Fields): Record<string, unknown> {
  const keys = ["encryptionKey", "authenticationKey"].map((name) => [name, bytesField(fields, name)] as const);
  return { ...fields.values, ...Object.fromEntries(keys.filter(([, bytes]) => bytes !== undefined)) };
}
