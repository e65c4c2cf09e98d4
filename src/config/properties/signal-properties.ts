import { z } from 'zod'
import { optional, text } from '../property.ts'
import { topicName } from './topic-properties.ts'

/** How a running pipeline is asked for something, and how it tells what has become of it. Debezium's names. */
export const signalProperties = {
  'signal.kafka.topic': optional(topicName, {
    importance: 'medium',
    isShared: true,
    documentation:
      'A topic from which signals are read (see [signals](signals.md)): records with the key `topic.prefix` and a value such as `{"type":"execute-snapshot","data":{"data-collections":["orders"]}}`. Made with one partition if it is missing and `topic.create` allows it.',
    defaultNote: 'none',
  }),
  'signal.file': optional(text('the path of a file', z.string().min(1).max(4_000)), {
    importance: 'low',
    documentation:
      'A file from which signals are read, one a line; a relative path begins at the folder of the pipeline file. Only the worker that coordinates the pipeline at the moment reads its file, and it takes away what it has carried out.',
    defaultNote: 'none',
  }),
  'notification.sink.topic.name': optional(topicName, {
    importance: 'medium',
    isShared: true,
    documentation:
      'A topic into which is written what happens to snapshots, tables and signals (see [signals](signals.md)). Made with one partition if it is missing and `topic.create` allows it.',
    defaultNote: 'none',
  }),
}
