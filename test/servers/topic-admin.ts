import { ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import type { Admin } from '@platformatic/kafka'
import { systemClock } from '../../src/async/system-clock.ts'

/** Sets one property of a topic, as an operator does; resolves when the broker shows it. */
export async function setTopicConfig(admin: Admin, topic: string, name: string, value: string): Promise<void> {
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic }
  const configs = [{ name, value, configOperation: IncrementalAlterConfigOperationTypes.SET }]
  await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs }] })
  for (let attempt = 0; attempt < 100; attempt++) {
    const [described] = await admin.describeConfigs({ resources: [{ ...resource, configurationKeys: [name] }] })
    if (described?.configs.some((config) => config.value === value)) return
    await systemClock.sleep(50)
  }
  throw new Error(`topic ${topic} does not show ${name}=${value}`)
}
