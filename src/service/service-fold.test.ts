import { describe, expect, it } from 'vitest'
import type { FetchedRecord } from '../kafka/kafka.ts'
import { connectorKey, encodeServiceRecord } from './service-codec.ts'
import type { ServiceRecord } from './service-codec.ts'
import { createServiceFold } from './service-fold.ts'
import type { ConnectorEntry } from './service-state.ts'

const log = { group: 'shop', topic: 'shop.config' }

const entry = (name: string, count: string): ConnectorEntry => ({
  name,
  config: { name, count },
  configId: `${name}-${count}`,
  target: 'RUNNING',
})

const stored = (offset: number, key: string, value: Buffer | string | null): FetchedRecord => ({
  offset: BigInt(offset),
  timestamp: 0,
  key: Buffer.from(key),
  value: typeof value === 'string' ? Buffer.from(value) : value,
  headers: [],
})

const record = (offset: number, said: ServiceRecord): FetchedRecord => {
  const { key, value } = encodeServiceRecord(said)
  return stored(offset, key.toString(), value)
}

const identity = record(0, { kind: 'identity', group: 'shop' })
const connector = (offset: number, one: ConnectorEntry): FetchedRecord =>
  record(offset, { kind: 'connector', entry: one })

describe('the fold of a service', () => {
  it('gives back every connector as it was written', () => {
    const fold = createServiceFold(log)
    const full: ConnectorEntry = {
      ...entry('a/b:c', '1'),
      target: 'STOPPED',
      restart: { id: 'r', onlyFailed: true, process: 'p' },
      earlierRestarts: [{ id: 'q', onlyFailed: false }],
    }
    const head = record(1, { kind: 'head', process: 'p1', revision: 7 })
    expect(fold.apply([identity, head, connector(2, full), connector(3, entry('b', '1'))])).toBe(true)
    expect(fold.trouble).toBeUndefined()
    expect(fold.writer).toBe('p1')
    expect(fold.state.revision).toBe(7)
    expect(fold.state.connectors).toEqual(
      new Map([
        ['a/b:c', full],
        ['b', entry('b', '1')],
      ]),
    )
  })

  it('takes of each key the newest, in whatever order records are met', () => {
    const fold = createServiceFold(log)
    fold.apply([identity, connector(5, entry('a', '2')), connector(3, entry('a', '1'))])
    expect(fold.state.connectors.get('a')?.config['count']).toBe('2')
    expect(fold.apply([stored(4, connectorKey('a'), null)])).toBe(false)
    const before = fold.state
    expect(fold.apply([stored(6, connectorKey('a'), null)])).toBe(true)
    expect([...fold.state.connectors.keys()]).toEqual([])
    expect([...before.connectors.keys()]).toEqual(['a'])
  })

  it.each<[string, string]>([
    ['{"v":2,"e":{}}', 'SERVICE_LOG_FORMAT'],
    ['hello', 'SERVICE_LOG_UNREADABLE'],
    ['{"properties":{"name":"a"}}', 'SERVICE_LOG_UNREADABLE'],
    ['{"v":1,"e":{"name":"b","config":{},"configId":"1","target":"RUNNING"}}', 'SERVICE_LOG_UNREADABLE'],
    ['{"v":1,"e":{"name":"a","config":{"x":1},"configId":"1","target":"RUNNING"}}', 'SERVICE_LOG_UNREADABLE'],
    ['{"v":1,"e":{"name":"a","config":{},"configId":"1","target":"GONE"}}', 'SERVICE_LOG_UNREADABLE'],
    ['{"v":1,"e":{"name":"a","config":{},"configId":"1","target":"PAUSED","restart":{}}}', 'SERVICE_LOG_UNREADABLE'],
    [
      '{"v":1,"e":{"name":"a","config":{},"configId":"1","target":"PAUSED","restart":{"id":"r","onlyFailed":true},"earlierRestarts":[{}]}}',
      'SERVICE_LOG_UNREADABLE',
    ],
  ])('keeps what it knows of a key under which stands %s, and says where that is', (value, code) => {
    const fold = createServiceFold(log)
    fold.apply([identity, connector(1, entry('a', '1')), stored(2, connectorKey('a'), value)])
    expect(fold.state.connectors.get('a')).toEqual(entry('a', '1'))
    expect(fold.trouble?.code).toBe(code)
    expect(fold.trouble?.message).toContain('offset 2 of shop.config, key "connector/a"')
    fold.apply([connector(3, entry('a', '2'))])
    expect(fold.trouble).toBeUndefined()
    expect(fold.state.connectors.get('a')).toEqual(entry('a', '2'))
  })

  it('tells nothing of what a foreign value holds', () => {
    const fold = createServiceFold(log)
    fold.apply([identity, stored(1, 'theirs', '{"password": secret')])
    expect(`${fold.trouble?.message} ${String(fold.trouble?.cause)}`).not.toContain('secret')
    fold.apply([stored(2, 'theirs', null)])
    expect(fold.trouble).toBeUndefined()
  })

  it('knows the log of somebody else', () => {
    const others = createServiceFold(log)
    others.apply([record(0, { kind: 'identity', group: 'bills' })])
    expect(others.trouble?.code).toBe('SERVICE_LOG_FOREIGN')
    const connect = createServiceFold(log)
    expect([connect.trouble, connect.isEmpty]).toEqual([undefined, true])
    connect.apply([stored(0, 'connector-a', '{"properties":{}}')])
    expect([connect.trouble?.code, connect.isEmpty]).toEqual(['SERVICE_LOG_FOREIGN', false])
  })
})
