import type { PipelineConfig } from '../../config/pipeline-config.ts'

/** What a function promises by its own configuration; how batches are handed over can take from it. */
export function promiseOf({ delivery, source }: Pick<PipelineConfig, 'delivery' | 'source'>): string {
  if (delivery === 'at_least_once')
    return 'at least once, in order of each item but for what is repeated: batches that come again are written again'
  if (source.type === 'kinesis') return 'exactly once for each record of the Kinesis stream, in the order of its shard'
  return 'exactly once, in order of each item'
}

/** What the configuration asks for and no function does. */
export function notesForFunction({ snapshot, source, signals, heartbeats }: PipelineConfig): readonly string[] {
  const isRepairing = source.type === 'kinesis' && source.records === 'dynamodb' && source.repair.isOn
  const isSignalled =
    signals.topic !== undefined || signals.file !== undefined || signals.notificationTopic !== undefined
  return [
    ...(snapshot.mode === 'never'
      ? []
      : [`snapshot.mode: ${snapshot.mode} has no effect: a function makes no snapshots; workers do`]),
    ...(isRepairing
      ? ['source.kinesis.repair: on has no effect: a function passes on repeats and disorder as they are in the stream']
      : []),
    ...(source.start.kind === 'latest'
      ? ["source.start: latest has no effect: where a function begins is its mapping's StartingPosition"]
      : []),
    ...(source.type === 'kinesis' && source.startPositions !== undefined
      ? ['source.kinesis.start.positions has no effect: a function begins where its mapping does']
      : []),
    ...(source.type === 'kinesis' || source.tags.length === 0
      ? []
      : ['source.tables.tags has no effect: a function reads the tables that its mappings name']),
    ...(isSignalled ? ['signals and notifications have no effect: they need a worker'] : []),
    ...(heartbeats === undefined ? [] : ['heartbeats have no effect: they need a worker']),
  ]
}
