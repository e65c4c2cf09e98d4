import { expect, test } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { parseToxic } from './parse-toxic.ts'
import type { ProxyProtocol, Toxic } from './toxic.ts'
import { toxicKinds } from './toxic-rules.ts'

test.each<[string, Toxic]>([
  ['latency:ms=200,jitterMs=50', { kind: 'latency', ms: 200, jitterMs: 50 }],
  ['down', { kind: 'down' }],
  [' stall:direction=upstream , probability=0.25 ', { kind: 'stall', direction: 'upstream', probability: 0.25 }],
  ['drop-response:apiKey=Produce,count=3', { kind: 'drop-response', apiKey: 0, count: 3 }],
  ['answer-with-code:apiKey=26,errorCode=-1', { kind: 'answer-with-code', apiKey: 26, errorCode: -1 }],
  ['{"kind":"close-mid-frame","apiKey":"Fetch","bytes":9}', { kind: 'close-mid-frame', apiKey: 1, bytes: 9 }],
  [
    'http-error:status=400,type=ExpiredIteratorException,action=GetRecords',
    { kind: 'http-error', status: 400, type: 'ExpiredIteratorException', action: 'GetRecords' },
  ],
])('%s', (text, toxic) => {
  expect(parseToxic(text)).toEqual(toxic)
})

test.each([
  ['', /There is no toxic ""\. There are: latency, bandwidth, .*slow-body\./],
  ['latancy:ms=1', /no toxic "latancy"/],
  ['latency', /Toxic latency: ms is missing \(a whole number from 0 to 86400000\)\. Its fields: ms, \[jitterMs\], /],
  ['latency:ms=soon', /ms must be a whole number from 0 to 86400000, not "soon"/],
  ['latency:ms=', /ms must be a whole number .*, not ""/],
  ['latency:ms=-1', /ms must be .*, not -1/],
  ['latency:ms=1.5', /ms must be .*, not 1.5/],
  ['latency:ms', /"ms" is not field=value/],
  ['latency:', /"" is not field=value/],
  ['latency:ms=1,colour=red', /there is no field colour\. Its fields: ms,/],
  ['latency:ms=1,toString=1', /there is no field toString/],
  ['latency:ms=1,probability=1.5', /probability must be a number from 0 to 1, not 1.5/],
  ['latency:ms=1,count=0', /count must be a whole number from 1/],
  ['latency:ms=1,direction=left', /direction must be downstream or upstream, not "left"/],
  ['drop-response:apiKey=Produce,direction=upstream', /direction must be downstream, not "upstream"/],
  [
    'drop-response:apiKey=Produse',
    /apiKey must be a number or a name such as Produce, Fetch, ListOffsets, not "Produse"/,
  ],
  ['slicer:minBytes=9,maxBytes=3', /minBytes is above maxBytes/],
  ['cut-at-byte:n=1,ending=slowly', /ending must be close or reset/],
  ['http-error:status=200,type=x', /status must be a whole number from 400 to 599/],
  ['{"kind":', /This toxic is not JSON: \{"kind":/],
  ['{"kind":"latency","ms":"1"}', /ms must be a whole number/],
  ['{"kind":"latency","ms":1,"whenConnection":"all"}', /no predicates/],
])('%s is refused', (text, message) => {
  expect(() => parseToxic(text)).toThrow(message)
})

test.each<[ProxyProtocol, Toxic, RegExp]>([
  [
    'tcp',
    { kind: 'drop-response', apiKey: 0 },
    /needs a proxy for kafka; this one is for tcp: latency, .*slow-close\.$/,
  ],
  ['kafka', { kind: 'wrong-crc32' }, /needs a proxy for http; this one is for kafka: .*reorder/],
  ['http', { kind: 'reorder', apiKey: 0 }, /needs a proxy for kafka; this one is for http: .*slow-body\.$/],
  [
    'kafka',
    { kind: 'answer-with-code', apiKey: 20, errorCode: 1 },
    /no answer for apiKey 20\. It has: Produce, Fetch, .*EndTxn\./,
  ],
  ['tcp', { kind: 'lag' } as unknown as Toxic, /There is no toxic "lag"/],
])('a proxy for %s refuses what it cannot do', async (protocol, toxic, message) => {
  await using proxy = await startFaultProxy({
    upstream: { host: '127.0.0.1', port: 1 },
    protocol,
    clock,
    rng: seededRng(1),
  })
  expect(() => proxy.add(toxic)).toThrow(message)
  expect(proxy.struck.size).toBe(0)
})

test('every kind of toxic is listed with its protocol', () => {
  const kinds = Map.groupBy([...toxicKinds], ([, { protocol }]) => protocol)
  expect([...kinds].map(([protocol, ofIt]) => [protocol, ofIt.length])).toEqual([
    ['tcp', 9],
    ['kafka', 6],
    ['http', 4],
  ])
})
