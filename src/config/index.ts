// The public entry of the configuration.
export { defaultConfig } from "./defaults.ts";
export { installConfig } from "./install.ts";
export { nearest } from "./nearest.ts";
export { configFrom, loadConfig, type ParsedConfig, parseConfig } from "./parse.ts";
export { ConfigError, type ConfigProblem, formatConfigProblem } from "./problem.ts";
export { checkFinished, rereadConfig } from "./reread.ts";
export {
  ADMITTED,
  type Admitted,
  type HostConfig,
  LOG_LEVELS,
  type LogLevel,
  type NetworkConfig,
  TUNNEL_TYPES,
  type TunnelType,
  type WeftConfig,
} from "./types.ts";
