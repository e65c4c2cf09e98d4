import path from 'node:path'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { errorCodesSchema } from '../error-codes-evidence.ts'
import type { ErrorCodes } from '../error-codes-evidence.ts'
import { readJson, replaceFile } from '../evidence-file.ts'
import { readSourceVersion } from '../source-version.ts'
import { describeStrike, refusalMs, strikeWithCode, struckApis, struckCodes } from './error-code-strike.ts'
import type { CodeOutcome } from './error-code-strike.ts'
import { allStrikes, faultsOf, startCodeRun } from './error-codes.ts'

/**
 * `node test/experiments/proxied/write-error-codes.ts [<API> ...]`: strikes the named APIs, or all, with every code and
 * replaces what evidence/error-codes.json says of them. About four minutes for each API; one such command at a time, or
 * they overwrite each other. Exit code 1 when a reaction was none that may be.
 */
const root = path.resolve(import.meta.dirname, '../../..')
const file = path.join(root, 'evidence', 'error-codes.json')
const { signal } = new AbortController()
const wanted = process.argv.slice(2)

for (const [index, api] of struckApis.entries()) {
  if (wanted.length > 0 && !wanted.includes(api)) continue
  const strikes = allStrikes.filter((strike) => strike.api === api)
  const outcomes: CodeOutcome[] = []
  await using run = await startCodeRun(1_000 + index, strikes, signal)
  for (const strike of strikes) {
    const outcome = await strikeWithCode(run, strike)
    outcomes.push(outcome)
    const faults = faultsOf(outcome)
    if (faults.length > 0) process.exitCode = 1
    process.stdout.write(`${[...faults, describeStrike(run, outcome)].join(': ')}\n`)
  }
  const { anomalies } = await run.finish()
  process.stdout.write(`${api}: ${JSON.stringify(anomalies)}\n`)
  save(outcomes)
}

function save(fresh: readonly CodeOutcome[]): void {
  const { commit, source } = readSourceVersion(root)
  const date = new Date(clock.now()).toISOString().slice(0, 10)
  const isFresh = ({ api }: { readonly api: string }): boolean => fresh.some((outcome) => outcome.api === api)
  const known = readJson(file, errorCodesSchema)
  // What another version of src/ did says nothing about this one.
  const kept = known?.source === source ? known.outcomes.filter((outcome) => !isFresh(outcome)) : []
  const added = fresh.map(({ recoveryMs, errors, ...outcome }) => ({
    ...outcome,
    errors: [...errors],
    recoveryMs: recoveryMs ?? null,
  }))
  const rank = ({ api, codeName }: ErrorCodes['outcomes'][number]): number =>
    struckApis.findIndex((name) => name === api) * 1_000 + Object.keys(struckCodes).indexOf(codeName)
  const outcomes = [...kept, ...added].toSorted((a, b) => rank(a) - rank(b))
  const lines = outcomes.map((outcome) => `    ${JSON.stringify(outcome)}`)
  const head = JSON.stringify({ commit, source, date, refusalMs }, null, 2).slice(0, -2)
  replaceFile(file, `${head},\n  "outcomes": [\n${lines.join(',\n')}\n  ]\n}\n`)
}
