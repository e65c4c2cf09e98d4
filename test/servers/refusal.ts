import type { Admin } from '@platformatic/kafka'
import { expect } from 'vitest'
import { errorCatalogue } from '../../src/error-catalogue.ts'
import type { ErrorCode } from '../../src/error-catalogue.ts'
import type { CliUnderTest } from './cli-under-test.ts'

/** What `run` and `check` say of one pipeline file. */
export interface Refusal {
  readonly run: { readonly exitCode: number; readonly stdout: string }
  readonly text: string
  readonly runJson: unknown
  readonly check: { readonly exitCode: number; readonly text: string }
  /** Topics that are there now and were not before. */
  readonly newTopics: readonly string[]
}

/** Writes the file `pipeline.yaml` and lets both commands, `run` also with `--json`, have their say. */
export async function refusal(cli: CliUnderTest, admin: Admin, text: string): Promise<Refusal> {
  const file = cli.file('pipeline.yaml', text)
  const before = await admin.listTopics({ includeInternals: false })
  const { exitCode, stdout, stderr } = await cli.run('run', file)
  const runJson = await cli.json('run', file)
  const check = await cli.run('check', file)
  return {
    run: { exitCode, stdout },
    text: stderr,
    runJson,
    check: { exitCode: check.exitCode, text: `${check.stdout}${check.stderr}` },
    newTopics: (await admin.listTopics({ includeInternals: false })).filter((name) => !before.includes(name)),
  }
}

/**
 * How a refusal must look: `run` ends with 2 and shows code, message and remedy, in JSON too; `check` shows the code and
 * ends as the code's policy says; nothing is written.
 */
export function refused(code: ErrorCode, message: RegExp): unknown {
  const { policy, remedy } = errorCatalogue[code]
  const all = [`\\[${code}\\]`, message.source, remedy.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')]
  return {
    run: { exitCode: 2, stdout: '' },
    text: expect.stringMatching(new RegExp(all.map((part) => `(?=[^]*${part})`).join(''))),
    runJson: { exitCode: 2, result: expect.objectContaining({ error: expect.objectContaining({ code, remedy }) }) },
    check: { exitCode: policy === 'refuse' ? 2 : 1, text: expect.stringContaining(`[${code}]`) },
    newTopics: [],
  }
}
