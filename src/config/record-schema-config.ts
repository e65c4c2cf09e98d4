/** How records are written whose schemas a registry keeps. */
export interface RecordSchemaConfig {
  readonly key: RecordFormatName
  readonly value: RecordFormatName
  readonly item: 'json-string' | 'declared' | 'typed'
  /** Of JSON inside a field. */
  readonly json: 'plain' | 'dynamodb'
  /** Empty unless `item` is `declared`. */
  readonly declared: readonly DeclaredSchema[]
  readonly evolution: 'strict' | 'lenient' | 'dead-letter'
  readonly idPlace: 'prefix' | 'header'
  readonly subjects: { readonly key: SubjectStrategyName; readonly value: SubjectStrategyName }
  readonly names: { readonly fields: NameAdjustmentName; readonly schemas: NameAdjustmentName }
}

/** `json` needs no registry. */
export type RecordFormatName = 'json' | 'avro' | 'json-schema' | 'protobuf'
/** See `SubjectStrategy`. */
export type SubjectStrategyName = 'topic' | 'record' | 'topic-record'
/** See `NameAdjustment`. */
export type NameAdjustmentName = 'none' | 'avro' | 'avro_unicode'

/** A file of `format.schemas`, not understood yet. */
export interface DeclaredSchema {
  readonly table: string
  /** As it was given. */
  readonly path: string
  readonly text: string
}
