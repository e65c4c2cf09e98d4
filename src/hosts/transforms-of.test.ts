import { describe, expect, it } from 'vitest'
import { loadConfig } from '../config/load-config.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import { TailraceError } from '../errors.ts'
import { checkTransforms, recordTransformsOf } from './transforms-of.ts'

const minimal = `pipeline: shop
source: {region: eu-west-1, tables: [orders]}
kafka.bootstrap.servers: b:9092
`

function load(text: string, isChecked = true): PipelineConfig {
  return loadConfig({
    text: `${minimal}${text}`,
    path: 'p.yaml',
    env: {},
    readFile: () => Buffer.from(''),
    realPath: (path) => path,
    ...(isChecked ? { checkFamilies: checkTransforms } : {}),
  })
}

function failure(work: () => unknown): TailraceError {
  try {
    work()
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('the transforms of a pipeline file', () => {
  it('are none by default, and one chain otherwise', () => {
    expect(recordTransformsOf(load(''))).toEqual([])
    expect(recordTransformsOf(load('transforms: [f]\ntransforms.f.type: Flatten$Value'))).toHaveLength(1)
  })

  it('are refused with all that is wrong, with lines and nearest names', () => {
    const text = `transforms: [a, b, c, d, e, f, g]
predicates: [p]
transforms.a.type: org.apache.kafka.connect.transforms.ReplaceFeld$Value
transforms.b: {type: ReplaceField}
transforms.c: {type: MaskField$Value, feilds: x}
transforms.d: {type: Filter, predicate: q, negate: perhaps}
transforms.e: {type: InsertField$Value, static.field: x, offset.field: o}
transforms.f: {type: RegexRouter, regex: "a++", replacement: x}
predicates.p: {pattern: x}
`
    const error = failure(() => load(text))
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toBe(`p.yaml has 10 problems:
  line 6: transforms.a.type names nothing that tailrace has; did you mean org.apache.kafka.connect.transforms.ReplaceField$Value?
  line 7: transforms.b.type names nothing that tailrace has; did you mean ReplaceField$Value?
  line 8: transforms.c.feilds is not a property; did you mean fields?
  line 8: transforms.c.fields is missing; it must be a list of names
  line 9: transforms.d.negate must be \`true\` or \`false\`
  line 9: transforms.d.predicate must be one of those that predicates lists; did you mean p?
  line 10: transforms.e.offset.field must be left out: where a record will stand in its topic is not known before it is written
  line 11: transforms.f.regex must be a regular expression that Java and JavaScript read alike (no possessive quantifiers, no \`\\Q\`)
  line 12: predicates.p.type is missing or no text
  transforms lists an alias without a type`)
  })

  it('are refused at the latest when a worker starts', () => {
    const error = failure(() => recordTransformsOf(load('transforms: [a]\ntransforms.a.type: Nothing', false)))
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(error.message).toBe('pipeline shop: transforms.a.type names nothing that tailrace has')
  })

  it.each([
    ['InsertField$Value', '', 'transforms.a.static.field is missing; or give topic.field or timestamp.field'],
    ['InsertField$Value', 'static.field: x', 'transforms.a.static.value is missing beside static.field'],
    [
      'HeaderFrom$Value',
      'fields: "x,y", headers: h, operation: copy',
      'transforms.a.headers must name one header for each of fields',
    ],
    [
      'RegexRouter',
      'regex: "(a)", replacement: $2',
      'transforms.a.replacement names a group that regex does not have, or ends in the middle',
    ],
    [
      'TimestampConverter$Value',
      'field: x, target.type: string',
      'transforms.a.format is missing for the target type string',
    ],
    [
      'TimestampRouter',
      'timestamp.format: MMM',
      "transforms.a.timestamp.format must be a pattern of Java's SimpleDateFormat with the letters `y`, `M`, `d`, `H`, `m`, `s`, `S`, `X`, `Z` and quoted texts",
    ],
    [
      'Cast$Value',
      'spec: int64',
      'transforms.a.spec must be a list of `field:type`, each type one of int8, int16, int32, int64, float32, float64, boolean, string',
    ],
    [
      'DropHeaders',
      'headers: tailrace.seq',
      'transforms.a.headers must be a list of header names that do not begin with `tailrace.`: those are written by tailrace itself',
    ],
    ['Filter', '', 'transforms.a.predicate is missing: without one, Filter does the same to every record'],
    ['Flatten$Key', 'negate: true', 'transforms.a.negate is set without a predicate'],
    ['ReplaceField$Value', 'renames: "a:b:c"', 'transforms.a.renames must be a list of pairs `old:new`'],
    [
      'io.debezium.transforms.ExtractNewRecordState',
      'delete.tombstone.handling.mode: drop, drop.tombstones: true',
      'transforms.a.delete.tombstone.handling.mode takes the place of drop.tombstones and delete.handling.mode; give one or the other',
    ],
    [
      'ExtractNewRecordState',
      'add.headers: op, add.headers.prefix: tailrace.',
      'transforms.a.add.headers makes headers whose names begin with tailrace., which are its own',
    ],
  ])('%s {%s} is refused', (type, settings, message) => {
    const inner = settings === '' ? '' : `, ${settings}`
    const error = failure(() => load(`transforms: [a]\ntransforms.a: {type: ${type}${inner}}`))
    expect(error.message).toBe(`p.yaml: line 5: ${message}`)
  })

  it('never show a value', () => {
    const canary = 'cAnArY'
    const text = `transforms: [${canary}, a, b]
predicates: [${canary}2]
transforms.a: {type: ${canary}, predicate: ${canary}}
transforms.b: {type: RegexRouter, regex: "(${canary}", replacement: ${canary}, negate: ${canary}, predicate: [${canary}]}`
    expect(failure(() => load(text)).message).not.toContain(canary)
  })
})
