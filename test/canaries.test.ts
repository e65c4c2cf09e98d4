import { describe, expect, it } from 'vitest'
import { createCanaries } from './fixtures/canaries.ts'

describe('a search for canaries', () => {
  const canaries = createCanaries()
  const secret = canaries.plant('a password')
  canaries.plant('another password')

  it.each([
    ['as it is', (text: string) => text],
    ['in JSON in JSON', (text: string) => JSON.stringify(JSON.stringify({ 'a"b': `ü"${text}\n` }))],
    ['in a URL', (text: string) => encodeURIComponent(`https://user:${text}@host/?a=ä`)],
    ['as credentials of Basic', (text: string) => Buffer.from(`ops:${text}`).toString('base64')],
    ['in Base64, one byte further', (text: string) => Buffer.from(`op1s:${text}!`).toString('base64')],
    ['in Base64, two bytes further', (text: string) => Buffer.from(`op12s:${text}!!`).toString('base64')],
    ['in Base64 for URLs', (text: string) => Buffer.from(`>>>???${text}`).toString('base64url')],
    ['in Base64 in a URL', (text: string) => encodeURIComponent(Buffer.from(`a${text}`).toString('base64'))],
    ['in hexadecimal', (text: string) => Buffer.from(text).toString('hex')],
    ['cut behind its first half', (text: string) => `${text.slice(0, 17)}...`],
    ['cut in front of its second half', (text: string) => `...${text.slice(-17)}`],
  ])('finds one %s, and names its place', (_, spell) => {
    const around = 'lines of a log\n'.repeat(50)
    expect(canaries.findIn(`${around}${spell(secret)}${around}`)).toEqual(['a password'])
    expect(canaries.findIn(`${around}${spell('Cy0123456789abcdef0123456789ab')}${around}`)).toEqual([])
  })

  it('takes secrets that exist, and none that are too short to be told from accidents', () => {
    canaries.know('a key', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC')
    expect(canaries.findIn('-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n')).toEqual(['a key'])
    expect(() => canaries.know('a short one', 'secret')).toThrow('too short')
    expect(() => canaries.plant('a key')).toThrow('already')
  })
})
