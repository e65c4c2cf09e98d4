import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { request } from 'undici'
import { describe, expect, inject, it } from 'vitest'
import { runWorkerProcess } from '../../src/hosts/worker-process.ts'
import { metricFamilies } from '../../src/observe/metric-catalogue.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { expressions, metricsIn, rulesFolder } from '../fixtures/monitoring-files.ts'
import { createLocalTable } from '../servers/local-table.ts'
import { configText, outputOf, readConfig } from '../servers/pipeline-under-test.ts'
import { runPromtool } from '../servers/promtool.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

/** Needs a loss, a stream that Kinesis has, a filter, a dead letter …: names that a calm pipeline has no series of. */
const ofOtherLives =
  /^tailrace_(gap|dlq|oversized|changes_dropped|errors|lane_retakes|throttled|kinesis|shard_iterator_age)|^nodejs_/

describe('the rules', () => {
  it('are right, and alert when they should', async () => {
    const checked = await runPromtool(['check', 'rules', 'tailrace-alerts.yml'], { folder: rulesFolder })
    expect(checked).toMatchObject({ exitCode: 0, output: expect.stringContaining('15 rules found') })
    const tested = await runPromtool(['test', 'rules', 'tailrace-alerts.test.yml'], { folder: rulesFolder })
    expect(tested).toMatchObject({ exitCode: 0, output: expect.stringContaining('SUCCESS') })
  }, 900_000)

  it('are tested by tests that fail', async () => {
    await using folder = await temporaryFolder()
    const rules = path.join(rulesFolder, 'tailrace-alerts.yml')
    const tests = 'rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series: []\n'
    const wanted = '    alert_rule_test: [{ eval_time: 1m, alertname: TailraceTableStopped, exp_alerts: [{}] }]\n'
    await writeFile(path.join(folder.path, 'tests.yml'), tests.replace('rules.yml', rules) + wanted)
    expect(await runPromtool(['test', 'rules', 'tests.yml'], { folder: folder.path })).toMatchObject({ exitCode: 1 })
  })
})

describe('what a worker shows', () => {
  it('is what Prometheus reads, and what rules and dashboard ask for', async () => {
    const { bootstrapServers } = inject('kafka')
    const { endpoint } = inject('dynamodb')
    await using table = await createLocalTable(endpoint)
    await using folder = await temporaryFolder()
    const rows = Array.from({ length: 10 }, (_, at) => ({ id: { S: `row${at}` } }))
    await table.putAll(rows)
    const pipeline = `prometheus-${randomUUID().slice(0, 8)}`
    const more = 'http.listen: 127.0.0.1:0\nsnapshot.mode: initial\npoll.idle.max.ms: 200'
    const config = readConfig(configText({ pipeline, endpoint, bootstrapServers, tables: [table.name], more }))
    const stop = new AbortController()
    const started = Promise.withResolvers<string>()
    const snapshot = Promise.withResolvers<void>()
    const running = runWorkerProcess(
      {
        config,
        version: '0.0.0-test',
        env: {},
        logger: silentLogger,
        credentials: () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'local' }),
        onStarted: ({ monitoringUrl }) => started.resolve(monitoringUrl ?? ''),
        onEvent: ({ kind }) => {
          if (kind === 'snapshot-completed') snapshot.resolve()
        },
      },
      stop.signal,
    )
    const url = await started.promise
    await Promise.race([snapshot.promise, running])
    await table.put({ id: { S: 'new' }, n: { N: '1' } })
    await table.put({ id: { S: 'new' }, n: { N: '2' } })
    await table.delete('new')
    await outputOf(bootstrapServers, `${pipeline}.${table.name}`, 13)

    const get = async (route: string): Promise<string> => (await request(url + route)).body.text()
    const shown = /debezium_event_count_total\{[^}]*debezium_event_type="delete"\} 1/
    await expect.poll(() => get('/metrics'), { timeout: 20_000 }).toMatch(shown)
    const full = new RegExp(
      `tailrace_retention_headroom_seconds\\{pipeline="${pipeline}",table="${table.name}"\\} 86400$`,
      'm',
    )
    await expect.poll(() => get('/metrics'), { timeout: 20_000 }).toMatch(full)
    const page = await get('/metrics')
    await writeFile(path.join(folder.path, 'page.txt'), page)
    const verdict = await runPromtool(['check', 'metrics'], { folder: folder.path, stdin: 'page.txt' })
    const complaints = verdict.output.split('\n').filter((line) => line !== '')
    // What others have named is as they named it; of ours nothing is to be said.
    expect(complaints.filter((line) => !/^(debezium|kafka_connect|nodejs)_/.test(line))).toEqual([])
    expect(verdict.exitCode).toBe(complaints.length === 0 ? 0 : 3)

    const has = (name: string): boolean => new RegExp(`^${name}[{ ]`, 'm').test(page)
    const asked = expressions().flatMap(([, expr]) => metricsIn(expr))
    expect(asked.filter((name) => !has(name) && !ofOtherLives.test(name))).toEqual([])
    const foreign = [...Object.keys(metricFamilies.debezium), ...Object.keys(metricFamilies.connect)]
    const silent = foreign.filter((name) => !has(name))
    expect(silent.filter((name) => !/erroneous|filtered|last_error_timestamp/.test(name))).toEqual([])
    expect(page).toMatch(/debezium_snapshot_completed\{[^}]*="completed"\} 1/)

    const readiness: unknown = JSON.parse(await get('/readyz'))
    expect(readiness).toMatchObject({
      status: 'ready',
      checks: expect.arrayContaining([
        expect.objectContaining({ name: 'lanes', status: 'ok', message: '3 of 3 lanes at work.' }),
        expect.objectContaining({ name: 'source', status: 'ok' }),
        expect.objectContaining({ name: 'retention-headroom', status: 'ok' }),
      ]),
    })
    stop.abort(new Error('the test is over'))
    await running
  })
})
