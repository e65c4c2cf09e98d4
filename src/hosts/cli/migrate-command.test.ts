import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { runCommand } from '../../../test/fixtures/run-command.ts'
import type { RanCommand } from '../../../test/fixtures/run-command.ts'
import { readConfigFile } from '../config-file.ts'

const connector = {
  name: 'lake',
  'connector.class': 'DynamoDBSourceConnector',
  'dynamodb.table.whitelist': 'orders',
  'aws.access.key.id': 'AKIAIOSFODNN7EXAMPLE',
  'aws.secret.key': 'canary/secret',
  envelope: 'trustpilot',
}

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-migrate-'))
  writeFileSync(join(folder, 'lake.json'), JSON.stringify(connector))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = async (...args: readonly string[]): Promise<RanCommand> => runCommand(args, { cwd: folder })

describe('tailrace migrate', () => {
  it('prints a pipeline file that can be run, with what differs above it', async () => {
    const { exitCode, stdout, stderr } = await run('migrate', '--from', 'trustpilot', 'lake.json')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('# What differs:\n# - Each change is delivered once')
    expect(stdout).not.toContain('canary')
    expect(parse(stdout)).toMatchObject({ 'source.tables': ['orders'], 'topic.name': 'dynamodb-{table}' })
    writeFileSync(join(folder, 'lake.yaml'), stdout)
    const config = readConfigFile(join(folder, 'lake.yaml'), {
      KAFKA_BOOTSTRAP_SERVERS: 'b:9092',
      TAILRACE_SOURCE_ACCESS_KEY_ID: 'AKIA',
      TAILRACE_SOURCE_SECRET_ACCESS_KEY: 'secret',
    })
    expect(config).toMatchObject({ pipeline: 'lake', format: { envelope: 'trustpilot' } })
  })

  it('says the same in JSON, and ends with 1 where something is left to be done', async () => {
    writeFileSync(join(folder, 'lake.json'), JSON.stringify({ ...connector, 'dynamodb.tabel': 'x' }))
    const { exitCode, stdout } = await run('--json', 'migrate', '--from', 'trustpilot', 'lake.json')
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      properties: { pipeline: 'lake' },
      open: [expect.stringContaining('dynamodb.tabel is no property of')],
    })
  })

  it('takes what belongs to leases with them only, and leases of products that keep some', async () => {
    for (const flag of [['--yes'], ['--into', 'a.yaml'], ['--offsets', 'o.json'], ['--worker', 'worker.properties']])
      expect((await run('migrate', '--from', 'trustpilot', 'lake.json', ...flag)).stderr).toContain(
        'belong to --leases',
      )
    const other = await run('migrate', '--from', 'confluent', 'lake.json', '--leases')
    expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is no file of confluent') })
    writeFileSync(join(folder, 'redpanda.yaml'), 'input:\n  aws_dynamodb_cdc:\n    tables: [orders]\n')
    const none = await run('migrate', '--from', 'redpanda-connect', 'redpanda.yaml', '--leases')
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('keeps no leases') })
  })

  it('is refused without a product, for an unknown one, and for a file that is not there', async () => {
    expect((await run('migrate', 'lake.json')).exitCode).toBe(2)
    expect((await run('migrate', '--from', 'debezium', 'lake.json')).exitCode).toBe(2)
    const absent = await run('migrate', '--from', 'trustpilot', 'absent.json')
    expect(absent.exitCode).toBe(2)
    expect(absent.stderr).toContain('CONFIG_UNREADABLE')
    expect((await run('migrate', '--from', 'confluent', 'lake.json')).stderr).toContain('CONFIG_INVALID')
  })
})
