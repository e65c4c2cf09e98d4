import type { RecordHalf } from '../record-encoder.ts'

/**
 * Which subject of the registry a schema belongs to. `topic`: one for each topic and half; `record`: one for each name of
 * a schema, wherever it is used; `topic-record`: one for each name in each topic.
 */
export type SubjectStrategy = 'topic' | 'record' | 'topic-record'

/** The name of a subject, as Confluent's clients make it. `schemaName` is the schema's full name, as the format writes it. */
export function subjectName(
  strategy: SubjectStrategy,
  { topic, half, schemaName }: { readonly topic: string; readonly half: RecordHalf; readonly schemaName: string },
): string {
  switch (strategy) {
    case 'topic':
      return `${topic}-${half}`
    case 'record':
      return schemaName
    case 'topic-record':
      return `${topic}-${schemaName}`
  }
}
