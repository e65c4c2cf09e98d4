import { expect, it } from 'vitest'
import { loadConfig } from '../../config/load-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { notesForFunction, promiseOf } from './promise.ts'

const config = (more: string): PipelineConfig =>
  loadConfig({
    text: `pipeline: shop\nsource.region: eu-west-1\nkafka.bootstrap.servers: b:9092\n${more}`,
    path: '/p.yaml',
    env: {},
    readFile: () => Buffer.alloc(0),
    realPath: (path) => path,
  })

const kinesis = 'source.type: kinesis\nsource.kinesis.stream: changes'

it('promises what it can keep', () => {
  const tables = 'source.tables: [orders]\nsnapshot.mode: never'
  expect(promiseOf(config(tables))).toBe('exactly once, in order of each item')
  expect(promiseOf(config(`${tables}\ndelivery: at_least_once`))).toMatch(/^at least once/)
  expect(promiseOf(config(kinesis))).toMatch(/^exactly once for each record of the Kinesis stream/)
})

it('names what it is asked for and does not do', () => {
  expect(notesForFunction(config('source.tables: [orders]\nsnapshot.mode: never'))).toEqual([])
  expect(notesForFunction(config(`${kinesis}\nsource.kinesis.repair: off`))).toEqual([])
  const asked = config(
    'source.tables: [orders]\nsignal.kafka.topic: s\nheartbeat.interval.ms: 1000\nnotification.sink.topic.name: n',
  )
  expect(notesForFunction(asked).map((note) => note.split(' ')[0])).toEqual(['snapshot.mode:', 'signals', 'heartbeats'])
  expect(notesForFunction(config(kinesis))).toEqual([expect.stringContaining('source.kinesis.repair')])
})
