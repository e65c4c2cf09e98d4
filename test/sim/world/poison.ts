import type { Rng } from '../../../src/async/rng.ts'
import type { ChangePosition } from '../../../src/oracle/oracle.ts'
import type { World } from './run-world.ts'

/** A record of a stream that no version of the pipeline can decode. */
export interface PoisonedChange {
  readonly kind: string
  readonly table: string
  readonly position: ChangePosition
  /** False where the record does not even tell its own position. */
  readonly isPositionReadable: boolean
  /** What the stream gives in its place. */
  readonly json: string
  /** The record becomes what it was. */
  mend(): void
}

/** What is written into it, and by whom. */
export type PoisonableWorld = Pick<World, 'tables' | 'writers'>

/** Writes a change and spoils its record in the stream before anybody can read it. Undefined if this kind spoils nothing here. */
export function poisonOne(
  world: PoisonableWorld,
  rng: Rng,
  choices: readonly Poison[] = poisons,
): PoisonedChange | undefined {
  const { tables, writers } = world
  const index = Math.floor(rng.next() * tables.length)
  const table = tables[index]
  const writer = writers[index]
  if (table === undefined || writer === undefined) return undefined
  // The ones around it lie in the same page.
  const writeSome = (): void => {
    for (let count = Math.floor(rng.next() * 6); count > 0; count--) writer.writeOne()
  }
  writeSome()
  writer.writeOne()
  const position = writer.written.at(-1)?.position
  writeSome()
  if (position === undefined) return undefined
  const { records } = table.stream.shard(position.shardId)
  const at = records.findIndex(({ sequenceNumber }) => sequenceNumber === position.sequenceNumber)
  const whole = records[at]
  if (whole === undefined) return undefined
  const { kind, isPositionReadable, spoil } = choices[Math.floor(rng.next() * choices.length)] as Poison
  const spoilt = spoil(JSON.parse(whole.json) as WireRecord)
  if (spoilt === undefined) return undefined
  const json = JSON.stringify(spoilt)
  records[at] = { ...whole, json }
  const mend = (): void => void (records[at] = whole)
  return { kind, table: table.name, position, isPositionReadable, json, mend }
}

interface WireRecord {
  readonly eventName: string
  readonly dynamodb: { readonly NewImage?: object; readonly Keys: object }
}

/** One way to spoil a record. */
export interface Poison {
  readonly kind: string
  readonly isPositionReadable: boolean
  /** Undefined where a record of this kind would not be spoilt by it. */
  spoil(record: WireRecord): unknown
}

/** All that are known. */
export const poisons: readonly Poison[] = [
  inImage('unknown-type', { Q: 'x' }),
  inImage('two-types', { S: 'x', N: '1' }),
  inImage('number-without-digits', { N: 'one' }),
  {
    kind: 'missing-new-image',
    isPositionReadable: true,
    spoil: (record) =>
      record.eventName === 'REMOVE' ? undefined : { ...record, dynamodb: { ...record.dynamodb, NewImage: undefined } },
  },
  {
    kind: 'keys-no-object',
    isPositionReadable: true,
    spoil: (record) => ({ ...record, dynamodb: { ...record.dynamodb, Keys: 'id' } }),
  },
  { kind: 'unknown-event', isPositionReadable: true, spoil: (record) => ({ ...record, eventName: 'TRUNCATE' }) },
  { kind: 'not-an-object', isPositionReadable: false, spoil: () => 42 },
]

function inImage(kind: string, value: unknown): Poison {
  return {
    kind,
    isPositionReadable: true,
    spoil: (record) => {
      const { NewImage: image } = record.dynamodb
      if (image === undefined) return undefined
      return { ...record, dynamodb: { ...record.dynamodb, NewImage: { ...image, odd: value } } }
    },
  }
}
