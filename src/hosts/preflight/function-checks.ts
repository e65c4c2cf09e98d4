import { parseHostPort } from '../../config/network-address.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { FunctionSettings } from '../lambda/mappings/function-settings.ts'
import { passed, warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** A first batch opens connections and reads the ledger; a broker may be away for a moment. */
const leastSeconds = 10
/** A batch may weigh 6 MB, which become several times as much while it is converted. */
const leastMegabytes = 256
/** Older ones lack what tailrace is written in. */
const oldestNode = 22

/** Whether a function is given what batches need. */
export function checkFunction(
  config: Pick<PipelineConfig, 'kafka'>,
  check: string,
  settings: FunctionSettings,
): readonly Finding[] {
  const { runtime, timeoutSeconds, memoryMegabytes, vpcId, state } = settings
  const heldMs = Math.min(config.kafka.transactionTimeoutMs, timeoutSeconds * 1000)
  const facts = [
    runtime ?? 'container image',
    `${memoryMegabytes} MB`,
    `${timeoutSeconds} s`,
    vpcId ?? 'no VPC',
    `if it is killed, its open transaction holds readers up for ${heldMs / 1000} s`,
  ]
  return [
    passed(check, facts.join(', ')),
    ...(timeoutSeconds < leastSeconds
      ? [warning(check, `Timeout is ${timeoutSeconds} s: a first batch may not be done by then`, 'Set `Timeout: 60`.')]
      : []),
    ...(memoryMegabytes < leastMegabytes
      ? [
          warning(
            check,
            `MemorySize is ${memoryMegabytes} MB, and its share of a processor is as small`,
            'Set `MemorySize: 512`.',
          ),
        ]
      : []),
    ...checkRuntime(check, runtime),
    ...(state === 'Failed' ? [warning(check, 'it cannot be invoked: Lambda says that its state is Failed')] : []),
    ...(vpcId === undefined ? checkWay(config, check) : []),
  ]
}

function checkRuntime(check: string, runtime: string | undefined): readonly Finding[] {
  // What is in an image, or under a runtime of one's own, cannot be seen.
  if (runtime === undefined || runtime.startsWith('provided')) return []
  const version = Number(/^nodejs(\d+)\.x$/.exec(runtime)?.[1] ?? 0)
  if (version >= oldestNode) return []
  return [warning(check, `Runtime is ${runtime}: tailrace needs Node.js ${oldestNode}`, 'Set `Runtime: nodejs24.x`.')]
}

/** Private addresses, and MSK's own names but for those of its public access, lead nowhere from outside of a VPC. */
function checkWay({ kafka }: Pick<PipelineConfig, 'kafka'>, check: string): readonly Finding[] {
  const unreachable = kafka.brokers.find((broker) => {
    const host = parseHostPort(broker)?.host ?? broker
    const isPrivate = /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\.\d/.test(host)
    return isPrivate || (/\.kafka(-serverless)?\.[a-z0-9-]+\.amazonaws\.com/.test(host) && !host.includes('-public.'))
  })
  if (unreachable === undefined) return []
  return [
    warning(
      check,
      `broker ${unreachable} can be reached from inside of its VPC only, and the function is in none`,
      'Give the function `VpcConfig` with subnets and a security group that reach the brokers.',
    ),
  ]
}
