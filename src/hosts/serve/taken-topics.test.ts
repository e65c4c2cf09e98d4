import { describe, expect, it } from 'vitest'
import { strictPolicy } from '../../../test/fixtures/connector-policy.ts'
import { seededRng } from '../../async/rng.ts'
import { createRedactor } from '../../observe/redactor.ts'
import type { ConnectorEntry, ServiceState } from '../../service/service-state.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createConnectorConfigs } from './connector-configs.ts'
import { createTakenTopics } from './taken-topics.ts'

const policy = { ...strictPolicy, ownTopics: ['connect-configs'] }
const configs = createConnectorConfigs({
  policy,
  clock: createManualClock(),
  rng: seededRng(1),
  env: {},
  redactor: createRedactor(),
})

let count = 0
function entry(name: string, more: Readonly<Record<string, string>> = {}): ConnectorEntry {
  const config = {
    name,
    'connector.class': 'tailrace.TailraceSourceConnector',
    'source.tables': 'orders',
    'source.region': 'eu-west-1',
    ...more,
  }
  return { name, config, configId: `1.u${++count}`, target: 'RUNNING' }
}

function stateOf(...entries: readonly ConnectorEntry[]): ServiceState {
  return { revision: 1, connectors: new Map(entries.map((one) => [one.name, one])) }
}

describe('topics that others keep their state in', () => {
  it("are the service's, and the ledgers of its other connectors, also of those that come later", () => {
    const log: { state: ServiceState | undefined } = { state: undefined }
    const isTaken = createTakenTopics({ log, configs, policy })('orders')
    expect(isTaken('connect-configs')).toBe(true)
    expect(isTaken('places')).toBe(false)
    log.state = stateOf(entry('orders'), entry('bills', { 'ledger.topic': 'places' }))
    expect(isTaken('places')).toBe(true)
    expect(isTaken('tailrace.orders.ledger')).toBe(false)
    log.state = stateOf(entry('orders'))
    expect(isTaken('places')).toBe(false)
  })

  it('are not made up by connectors that mean no pipeline', () => {
    const log = { state: stateOf(entry('bills', { lanes: 'many', 'ledger.topic': 'places' })) }
    expect(createTakenTopics({ log, configs, policy })('orders')('places')).toBe(false)
  })
})
