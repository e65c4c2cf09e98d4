import { mkdir } from 'node:fs/promises'
import { startLocalKafka } from '../../../src/hosts/demo/local-kafka.ts'
import type { Brokers } from './brokers.ts'
import type { RealPlan } from './real-plan.ts'
import { startThreeBrokers } from './three-brokers.ts'

/** What tests with short session timeouts need of every broker. */
const extraProperties = { 'group.min.session.timeout.ms': '1000' }

/** Starts them in a folder that does not exist yet. */
export async function startBrokers(plan: RealPlan, directory: string, signal: AbortSignal): Promise<Brokers> {
  await mkdir(directory)
  if (plan.brokers.count === 3) {
    return startThreeBrokers({ directory, artifacts: plan.brokers.artifacts, extraProperties, signal })
  }
  const kafka = await startLocalKafka({ directory, artifacts: plan.brokers.artifacts, extraProperties, signal })
  return {
    bootstrapServers: kafka.bootstrapServers,
    count: 1,
    kill: () => kafka.kill(),
    stop: () => kafka.stop(),
    restart: () => kafka.restart(),
    [Symbol.asyncDispose]: () => kafka.kill(),
  }
}
