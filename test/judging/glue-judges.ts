import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '../../src/async/system-clock.ts'
import { createCredentialsCache } from '../../src/aws/credentials.ts'
import { makeHistory } from '../oracle/declared-history.ts'
import { parseExactly } from '../oracle/exact-json.ts'
import { runJudge } from '../servers/java-judge.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { compareHistory, expectedChanges } from './compare-history.ts'
import type { ReadChange } from './compare-history.ts'
import type { Judge, JudgeServers, Judgement } from './judge.ts'
import { configOf, formats, itemForms, readChange, rowReader, written } from './registry-records.ts'
import type { Form, Outcome } from './registry-records.ts'

/** AWS's deserializer for Glue, over records whose values are packed in every other form. */
export const glueJudges: readonly Judge[] = formats
  .flatMap((format) => itemForms.map((items) => ({ format, items })))
  .map((form, index) => ({
    name: 'glue',
    judge: (changes, servers) =>
      judgeByAws({ form, seed: 151 + index, compression: index % 2 === 0 ? 'NONE' : 'ZLIB' }, changes, servers),
  }))

interface GlueForm {
  readonly form: Form
  readonly seed: number
  readonly compression: 'NONE' | 'ZLIB'
}

async function judgeByAws(
  { form, seed, compression }: GlueForm,
  changes: number,
  servers: JudgeServers,
): Promise<Judgement> {
  const history = makeHistory(seed, changes)
  const endpoint = await servers.glue()
  const topic = `shop.orders-${form.format}-${form.items}`
  const registry = `schema.registry: {type: glue, glue: {endpoint: "${endpoint}", compression: ${compression}}}`
  const config = configOf(form, '127.0.0.1:1', registry)
  const load = (): Promise<{ accessKeyId: string; secretAccessKey: string }> =>
    Promise.resolve({ accessKeyId: 'local', secretAccessKey: 'local' })
  const credentials = createCredentialsCache({ clock: systemClock, load })
  const records = await written(history, config, { topic, credentials })
  await using folder = await temporaryFolder()
  const file = path.join(folder.path, 'records')
  const lines = records.map(({ key, value }) => `${key.toString('base64')} ${value?.toString('base64') ?? '-'}\n`)
  await writeFile(file, lines.join(''))
  const verdict = await runJudge('glue-serde', { file, endpoint, region: config.source.region, topic })
  const isRefused = verdict.exitCode !== 0
  const outcomes = isRefused ? [] : verdict.lines.map((line) => parseExactly(line) as Outcome)
  const reads = outcomes.flatMap((outcome): ReadChange[] => (outcome.value === null ? [] : [readChange(outcome)]))
  const comparison = compareHistory(history, expectedChanges(history), reads, rowReader(form))
  return {
    judge: `AWS's GlueSchemaRegistryKafkaDeserializer, ${form.format}, ${form.items}, ${compression.toLowerCase()}`,
    records: records.length,
    exceptions: isRefused ? 1 : 0,
    passThroughs: isRefused ? 0 : Math.abs(records.length - outcomes.length),
    comparison,
    complaint: isRefused ? `${verdict.lines.at(-1)}\n${verdict.errors}` : comparison.difference,
  }
}
