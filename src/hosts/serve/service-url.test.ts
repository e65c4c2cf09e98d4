import { describe, expect, it } from 'vitest'
import { advertisedAddress } from './service-url.ts'

const listeners = [
  { scheme: 'http', host: '0.0.0.0', port: 0 },
  { scheme: 'https', host: '::1', port: 8443 },
] as const
const none = { scheme: undefined, host: undefined, port: undefined }

describe('advertisedAddress', () => {
  it.each([
    [none, { url: 'http://box:1234', workerId: 'box:1234', host: 'box' }],
    [
      { ...none, host: 'Node-1.example' },
      { url: 'http://Node-1.example:1234', workerId: 'Node-1.example:1234', host: 'node-1.example' },
    ],
    [
      { ...none, scheme: 'https' },
      { url: 'https://[::1]:1234', workerId: '[::1]:1234', host: '::1' },
    ],
    [
      { ...none, port: 80 },
      { url: 'http://box:80', workerId: 'box:80', host: 'box' },
    ],
  ] as const)('%j', (advertised, expected) => {
    expect(advertisedAddress({ listeners, advertised }, { boundPort: 1234, machine: 'box' })).toEqual(expected)
  })
})
