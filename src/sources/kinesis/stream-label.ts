import { TailraceError } from '../../errors.ts'

/**
 * What positions in a Kinesis stream are kept under: its ARN and the moment at which it was made. A stream that is deleted
 * and made anew has the ARN of the old one, but another label; requests know the plain ARN alone.
 */
export interface StreamLabel {
  readonly arn: string
  readonly name: string
  readonly region: string
  readonly account: string
  readonly createdAtMs: number
}

/** The text of a label: `<ARN>/<creation time, ISO 8601 in UTC>`. */
export function labelStream(arn: string, createdAtMs: number): string {
  return `${arn}/${new Date(createdAtMs).toISOString()}`
}

/** Takes a label apart. Throws INTERNAL for a text that `labelStream` did not make. */
export function parseStreamLabel(label: string): StreamLabel {
  const at = label.lastIndexOf('/')
  const parsed = parseStreamArn(label.slice(0, at))
  const createdAtMs = Date.parse(label.slice(at + 1))
  if (parsed === undefined || Number.isNaN(createdAtMs))
    throw new TailraceError('INTERNAL', `${label} is not the label of a Kinesis stream`)
  return { ...parsed, createdAtMs }
}

/** What the ARN of a stream says (`arn:aws:kinesis:<region>:<account>:stream/<name>`); undefined for any other text. */
export function parseStreamArn(arn: string): Omit<StreamLabel, 'createdAtMs'> | undefined {
  const [, region, account, name] = /^arn:[^:]+:kinesis:([^:]+):([^:]+):stream\/([\w.-]+)$/.exec(arn) ?? []
  if (region === undefined || account === undefined || name === undefined) return undefined
  return { arn, name, region, account }
}
