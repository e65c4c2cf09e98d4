import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryText, arbitraryUnits } from '../../test/oracle/arbitrary-items.ts'
import { createJsonWriter } from './json-writer.ts'

const anyText = fc.oneof(arbitraryText, arbitraryUnits)

describe('createJsonWriter', () => {
  it('writes any string as JSON that is valid UTF-8 and reads back as the same units', () => {
    const writer = createJsonWriter()
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    fc.assert(
      fc.property(anyText, (text) => {
        writer.string(text)
        expect(JSON.parse(strict.decode(writer.take()))).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  it('never writes to what was taken, through many blocks and records larger than one', () => {
    const writer = createJsonWriter()
    const expected: string[] = []
    const taken: Buffer[] = []
    for (let index = 0; index < 400; index++) {
      const text = 'ü"x'.repeat((index * index) % 997) + (index % 100 === 57 ? 'y'.repeat(300_000) : '')
      writer.byte(91)
      writer.string(text)
      writer.bytes(Buffer.from(',"constant of some length, copied as a block",'))
      writer.text(String(index))
      writer.byte(93)
      expected.push(JSON.stringify([text, 'constant of some length, copied as a block', index]))
      taken.push(writer.take())
    }
    expect(taken.map((bytes) => bytes.toString('utf8'))).toEqual(expected)
  })

  it('writes what has as many characters as the block has bytes left, but more bytes than that', () => {
    for (const text of ['é' + 'a'.repeat(30) + '€', 'a'.repeat(31) + '€', '\uD800' + 'a'.repeat(40), 'a'.repeat(32)]) {
      const writer = createJsonWriter()
      const filler = 'x'.repeat(65_536 - text.length - 2)
      writer.text(filler)
      writer.string(text)
      expect(writer.take().toString('utf8')).toBe(filler + JSON.stringify(text))
    }
  })

  it('gives a large record its own memory, no larger than itself', () => {
    const writer = createJsonWriter()
    for (let index = 0; index < 100_000; index++) writer.text('0123456789')
    const large = writer.take()
    expect(large).toHaveLength(1_000_000)
    expect(large.buffer.byteLength).toBe(1_000_000)
    writer.text('after')
    expect(writer.take().toString()).toBe('after')
  })

  it('forgets what was not taken', () => {
    const writer = createJsonWriter()
    writer.text('first')
    const first = writer.take()
    writer.string('half a record')
    writer.reset()
    writer.text('second')
    expect([first.toString(), writer.take().toString()]).toEqual(['first', 'second'])
  })

  it('writes nested text as one string, at the end of a block too', () => {
    const writer = createJsonWriter()
    writer.text('x'.repeat(65_530))
    writer.nested(() => {
      writer.byte(91)
      writer.string('é"\u0000😀'.repeat(10))
      writer.byte(93)
    })
    const inner = JSON.stringify(['é"\u0000😀'.repeat(10)])
    expect(writer.take().toString('utf8')).toBe('x'.repeat(65_530) + JSON.stringify(inner))
  })
})
