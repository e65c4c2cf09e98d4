import type { Rng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { TailraceError } from '../../../src/errors.ts'
import { below, damaged, pick } from './damage.ts'
import type { Verdicts } from './verdicts.ts'

const whole = [
  `pipeline: shop
lanes: 4
delivery: at_least_once
source:
  region: eu-central-1
  tables: ['orders-*', customers]
kafka:
  bootstrap.servers: b-1:9092,b-2:9092
  security.protocol: SASL_SSL
  sasl.mechanism: SCRAM-SHA-512
  sasl.username: \${env:KAFKA_USER}
  sasl.password: \${env:KAFKA_PASSWORD}
topic.partitions: 3
`,
  `pipeline: shop
source.region: us-east-1
source.tables: orders
kafka.bootstrap.servers: localhost:9092
epoch: 3
`,
  `# Read by all workers
"pipeline": "shop-2"
source: {region: eu-west-1, tables: [orders]}
secrets:
  allow: ['env:SHOP_*', 'file:/run/secrets']
kafka:
  bootstrap.servers: broker:9093
  security.protocol: SSL
http.listen: off
`,
] as const

/** No sane text takes so long. */
const patienceMs = 2_000

/** Reads one damaged pipeline file: it must be refused by name, or be valid. Gives what came of it. */
export function fuzzConfig(rng: Rng, verdicts: Verdicts, name: string): 'refused' | 'valid' {
  const text = editedText(pick(rng, whole), rng)
  const startedAtMs = systemClock.monotonic()
  try {
    const config = loadConfig({
      text,
      path: '/etc/tailrace/pipeline.yaml',
      env: { KAFKA_USER: 'u', KAFKA_PASSWORD: 'p', SHOP_X: 'x' },
      readFile: () => Buffer.from('not a certificate'),
      realPath: (path) => path,
    })
    if (config.pipeline === '' || !(config.lanes > 0)) verdicts.add('phantom', `${name}: a configuration without sense`)
    return 'valid'
  } catch (error) {
    if (!(error instanceof TailraceError)) verdicts.add('phantom', `${name}: ${String(error)} for ${quoted(text)}`)
    else if (error.policy !== 'refuse') verdicts.add('phantom', `${name}: ${error.code} for ${quoted(text)}`)
    return 'refused'
  } finally {
    const tookMs = systemClock.monotonic() - startedAtMs
    if (tookMs > patienceMs) verdicts.add('hang', `${name}: ${Math.round(tookMs)} ms for ${quoted(text)}`)
    if ('polluted' in {}) verdicts.add('phantom', `${name}: the prototype of all objects was changed`)
  }
}

/** Bytes are edited, or whole lines: doubled, exchanged, indented, or given odd values. */
function editedText(text: string, rng: Rng): string {
  if (rng.next() < 0.6) return damaged(Buffer.from(text), rng).toString()
  const lines = text.split('\n')
  for (let edits = 1 + below(rng, 3); edits > 0; edits--) editLines(lines, rng)
  return lines.join('\n')
}

const oddValues = [
  '',
  'null',
  '-1',
  '1e309',
  '0x10',
  '9'.repeat(40),
  '[[[[[[]]]]]]',
  '{__proto__: {polluted: 1}}',
  '${env:HOME}',
  '${env:',
  '!!js/function x',
  '&a [*a]',
  '| \n  text',
  '.nan',
  '2026-01-01',
  "'\\u0000'",
  '😀',
  'a: b: c',
]
const oddNames = ['__proto__', 'constructor', 'toString', 'kafka', 'source.tables', 'topic.name', '<<', '?', '""']

function editLines(lines: string[], rng: Rng): void {
  const at = below(rng, lines.length)
  const line = lines[at] ?? ''
  const name = line.slice(0, line.indexOf(':') + 1)
  switch (below(rng, 6)) {
    case 0:
      lines.splice(at, 0, line)
      break
    case 1:
      lines.splice(at, 1, ...lines.splice(below(rng, lines.length), 1, line))
      break
    case 2:
      lines[at] = rng.next() < 0.5 ? `  ${line}` : line.trimStart()
      break
    case 3:
      lines.splice(at, 0, `${pick(rng, oddNames)}: ${pick(rng, oddValues)}`)
      break
    case 4:
      lines.splice(at, 1)
      break
    default:
      lines[at] = `${name} ${pick(rng, oddValues)}`
  }
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
