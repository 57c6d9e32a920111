// The public entry of the configuration.
export { defaultConfig } from "./defaults.ts";
export { nearest } from "./nearest.ts";
export { loadConfig, type ParsedConfig, parseConfig } from "./parse.ts";
export { ConfigError, type ConfigProblem, formatConfigProblem } from "./problem.ts";
export { rereadConfig } from "./reread.ts";
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
