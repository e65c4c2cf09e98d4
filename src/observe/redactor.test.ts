import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from './redactor.ts'

describe('redactor', () => {
  it('hides a secret in its plain, JSON, URL and Base64 spelling', () => {
    const redactor = createRedactor()
    const secret = 'p"ss wörd/+?&='
    redactor.add(secret)
    const texts = [
      secret,
      JSON.stringify({ secret }),
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
    ]
    for (const text of texts) {
      const shown = redactor.redact(`a ${text} b`)
      expect(shown).not.toContain(text)
      expect(shown).toContain('[hidden]')
    }
  })

  it('hides the longer of two secrets whole when one begins with the other', () => {
    const redactor = createRedactor()
    redactor.add('canary')
    redactor.add('canary-long')
    expect(redactor.redact('x canary-long y canary z')).toBe('x [hidden] y [hidden] z')
  })

  it('hides single lines of a private key', () => {
    const redactor = createRedactor()
    redactor.add(
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n',
    )
    expect(redactor.redact('bad line MIIEvQIBADANBgkqhkiG9w0BAQEFAASC')).toBe('bad line [hidden]')
    expect(redactor.redact('-----BEGIN PRIVATE KEY-----')).toBe('-----BEGIN PRIVATE KEY-----')
  })

  it('leaves texts without a secret alone, and secrets of fewer than four characters', () => {
    const redactor = createRedactor()
    redactor.add('abc')
    redactor.add('')
    expect(redactor.redact('abcdef')).toBe('abcdef')
  })

  it('never shows a secret, whatever surrounds it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 40 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!'[hidden]'.includes(secret) && !before.includes(secret) && !after.includes(secret))
        const redactor = createRedactor()
        redactor.add(`k${secret}k`)
        expect(redactor.redact(`${before}k${secret}k${after}`)).not.toContain(`k${secret}k`)
      }),
    )
  })
})
