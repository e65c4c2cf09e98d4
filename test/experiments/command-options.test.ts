import { describe, expect, it } from 'vitest'
import { parseCommandOptions } from './command-options.ts'
import type { RunRequest } from './command-options.ts'
import { RefusedStart } from './refused-start.ts'
import { findExperiment } from './registry.ts'
import { experiments } from './self-test-experiments.ts'

const plain: RunRequest = {
  kind: 'run',
  id: 'E01',
  runs: 1,
  seed: undefined,
  jobs: undefined,
  fresh: false,
  extend: false,
  replay: undefined,
  allowDirty: false,
  json: false,
}

describe('the command line', () => {
  it('is read', () => {
    expect(parseCommandOptions(['E01'])).toEqual(plain)
    const args = ['E01', '--runs', '30', '--seed', '7', '--jobs', '2', '--fresh', '--json', '--allow-dirty']
    const all = { runs: 30, seed: 7, jobs: 2, fresh: true, json: true, allowDirty: true }
    expect(parseCommandOptions(args)).toEqual({ ...plain, ...all })
    expect(parseCommandOptions(['--replay', '17', 'E01'])).toEqual({ ...plain, replay: 17 })
    expect(parseCommandOptions(['E01', '--list'])).toEqual({ kind: 'list' })
    expect(parseCommandOptions(['--help'])).toEqual({ kind: 'help', isAskedFor: true })
    expect(parseCommandOptions([])).toEqual({ kind: 'help', isAskedFor: false })
  })
  it.each([
    [['E01', '--runs', '0'], 'from 1 to'],
    [['E01', '--runs', 'many'], 'from 1 to'],
    [['E01', '--runs'], 'argument missing'],
    [['E01', '--seed', '-1'], 'from 0 to'],
    [['E01', '--seed', '1.5'], 'from 0 to'],
    [['E01', '--seed', '4294967296'], 'from 0 to 4294967295'],
    [['E01', '--jobs', '0'], 'from 1 to 64'],
    [['E01', '--rusn', '3'], '--runs'],
    [['E01', 'E02'], 'too many arguments'],
    [['E01', '--fresh', '--extend'], 'cannot be used with'],
    [['E01', '--replay', '3', '--runs', '2'], 'cannot be used with'],
  ])('%j is refused', (args, words) => {
    expect(() => parseCommandOptions(args)).toThrow(RefusedStart)
    expect(() => parseCommandOptions(args)).toThrow(words)
  })
  it('names the nearest experiment and lists them all', () => {
    expect(findExperiment('E90-clean', experiments).id).toBe('E90-clean')
    expect(() => findExperiment('E90-claen', experiments)).toThrow('did you mean E90-clean?')
    for (const { id, title } of experiments) {
      expect(() => findExperiment('nonsense', experiments)).toThrow(new RegExp(`^  ${id} .* ${title}$`, 'm'))
    }
  })
})
