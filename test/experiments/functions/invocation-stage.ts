import { apiKeys } from '../../faults/kafka-apis.ts'
import type { FaultProxy } from '../../faults/fault-proxy.ts'

/** How far an invocation has come, by what it last asked of the broker. */
export type InvocationStage = 'idle' | 'before-request' | 'connecting' | 'fence' | 'read' | 'produce' | 'commit'

/** Follows what goes through one door. */
export interface StageWatch {
  readonly stage: InvocationStage
  /** An invocation begins, or has ended. */
  set(stage: 'before-request' | 'idle'): void
}

const stages = new Map<number, InvocationStage>([
  [apiKeys.ApiVersions, 'connecting'],
  [apiKeys.Metadata, 'connecting'],
  [apiKeys.FindCoordinator, 'connecting'],
  [apiKeys.InitProducerId, 'fence'],
  [apiKeys.ListOffsets, 'read'],
  [apiKeys.Fetch, 'read'],
  [apiKeys.AddPartitionsToTxn, 'produce'],
  [apiKeys.Produce, 'produce'],
  [apiKeys.EndTxn, 'commit'],
])

/** Hears of every request before the broker does. The door must be one function's own. */
export function watchStage(door: FaultProxy, onStage: (stage: InvocationStage) => void): StageWatch {
  let stage: InvocationStage = 'idle'
  for (const [apiKey, reached] of stages) {
    const whenRequest = (): boolean => {
      // Connections are opened in between, too.
      if (stage === 'idle' || (reached === 'connecting' && stage !== 'before-request')) return false
      stage = reached
      onStage(stage)
      return false
    }
    // Strikes nobody: it only looks.
    door.add({ kind: 'delay-request', ms: 0, apiKey, whenRequest })
  }
  return {
    get stage() {
      return stage
    },
    set: (next) => {
      stage = next
      onStage(next)
    },
  }
}
