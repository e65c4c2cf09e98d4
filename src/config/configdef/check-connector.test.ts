import { describe, expect, it } from 'vitest'
import { checkConnector } from './check-connector.ts'
import type { ValidationSurroundings } from './validate-connector.ts'

const around: ValidationSurroundings = {
  env: { KAFKA_BOOTSTRAP_SERVERS: 'broker:9092' },
  readFile: () => {
    throw new Error('ENOENT')
  },
  realPath: (path) => path,
}
const good = {
  name: 'shop',
  'connector.class': 'TailraceSource',
  'source.region': 'eu-west-1',
  'source.tables': 'orders',
}

function check(config: Readonly<Record<string, string>>): void {
  checkConnector(new Map(Object.entries(config)), around)
}

describe('a configuration of a connector', () => {
  it('passes if it could start', () => {
    expect(() => check(good)).not.toThrow()
  })

  it('is refused without a class, and shows nothing of itself', () => {
    const refused = { code: 'REQUEST_INVALID', message: 'Connector config contains no connector type' }
    expect(() => check({ ...good, 'connector.class': ' ', secret: 'canary' })).toThrow(expect.objectContaining(refused))
  })

  it('is refused with a class that nobody knows, by Connect’s sentence', () => {
    const message = expect.stringMatching(/^Failed to find any class .* which name matches Nothing, available are: \S/)
    expect(() => check({ ...good, 'connector.class': 'Nothing' })).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID', message }),
    )
    expect(() => check({ ...good, 'connector.class': 'No\nthing' })).toThrow('name matches No?thing, available')
  })

  it('is refused with all that `validate` finds, in Connect’s frame', () => {
    const wrong = { ...good, 'topic.partitions': 'six', 'no.such': 'canary' }
    const message = expect.stringMatching(
      /^Connector configuration is invalid and contains the following 2 error\(s\):\n(.+\n){2}You can also find the above list/,
    )
    expect(() => check(wrong)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message }))
    expect(() => check(wrong)).not.toThrow(/canary|six/)
  })
})
