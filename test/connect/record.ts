/**
 * `node test/connect/record.ts`: plays the conversation with a real Kafka Connect on a broker of its own (a minute and a half) and
 * writes what it answered into `recorded/`. Look at the difference before it is committed.
 */
import { writeFile } from 'node:fs/promises'
import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import { startLocalConnect } from '../servers/local-connect.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { conversation } from './conversation.ts'
import { fileSourcePeer } from './file-source-peer.ts'
import { play } from './play.ts'
import { recordedFile } from './recorded.ts'

await using folder = await temporaryFolder()
await using kafka = await startLocalKafka({ directory: folder.path })
await using connect = await startLocalConnect(kafka.bootstrapServers)
const recorded = await play(conversation, await fileSourcePeer(connect, 'recorded-lines'))
await writeFile(recordedFile, `[\n${recorded.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`)
console.error(`${recorded.length} answers recorded`)
