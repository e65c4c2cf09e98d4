import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { runCommand } from '../../../test/fixtures/run-command.ts'
import type { RanCommand } from '../../../test/fixtures/run-command.ts'
import { readConfigFile } from '../config-file.ts'

const connector = {
  name: 'Clicks',
  'connector.class': 'io.confluent.connect.kinesis.KinesisSourceConnector',
  'kafka.topic': 'events',
  'kinesis.stream': 'clicks',
  'kinesis.position': 'LATEST',
  'aws.access.key.id': 'AKIAIOSFODNN7EXAMPLE',
  'aws.secret.key.id': 'canary/secret',
  'tasks.max': 1,
}
const worker = `bootstrap.servers=worker:9092
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="w" password="canary-worker";
offset.storage.topic=connect-offsets
`

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-connector-'))
  writeFileSync(join(folder, 'clicks.json'), JSON.stringify(connector))
  writeFileSync(join(folder, 'worker.properties'), worker)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = async (...args: readonly string[]): Promise<RanCommand> => runCommand(args, { cwd: folder })

describe("a connector's file on the command line", () => {
  it('is checked together with the file of a worker, which is found where the command runs', async () => {
    const ran = await run('check', 'clicks.json', '--offline', '--worker', 'worker.properties')
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ran.stdout).toMatch(/ok +source +us-east-1: raw records of Kinesis stream clicks\n/)
    expect(ran.stdout).toMatch(/ok +topics +events\n/)
    expect(ran.stdout).toMatch(/ok +kafka +worker:9092 \(TLS, PLAIN\)/)
    expect(ran.stdout).toMatch(/warning +note +without effect, since shards are spread over all workers.*: tasks\.max/)
    expect(ran.stdout).not.toContain('canary')
  })

  it('is told which ways there are to say where Kafka is', async () => {
    for (const command of ['check', 'run', 'status', 'tail']) {
      const ran = await run(command, 'clicks.json')
      expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
      expect(ran.stderr).toContain('kafka.bootstrap.servers is missing')
      expect(ran.stderr).toContain('--worker')
      expect(ran.stderr).toContain('KAFKA_BOOTSTRAP_SERVERS')
    }
  })

  it('is refused with the file of a worker that is not there', async () => {
    const ran = await run('check', 'clicks.json', '--worker', 'absent.properties')
    expect(ran.exitCode).toBe(2)
    expect(ran.stderr).toMatch(/CONFIG_UNREADABLE.*absent\.properties cannot be read/)
  })

  it('is shown as the pipeline file that says the same', async () => {
    const { exitCode, stdout } = await run('config', 'show', 'clicks.json', '--worker', 'worker.properties')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('# the pipeline is called clicks, ')
    expect(parse(stdout)).toEqual({
      pipeline: 'clicks',
      'source.type': 'kinesis',
      'source.region': 'us-east-1',
      'source.start': 'LATEST',
      'source.access.key.id': '[hidden]',
      'source.secret.access.key': '[hidden]',
      'source.kinesis.stream': 'clicks',
      'source.kinesis.records': 'raw',
      'source.kinesis.deaggregate': false,
      'topic.name': 'events',
      'kafka.bootstrap.servers': 'worker:9092',
      'kafka.security.protocol': 'SASL_SSL',
      'kafka.sasl.mechanism': 'PLAIN',
      'kafka.sasl.username': 'w',
      'kafka.sasl.password': '[hidden]',
    })
    writeFileSync(join(folder, 'shown.yaml'), stdout.replaceAll('"[hidden]"', 'x123'))
    const shown = readConfigFile(join(folder, 'shown.yaml'), {}, join(folder, 'worker.properties'))
    const original = readConfigFile(join(folder, 'clicks.json'), {}, join(folder, 'worker.properties'))
    expect(JSON.stringify({ ...shown, notes: [] })).toBe(JSON.stringify({ ...original, notes: [] }))
  })

  it('is every command that takes a pipeline file that takes the file of a worker', async () => {
    for (const command of [['run'], ['dlq', 'ls'], ['snapshot', 'start'], ['offsets', 'show'], ['config', 'show']])
      expect((await run(...command, '--help')).stdout).toContain('--worker <file>')
    for (const command of [['errors'], ['init'], ['config', 'docs']])
      expect((await run(...command, '--help')).stdout).not.toContain('--worker')
  })
})
