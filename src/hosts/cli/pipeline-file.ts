import { stringify } from 'yaml'
import { properties } from '../../config/properties.ts'
import type { PropertyName } from '../../config/properties.ts'

/** How brokers let clients in, as `init` asks for it. */
export type KafkaAccess = 'none' | 'tls' | 'plain' | 'scram' | 'mtls' | 'msk-iam'

/** What a new pipeline file is made of; each checked on its own. */
export interface PipelineAnswers {
  readonly pipeline: string
  readonly region: string
  readonly tables: readonly string[]
  readonly bootstrapServers: string
  readonly access: KafkaAccess
  readonly start: string
}

/** The text of a commented pipeline file. Secrets are references to environment variables, never values. */
export function pipelineFile(answers: PipelineAnswers): string {
  return `# A pipeline of tailrace: every change of these tables into Kafka, in order per item, exactly once.
# All properties: \`tailrace config docs\`. Check this file: \`tailrace check <file> --offline\`.

${comment('pipeline')}
pipeline: ${scalar(answers.pipeline)}

source:
${comment('source.region', 2)}
  region: ${scalar(answers.region)}
${comment('source.tables', 2)}
  tables:
${answers.tables.map((table) => `    - ${scalar(table)}`).join('\n')}
${comment('source.start', 2)}
  start: ${scalar(answers.start)}

# Names as in Java or librdkafka; \`properties.file: client.properties\` takes a whole file of them.
kafka:
  bootstrap.servers: ${scalar(answers.bootstrapServers)}
${accessLines(answers.access)}
topic:
${comment('topic.name', 2)}
  name: ${scalar(properties['topic.name'].defaultValue ?? '')}
${comment('topic.partitions', 2)}
  partitions: ${scalar(properties['topic.partitions'].defaultValue ?? 1)}
${comment('topic.retention.ms', 2)}
  retention.ms: ${scalar(properties['topic.retention.ms'].defaultValue ?? -1)}

${comment('delivery')}
delivery: ${scalar(properties.delivery.defaultValue ?? '')}
`
}

const accessProperties: Readonly<Record<KafkaAccess, readonly (readonly [string, string])[]>> = {
  none: [],
  tls: [['security.protocol', 'SSL']],
  plain: [
    ['security.protocol', 'SASL_SSL'],
    ['sasl.mechanism', 'PLAIN'],
    ['sasl.username', '${env:KAFKA_USERNAME}'],
    ['sasl.password', '${env:KAFKA_PASSWORD}'],
  ],
  scram: [
    ['security.protocol', 'SASL_SSL'],
    ['sasl.mechanism', 'SCRAM-SHA-512'],
    ['sasl.username', '${env:KAFKA_USERNAME}'],
    ['sasl.password', '${env:KAFKA_PASSWORD}'],
  ],
  mtls: [
    ['security.protocol', 'SSL'],
    ['ssl.ca.location', 'ca.pem'],
    ['ssl.certificate.location', 'client.pem'],
    ['ssl.key.location', 'client.key'],
  ],
  'msk-iam': [
    ['security.protocol', 'SASL_SSL'],
    ['sasl.mechanism', 'AWS_MSK_IAM'],
  ],
}

/** The words that `init --access` takes. */
export const kafkaAccesses: readonly KafkaAccess[] = ['none', 'tls', 'plain', 'scram', 'mtls', 'msk-iam']

function accessLines(access: KafkaAccess): string {
  return accessProperties[access].map(([name, value]) => `  ${name}: ${scalar(value)}\n`).join('')
}

/** One line of YAML, quoted where it must be. */
function scalar(value: string | number): string {
  return stringify(value, { lineWidth: 0 }).trimEnd()
}

/** The property's documentation as a comment. */
function comment(name: PropertyName, indent: 0 | 2 = 0): string {
  const margin = ' '.repeat(indent)
  const lines: string[] = []
  for (const word of properties[name].documentation.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 100) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line) => `${margin}# ${line}`).join('\n')
}
