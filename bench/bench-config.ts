import { loadConfig } from '../src/config/load-config.ts'
import type { PipelineConfig } from '../src/config/pipeline-config.ts'

/** A pipeline over one table of the replay server, without log and monitoring; `more`: further lines. */
export function benchConfig(
  values: { readonly endpoint: string; readonly kafka: string; readonly table: string },
  more: string,
): PipelineConfig {
  const { endpoint, kafka, table } = values
  const text = `
pipeline: ${table}
source: { region: us-east-1, endpoint: '${endpoint}', tables: [${table}] }
kafka: { bootstrap.servers: '${kafka}' }
http.listen: off
log.level: silent
${more}
`
  return loadConfig({ text, path: 'bench.yaml', env: {}, readFile: () => new Uint8Array(), realPath: (file) => file })
}
