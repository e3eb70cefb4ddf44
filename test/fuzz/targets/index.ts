/** All fuzz targets. */
import { cosemTargets } from "./cosem";
import { decodeTargets } from "./decode";
import { linkTargets } from "./links";
import { settingTargets } from "./settings";
import type { Target } from "./target";

export const targets: readonly Target[] = [...decodeTargets, ...linkTargets, ...cosemTargets, ...settingTargets];
export type { SeedKind, Target } from "./target";
