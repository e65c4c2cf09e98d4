import { seededRng } from '../../../src/async/rng.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { letterHeaders } from '../../../src/rejection/letter-headers.ts'
import { deadLetterTopic } from './dead-letter-topic.ts'
import { committedReader } from './output-scan.ts'
import { poisonOne, poisons } from './poison.ts'
import type { PoisonableWorld, PoisonedChange } from './poison.ts'
import type { World } from './run-world.ts'

/** The poisoned changes of a run and what has become of them. */
export interface DeadLetterTraffic {
  readonly poisoned: readonly PoisonedChange[]
  readonly isPoisoned: (change: WrittenChange) => boolean
  /** Letters that a read_committed reader finds, by position. */
  readonly letters: () => ReadonlyMap<string, readonly FoundLetter[]>
  /**
   * What is wrong with them, one line each: each poisoned change has one letter that is exact, and there are no others.
   * Default: exact is what has the same text.
   */
  readonly verdicts: (isExact?: (letter: string, given: string) => boolean) => readonly string[]
}

export interface FoundLetter {
  readonly value: string
  readonly code: string
}

/** Poisons records at random moments until `untilMs`, about `perSecond` of them, `without` those of one kind. */
export function keepPoisoning(
  world: PoisonableWorld & Pick<World, 'surroundings' | 'plan'>,
  { untilMs, perSecond, without }: { readonly untilMs: number; readonly perSecond: number; readonly without?: string },
): DeadLetterTraffic {
  const { time, kafka } = world.surroundings
  const rng = seededRng(world.plan.seed ^ 0xdead)
  const poisoned: PoisonedChange[] = []
  const names = new Set<string>()
  // What does not tell its position stops its table even so.
  const choices = poisons.filter(({ kind, isPositionReadable }) => isPositionReadable && kind !== without)
  const next = (): void => {
    time.after((-Math.log(1 - rng.next()) / perSecond) * 1_000, () => {
      if (time.elapsedMs > untilMs) return
      const one = poisonOne(world, rng, choices)
      if (one !== undefined) {
        poisoned.push(one)
        names.add(nameOf(one.position))
      }
      next()
    })
  }
  next()
  const letters = (): ReadonlyMap<string, readonly FoundLetter[]> => {
    const found = new Map<string, FoundLetter[]>()
    for (const partition of kafka.state.topics.get(deadLetterTopic)?.partitions ?? []) {
      committedReader(partition)(({ value, headers }) => {
        const header = (name: string): string => headers.find(([one]) => one === name)?.[1]?.toString() ?? ''
        const name = nameOf({
          shardId: header(letterHeaders.shard),
          sequenceNumber: header(letterHeaders.sequenceNumber),
        })
        const known = found.get(name) ?? []
        found.set(name, known)
        known.push({ value: value?.toString() ?? '', code: header(letterHeaders.code) })
      })
    }
    return found
  }
  return {
    poisoned,
    isPoisoned: ({ position }) => position !== undefined && names.has(nameOf(position)),
    letters,
    verdicts: (isExact = isSameText) => verdictsOf(poisoned, letters(), isExact),
  }
}

function verdictsOf(
  poisoned: readonly PoisonedChange[],
  letters: ReadonlyMap<string, readonly FoundLetter[]>,
  isExact: (letter: string, given: string) => boolean,
): readonly string[] {
  const wrong: string[] = []
  for (const { kind, position, json } of poisoned) {
    const own = letters.get(nameOf(position)) ?? []
    const [letter] = own
    if (letter === undefined || own.length > 1) wrong.push(`${kind} at ${nameOf(position)} has ${own.length} letters`)
    else if (!isExact(letter.value, json)) wrong.push(`the letter of ${nameOf(position)} is not what the stream gave`)
    else if (letter.code !== 'RECORD_UNREADABLE') wrong.push(`${nameOf(position)} was rejected with ${letter.code}`)
  }
  const expected = new Set(poisoned.map(({ position }) => nameOf(position)))
  for (const name of letters.keys()) if (!expected.has(name)) wrong.push(`a letter of ${name}, which was sound`)
  return wrong
}

function isSameText(letter: string, given: string): boolean {
  return letter === given
}

function nameOf({ shardId, sequenceNumber }: { readonly shardId: string; readonly sequenceNumber: string }): string {
  return `${shardId} ${sequenceNumber}`
}
