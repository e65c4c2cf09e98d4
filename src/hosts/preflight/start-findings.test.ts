import { expect, it } from 'vitest'
import { TailraceError } from '../../errors.ts'
import { failed } from './finding.ts'
import { startFindings } from './start-findings.ts'

it('a new table that cannot be taken up stops a first start alone, and what is about all of them each', () => {
  const collision = new TailraceError('TOPIC_COLLISION', 'two tables, one topic')
  const missing = new TailraceError('TOPIC_MISSING', 'no topic')
  const ofNew = [failed('topics', collision), failed('topic b', missing)].map((one) => ({
    ...one,
    isAboutNewTable: true,
  }))
  const ofKnown = failed('topic a', missing)
  const findings = [...ofNew, ofKnown]
  expect(startFindings({ findings, hasRunBefore: false }).failures).toEqual(findings)
  expect(startFindings({ findings, hasRunBefore: true })).toEqual({ failures: [ofKnown], remarks: ofNew })
})
