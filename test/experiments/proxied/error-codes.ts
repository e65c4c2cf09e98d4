import type { Experiment } from '../experiment.ts'
import { describeStrike, strikeWithCode, struckApis, struckCodes } from './error-code-strike.ts'
import type { CodeOutcome, CodeStrike } from './error-code-strike.ts'
import { startTailraceRun } from './tailrace-run.ts'
import type { TailraceRun } from './tailrace-run.ts'

const perRun = 20
/** Requests of the refused API; a lane is on its own, and the worker has two. */
const mostPerSecondAndLane = 10
/** The answer of a coordinator that will be ready in some milliseconds, after every commit: waiting longer would cost. */
const mostWhileBusyPerSecondAndLane = 25
const lanes = 2
const recoveryBoundMs = 20_000

/** Every pair of an API and a code, those of transactions V1 at the end. */
export const allStrikes: readonly CodeStrike[] = struckApis
  .toSorted((a, b) => Number(isOfV1(a)) - Number(isOfV1(b)))
  .flatMap((api) => codeNames().map((codeName) => ({ api, codeName })))

/** E17: whatever the broker may answer, to whatever it may be asked. */
export const errorCodes: Experiment = {
  id: 'E17',
  title: 'For three seconds, one kind of request is answered with one error code; every kind with every code in turn',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 1_000, faults: { 'error-code': 20 } },
  target: { faults: { 'error-code': 8_000 } },
  run: async (seed, signal) => {
    const slices = Math.ceil(allStrikes.length / perRun)
    const slice = ((seed - 1) % slices) * perRun
    const strikes = allStrikes.slice(slice, slice + perRun)
    await using run = await startCodeRun(seed, strikes, signal)
    const hangs: string[] = []
    const notes: string[] = []
    for (const strike of strikes) {
      signal.throwIfAborted()
      const outcome = await strikeWithCode(run, strike)
      hangs.push(...faultsOf(outcome).map((fault) => `${fault}: ${describeStrike(run, outcome)}`))
      notes.push(
        `${outcome.api} ${outcome.codeName}: ${outcome.reaction} ${outcome.errors.join(' ')} ${outcome.perSecond}/s`,
      )
    }
    return await run.finish({ hangs, notes })
  },
}

/** One worker of few lanes, on the protocol that has the requests in question. */
export function startCodeRun(seed: number, strikes: readonly CodeStrike[], signal: AbortSignal): Promise<TailraceRun> {
  const isV1 = strikes.some(({ api }) => isOfV1(api))
  return startTailraceRun({
    seed,
    signal,
    workers: 1,
    lanes,
    changesPerSecond: 40,
    ...(isV1 ? { transactionVersion: 1 } : {}),
  })
}

/** What must not be, one line each. */
export function faultsOf(outcome: CodeOutcome): readonly string[] {
  const faults: string[] = []
  const { recoveryMs, perSecond, errors, codeName } = outcome
  const most = codeName === 'CONCURRENT_TRANSACTIONS' ? mostWhileBusyPerSecondAndLane : mostPerSecondAndLane
  if (recoveryMs === undefined || recoveryMs > recoveryBoundMs)
    faults.push(`took ${recoveryMs ?? 'too many'} ms to recover`)
  if (perSecond > most * lanes) faults.push(`asked ${perSecond} times a second while it was refused`)
  if (errors.includes('UNNAMED')) faults.push('reported an error without a name')
  return faults
}

function isOfV1(api: CodeStrike['api']): boolean {
  return api === 'AddPartitionsToTxn'
}

function codeNames(): readonly CodeStrike['codeName'][] {
  return Object.keys(struckCodes) as CodeStrike['codeName'][]
}
