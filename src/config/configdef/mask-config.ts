import type { ConnectorConfig } from './config-infos.ts'

export function maskConfig(config: ConnectorConfig): ConnectorConfig {
  return config
}
