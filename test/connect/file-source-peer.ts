import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { LocalConnect } from '../servers/local-connect.ts'
import type { Peer } from './play.ts'

/** A real Connect whose connector reads a file of three lines into a topic. */
export async function fileSourcePeer({ url, folder }: LocalConnect, topic: string): Promise<Peer> {
  const file = path.join(folder, 'lines.txt')
  await writeFile(file, 'one\ntwo\nthree\n')
  return {
    url,
    plugin: 'FileStreamSource',
    class: 'org.apache.kafka.connect.file.FileStreamSourceConnector',
    logger: 'org.apache.kafka.connect.test',
    config: {
      'connector.class': 'FileStreamSource',
      'tasks.max': '1',
      file,
      topic,
      'topic.creation.default.partitions': '1',
      'topic.creation.default.replication.factor': '1',
    },
    wrong: ['tasks.max', 'several'],
    partition: { filename: file },
    offset: { position: 4 },
    renames: [
      [/org\.apache\.kafka\.connect\.test/g, '{logger}'],
      [/org\.apache\.kafka\.connect\.file\.FileStreamSourceConnector/g, '{class}'],
      [/FileStreamSource/g, '{plugin}'],
      [new RegExp(file, 'g'), '{file}'],
      [new RegExp(topic, 'g'), '{topic}'],
      // Where its JSON parser was.
      [/\n at \[Source: .*$/s, ''],
      // Which plugins it knows instead.
      [/available (connectors )?are: .*$/s, 'available are: {plugins}'],
    ],
  }
}
