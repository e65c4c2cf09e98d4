import type { Property, ValueOf } from './property.ts'
import { errorProperties } from './properties/error-properties.ts'
import { oversizeProperties } from './properties/oversize-properties.ts'
import { changeProperties } from './properties/change-properties.ts'
import { pipelineProperties } from './properties/pipeline-properties.ts'
import { glueProperties } from './properties/glue-properties.ts'
import { heartbeatProperties } from './properties/heartbeat-properties.ts'
import { kinesisProperties } from './properties/kinesis-properties.ts'
import { lambdaProperties } from './properties/lambda-properties.ts'
import { processProperties } from './properties/process-properties.ts'
import { registryProperties } from './properties/registry-properties.ts'
import { snapshotProperties } from './properties/snapshot-properties.ts'
import { recordSchemaProperties } from './properties/record-schema-properties.ts'
import { signalProperties } from './properties/signal-properties.ts'
import { sourceProperties } from './properties/source-properties.ts'
import { formatProperties } from './properties/format-properties.ts'
import { topicProperties } from './properties/topic-properties.ts'
import { transformProperties } from './properties/transform-properties.ts'

/** Every property of a pipeline file except those of the Kafka client (`kafka-property-catalogue.ts`). */
export const properties = {
  ...pipelineProperties,
  ...sourceProperties,
  ...kinesisProperties,
  ...snapshotProperties,
  ...signalProperties,
  ...heartbeatProperties,
  ...changeProperties,
  ...topicProperties,
  ...formatProperties,
  ...recordSchemaProperties,
  ...glueProperties,
  ...registryProperties,
  ...errorProperties,
  ...transformProperties,
  ...oversizeProperties,
  ...processProperties,
  ...lambdaProperties,
} as const satisfies Readonly<Record<string, Property>>

/** The dotted name of one property. */
export type PropertyName = keyof typeof properties

/** A value for every property, defaults filled in. */
export type PropertyValues = { readonly [N in PropertyName]: ValueOf<(typeof properties)[N]> }

/** The same declarations, for code that treats all alike. In the order of the documentation. */
export const propertyList: ReadonlyMap<string, Property> = new Map<string, Property>(Object.entries(properties))
