import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RealPlan } from './real-plan.ts'
import type { WorkerCommand } from './worker-process.ts'

const tailraceMain = fileURLToPath(new URL('../../servers/worker-main.ts', import.meta.url))
const naiveMain = fileURLToPath(new URL('../control/naive-loop.ts', import.meta.url))

/** The command behind each worker of a run; writes what the program reads at its start. */
export async function writeWorkerCommand(
  plan: RealPlan,
  where: { readonly directory: string; readonly endpoint: string; readonly bootstrapServers: string },
): Promise<WorkerCommand> {
  const directory = path.join(where.directory, 'workers')
  await mkdir(directory)
  const { endpoint, bootstrapServers } = where
  if (plan.program === 'naive-loop') {
    const settings = { endpoint, bootstrapServers, tables: plan.tables, leaseMs: 2 * plan.sessionTimeoutMs }
    const leases = path.join(directory, 'leases')
    await mkdir(leases)
    return { main: naiveMain, words: [JSON.stringify({ ...settings, leases })], directory }
  }
  const file = path.join(directory, 'pipeline.yaml')
  await writeFile(file, configOf(plan, endpoint, bootstrapServers))
  return {
    main: tailraceMain,
    words: [file, String(plan.sessionTimeoutMs)],
    directory,
    env: {
      ...(plan.freezeAt === undefined ? {} : { TAILRACE_FREEZE: plan.freezeAt }),
      ...(plan.stallAt === undefined ? {} : { TAILRACE_STALL: `${plan.stallAt}:${plan.seed}` }),
    },
  }
}

function configOf(plan: RealPlan, endpoint: string, bootstrapServers: string): string {
  return `
pipeline: shop
lanes: ${plan.lanes}
delivery: ${plan.delivery}
source:
  region: eu-central-1
  endpoint: ${endpoint}
  tables: [${plan.tables.join(', ')}]
kafka:
  bootstrap.servers: ${bootstrapServers}
topic:
  partitions: ${plan.topicPartitions}
snapshot.mode: never
`
}
