import type { RecordHalf } from '../record-encoder.ts'

/**
 * Which subject of the registry a schema belongs to. `topic`: one for each topic and half; `record`: one for each name of
 * a schema, wherever it is used; `topic-record`: one for each name in each topic. `glue-topic`: as `topic`, in the words of
 * AWS's serializers, which name a schema like its topic.
 */
export type SubjectStrategy = 'topic' | 'record' | 'topic-record' | 'glue-topic'

/** The name of a subject, as Confluent's clients or AWS's make it. `schemaName` is the schema's full name, as the format writes it. */
export function subjectName(
  strategy: SubjectStrategy,
  { topic, half, schemaName }: { readonly topic: string; readonly half: RecordHalf; readonly schemaName: string },
): string {
  switch (strategy) {
    case 'topic':
      return `${topic}-${half}`
    // AWS's own give keys and values one name, which cannot hold both.
    case 'glue-topic':
      return half === 'value' ? topic : `${topic}-key`
    case 'record':
      return schemaName
    case 'topic-record':
      return `${topic}-${schemaName}`
  }
}
