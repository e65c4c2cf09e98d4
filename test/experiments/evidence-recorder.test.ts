import { expect, it } from 'vitest'
import { createManualClock } from '../../src/testing/manual-clock.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { evidencePath, readEvidence } from './evidence-file.ts'
import { createEvidenceRecorder } from './evidence-recorder.ts'
import { findExperiment } from './registry.ts'
import { experiments } from './self-test-experiments.ts'

it('a recorder leaves runs of at most half a second unwritten', async () => {
  await using folder = await temporaryFolder()
  const clock = createManualClock()
  const experiment = findExperiment('E90-clean', experiments)
  const file = evidencePath(folder.path, experiment.id)
  const origin = { commit: 'aaaa', source: 's1', machine: { cores: 2, memoryGiB: 24, node: '24.21.0' } }
  const options = { experiment, base: undefined, origin, file, sourceNow: () => 's1', clock }
  const recorder = createEvidenceRecorder(options)
  const record = async (seed: number): Promise<void> => {
    const outcome = await experiment.run(seed, new AbortController().signal)
    recorder.record({ seed, durationSeconds: 1, outcome })
  }
  await record(1)
  expect(readEvidence(file)).toMatchObject({ seeds: '1' })
  await clock.advance(499)
  await record(2)
  expect(readEvidence(file)).toMatchObject({ seeds: '1' })
  await clock.advance(1)
  await record(3)
  expect(readEvidence(file)).toMatchObject({ seeds: '1-3' })
  await record(4)
  recorder.flush()
  expect(readEvidence(file)).toMatchObject({ seeds: '1-4' })
})
