import type { DocumentRecord } from '../../envelope/document-payload.ts'
import { TailraceError } from '../../errors.ts'
import type { RecordShapes } from '../../shapes/shape.ts'
import type { RecordOrigin, RecordTransform } from '../record-transform.ts'
import { untold } from './sides.ts'
import type { Predicate, Step } from './step.ts'

/** One transform of a chain, and to which records it applies. */
export interface Link {
  readonly alias: string
  readonly step: Step
  /** Undefined: to all. */
  readonly predicate: { readonly test: Predicate; readonly isNegated: boolean } | undefined
}

/** The transforms one after the other, as one. What fails says which of them it was. */
export function createConnectChain(links: readonly Link[]): RecordTransform {
  return {
    apply: (record, origin) => {
      let current: DocumentRecord | undefined = record
      for (const link of links) {
        if (current === undefined) return undefined
        current = named(link, (one: DocumentRecord) => applied(link, one, origin), current)
      }
      return current
    },
    shapes: (shapes, { topic }) => {
      let current = shapes
      let currentTopic: string | undefined = topic
      for (const link of links) {
        const from = currentTopic
        current = named(link, (one: RecordShapes) => shapesBehind(link, one, from), current)
        currentTopic = topicBehind(link, currentTopic)
      }
      return current
    },
  }
}

function applied({ step, predicate }: Link, record: DocumentRecord, origin: RecordOrigin): DocumentRecord | undefined {
  if (predicate !== undefined && predicate.test.isTrue(record, origin) === predicate.isNegated) return record
  return step.apply(record, origin)
}

/** A step that only some records pass leaves them in two forms, unless it changes none. */
function shapesBehind(link: Link, shapes: RecordShapes, topic: string | undefined): RecordShapes {
  const applies = appliesToValues(link, topic)
  if (applies === false && !isOfTombstones(link)) return shapes
  const behind = link.step.shapes(shapes)
  if (isOfTombstones(link) && !isSame(behind.key, shapes.key)) {
    throw untold('its predicate leaves keys of two forms in one topic, which have no one schema')
  }
  if (applies === false) return shapes
  if (applies === undefined && !isSame(behind, shapes)) {
    throw untold('its predicate leaves records of two forms in one topic, which have no one schema')
  }
  return behind
}

/** Tombstones have a key, too: it must not be another one than that of values. */
function isOfTombstones({ predicate }: Link): boolean {
  return predicate?.test.isTrueOfValues(undefined) !== undefined
}

function appliesToValues({ predicate }: Link, topic: string | undefined): boolean | undefined {
  if (predicate === undefined) return true
  const isTrue = predicate.test.isTrueOfValues(topic)
  return isTrue === undefined ? undefined : isTrue !== predicate.isNegated
}

function topicBehind(link: Link, topic: string | undefined): string | undefined {
  if (link.step.topicFor === undefined || topic === undefined) return topic
  const applies = appliesToValues(link, topic)
  const routed = link.step.topicFor(topic)
  if (applies === undefined) return routed === topic ? topic : undefined
  return applies ? routed : topic
}

/** Shapes are plain data, and are put together in a fixed order. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function named<I, O>({ alias }: Link, work: (input: I) => O, input: I): O {
  try {
    return work(input)
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    throw new TailraceError(error.code, `transforms.${alias}: ${error.message}`, {
      cause: error,
      details: { ...error.details, transform: alias },
    })
  }
}
