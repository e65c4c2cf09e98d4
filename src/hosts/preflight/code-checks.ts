import type { Clock } from '../../async/clock.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { counted } from '../counted.ts'
import { openCode } from '../stages/change-steps.ts'
import { failed, passed } from './finding.ts'
import type { Finding } from './finding.ts'

/** Loads the user's files, as a worker would, and ends their thread. Needs neither AWS nor Kafka. */
export async function checkCode(config: PipelineConfig, clock: Clock): Promise<readonly Finding[]> {
  const check = 'transforms'
  try {
    await using code = await openCode(config, { clock })
    return code === undefined
      ? []
      : [passed(check, `${counted(config.changes.code.files.length, 'file')} can be loaded`)]
  } catch (error) {
    return [failed(check, error)]
  }
}
