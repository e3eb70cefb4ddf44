// The script of the dlms-simulator dialog: what dlms-simulator.html uses of it is window.dlmsSimulatorEditor.
import { SimulatorChecks } from "./checks";
import { SimulatorDialog } from "./dialog";
import { t } from "./texts";

Object.assign(window, { dlmsSimulatorEditor: { t, checks: new SimulatorChecks(), dialog: new SimulatorDialog() } });
