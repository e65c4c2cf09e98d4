import { nearestName } from '../config/nearest-name.ts'
import type { FlatConfig, PipelineConfig, TransformConfig } from '../config/pipeline-config.ts'
import { problemsError } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import type { Families } from '../config/property-family.ts'
import { buildChain } from '../transform/connect/build-chain.ts'
import type { ChainProblem, ChainSettings } from '../transform/connect/build-chain.ts'
import { createConnectChain } from '../transform/connect/connect-chain.ts'
import type { RecordTransform } from '../transform/record-transform.ts'

/** What is wrong with the transforms and predicates of a pipeline file. */
export function checkTransforms(lists: TransformConfig, families: Families): readonly Problem[] {
  const { problems } = buildChain(settingsOf(lists, families), nearestName)
  return problems.map((problem) => ({ where: whereOf(problem, families), text: problem.text }))
}

/** The configured transforms behind the envelope. Throws CONFIG_INVALID for what `checkTransforms` finds. */
export function recordTransformsOf(config: PipelineConfig): readonly RecordTransform[] {
  const { pipeline, transforms, families, format } = config
  const chains = [
    ...(format.envelope === 'flat' ? [flatSettings(format.flat)] : []),
    ...(transforms.transforms.length === 0 ? [] : [settingsOf(transforms, families)]),
  ]
  return chains.map((settings) => {
    const { links, problems } = buildChain(settings, nearestName)
    if (problems.length > 0) throw problemsError(`pipeline ${pipeline}`, problems)
    return createConnectChain(links)
  })
}

/** The envelope `flat` is Debezium's, taken apart by Debezium's transform. */
function flatSettings(flat: FlatConfig): ChainSettings {
  const settings = new Map([
    ['type', 'ExtractNewRecordState'],
    ['delete.tombstone.handling.mode', flat.deletes],
    ['add.fields', flat.addFields.join(',')],
    ['add.fields.prefix', flat.addFieldsPrefix],
    ['add.headers', flat.addHeaders.join(',')],
    ['add.headers.prefix', flat.addHeadersPrefix],
  ])
  return { transforms: ['flat'], predicates: [], of: (family) => (family === 'transforms' ? settings : new Map()) }
}

function settingsOf({ transforms, predicates }: TransformConfig, families: Families): ChainSettings {
  return {
    transforms,
    predicates,
    of: (family, alias) => {
      const members = families[family].get(alias) ?? new Map()
      return new Map([...members].map(([name, { value }]) => [name, value]))
    },
  }
}

/** The line of the property; of one that is missing, that of the first of its alias. */
function whereOf({ property, isMissing }: ChainProblem, families: Families): string | undefined {
  const [family, alias = '', ...rest] = property.split('.')
  if (family !== 'transforms' && family !== 'predicates') return undefined
  const members = families[family].get(alias)
  if (isMissing) return members?.values().next().value?.where
  return members?.get(rest.join('.'))?.where
}
