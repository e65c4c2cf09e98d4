import { describe, expect, it } from 'vitest'
import { refusedRequest } from '../server/access/request-guard.ts'
import { guardOf } from './rest-listeners.ts'

const nothing = { scheme: undefined, host: undefined, port: undefined }
const access = { hosts: ['alias.example'], origins: [] }

/** Of the names, those by which a process with these listeners lets itself be called. */
function taken(names: readonly string[], listeners: readonly string[], advertised?: string): readonly string[] {
  const config = {
    listeners: listeners.map((host) => ({ scheme: 'https' as const, host, port: 8443 })),
    advertised: { ...nothing, host: advertised },
    access,
  }
  const guard = guardOf(config, 'Connect-1')
  return names.filter((host) => refusedRequest(new Headers({ host }), guard) === undefined)
}

describe('the names by which a process may be called', () => {
  const names = [
    'connect-1',
    'connect-1.corp.example',
    'inner.example',
    'shown.example',
    'alias.example',
    'evil.example',
  ]

  it('are those of its listeners, of which one is advertised, and that of its machine', () => {
    expect(taken(names, ['Connect-1.corp.example', 'inner.example'])).toEqual([
      'connect-1',
      'connect-1.corp.example',
      'inner.example',
      'alias.example',
    ])
  })

  it('are the advertised one, too', () => {
    expect(taken(names, ['0.0.0.0'], 'Shown.example')).toEqual(['connect-1', 'shown.example', 'alias.example'])
  })
})
