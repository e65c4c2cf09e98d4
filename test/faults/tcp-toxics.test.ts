import { expect, test } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { startFaultProxy } from './fault-proxy.ts'
import type { FaultProxy, UpstreamAddress } from './fault-proxy.ts'
import { connectPeer, startEchoServer, startPeerServer } from './loopback-peers.ts'

function proxyFor({ host, port }: UpstreamAddress, seed = 1): Promise<FaultProxy> {
  return startFaultProxy({ upstream: { host, port }, protocol: 'tcp', clock, rng: seededRng(seed) })
}

/** What comes back to a client that sends a text and ends. */
async function talkThrough(proxy: FaultProxy, text: string): Promise<string> {
  await using client = await connectPeer(proxy.port)
  client.socket.end(text)
  return await client.ended
}

test('without toxics a megabyte goes there and back, and every half ends by itself', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  await using client = await connectPeer(proxy.port)
  const sent = Buffer.alloc(1_048_576, 'abcdefg')
  client.socket.end(sent)
  expect((await client.ended) === sent.toString()).toBe(true)
  expect(client.ending).toBe('end')
  expect(server.peers[0]?.ending).toBe('end')
  await expect.poll(() => proxy.connections).toBe(0)
  expect(proxy).toMatchObject({ accepted: 1, errors: [] })
})

test('a reader that does not read stops the writer', async () => {
  await using server = await startPeerServer(({ socket }) => socket.pause())
  await using proxy = await proxyFor(server)
  await using client = await connectPeer(proxy.port)
  const total = 64 * 1_048_576
  client.socket.write(Buffer.alloc(total))
  const left = (): number => client.socket.writableLength + (total - client.socket.bytesWritten)
  await clock.sleep(200)
  expect(left()).toBeGreaterThan(total / 2)
  const [peer] = server.peers
  peer?.socket.resume()
  await expect.poll(() => peer?.socket.bytesRead, { timeout: 10_000 }).toBe(total)
})

test('a server that resets is a client that is reset, and the other way round', async () => {
  await using server = await startPeerServer()
  await using proxy = await proxyFor(server)
  await using first = await connectPeer(proxy.port)
  await expect.poll(() => server.peers.length).toBe(1)
  server.peers[0]?.socket.resetAndDestroy()
  await first.ended
  expect(first.ending).toBe('reset')

  await using second = await connectPeer(proxy.port)
  await expect.poll(() => server.peers.length).toBe(2)
  second.socket.resetAndDestroy()
  await server.peers[1]?.ended
  expect(server.peers[1]?.ending).toBe('reset')
})

test('a server that is not there resets the client and is named among the errors', async () => {
  const { port } = await (async () => {
    await using gone = await startPeerServer()
    return gone
  })()
  await using proxy = await proxyFor({ host: '127.0.0.1', port })
  await using client = await connectPeer(proxy.port)
  await client.ended
  expect(client.ending).toBe('reset')
  expect(proxy.errors).toEqual([expect.objectContaining({ code: 'ECONNREFUSED' })])
})

test('latency delays each direction by itself, and what is sent together arrives together', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  proxy.add({ kind: 'latency', direction: 'upstream', ms: 60, jitterMs: 10 })
  proxy.add({ kind: 'latency', ms: 60 })
  await using client = await connectPeer(proxy.port)
  const since = clock.monotonic()
  for (const piece of ['one ', 'two ', 'three ', 'four ']) {
    client.socket.write(piece)
    await clock.sleep(5)
  }
  await expect.poll(() => client.text, { interval: 1 }).toBe('one two three four ')
  const took = clock.monotonic() - since
  expect(took).toBeGreaterThanOrEqual(110)
  // Four pieces one after the other would take four times as long.
  expect(took).toBeLessThan(400)
})

test('bandwidth spreads bytes over time', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  proxy.add({ kind: 'bandwidth', bytesPerSecond: 100_000 })
  await using client = await connectPeer(proxy.port)
  const since = clock.monotonic()
  client.socket.end(Buffer.alloc(20_000, 'x'))
  expect((await client.ended).length).toBe(20_000)
  expect(clock.monotonic() - since).toBeGreaterThan(150)
})

test('the slicer cuts into pieces within its bounds, and loses nothing', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  proxy.add({ kind: 'slicer', minBytes: 2, maxBytes: 5, delayMs: 2 })
  await using client = await connectPeer(proxy.port)
  client.socket.end('the quick brown fox jumps over the lazy dog')
  expect(await client.ended).toBe('the quick brown fox jumps over the lazy dog')
  expect(client.pieces.length).toBeGreaterThan(4)
  expect(client.pieces[0]?.length).toBeLessThanOrEqual(5)
})

test('a black hole swallows bytes and endings, and a connection that lost some is reset afterwards', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  await using client = await connectPeer(proxy.port)
  await using idle = await connectPeer(proxy.port)
  const hole = proxy.add({ kind: 'black-hole', direction: 'upstream' })
  client.socket.end('lost')
  await clock.sleep(50)
  expect(server.peers.map(({ text, ending }) => ({ text, ending }))).toEqual([
    { text: '', ending: 'open' },
    { text: '', ending: 'open' },
  ])
  expect(client.ending).toBe('open')
  await hole.remove()
  await client.ended
  expect(client.ending).toBe('reset')
  idle.socket.end('kept')
  expect(await idle.ended).toBe('kept')
})

test('a black hole with an end ends by itself', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  const hole = proxy.add({ kind: 'black-hole', ms: 30 })
  await using client = await connectPeer(proxy.port)
  client.socket.write('answered into the hole')
  await client.ended
  expect(client).toMatchObject({ text: '', ending: 'reset' })
  expect(hole.struck).toBe(1)
  expect(server.peers[0]?.text).toBe('answered into the hole')
})

test('a stall holds bytes and endings, and gives them back in order', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  const stall = proxy.add({ kind: 'stall', direction: 'upstream' })
  await using client = await connectPeer(proxy.port)
  client.socket.write('first ')
  client.socket.end('second')
  await clock.sleep(50)
  expect(server.peers[0]).toMatchObject({ text: '', ending: 'open' })
  await stall.remove()
  expect(await client.ended).toBe('first second')
  expect(server.peers[0]?.ending).toBe('end')
})

test('a reset reaches both ends, after its time', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  await using client = await connectPeer(proxy.port)
  await expect.poll(() => server.peers.length).toBe(1)
  const since = clock.monotonic()
  proxy.add({ kind: 'reset', afterMs: 40 })
  await Promise.all([client.ended, server.peers[0]?.ended])
  expect(clock.monotonic() - since).toBeGreaterThan(30)
  expect([client.ending, server.peers[0]?.ending]).toEqual(['reset', 'reset'])
})

test.each(['close', 'reset'] as const)('cut-at-byte gives exactly so many bytes, then: %s', async (ending) => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  proxy.add({ kind: 'cut-at-byte', n: 7, ending })
  for (const text of ['seven b', 'more than seven']) {
    await using client = await connectPeer(proxy.port)
    client.socket.write(text)
    expect(await client.ended).toBe(text.slice(0, 7))
    expect(client.ending).toBe(ending === 'close' ? 'end' : 'reset')
    await server.peers.at(-1)?.ended
  }
  await using client = await connectPeer(proxy.port)
  client.socket.end('six by')
  expect(await client.ended).toBe('six by')
  expect(client.ending).toBe('end')
})

test('cut-at-byte counts across pieces, and what has gone before it was added', async () => {
  await using server = await startPeerServer()
  await using proxy = await proxyFor(server)
  await using client = await connectPeer(proxy.port)
  client.socket.write('12345')
  await expect.poll(() => server.peers[0]?.text).toBe('12345')
  proxy.add({ kind: 'slicer', direction: 'upstream', minBytes: 1, maxBytes: 1 })
  proxy.add({ kind: 'cut-at-byte', direction: 'upstream', n: 8 })
  client.socket.write('6789')
  expect(await server.peers[0]?.ended).toBe('12345678')
})

test('down refuses new connections and ends open ones, until it is removed', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  await using before = await connectPeer(proxy.port)
  const down = proxy.add({ kind: 'down' })
  await before.ended
  expect(before.ending).toBe('reset')
  await expect(connectPeer(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await down.remove()
  await using after = await connectPeer(proxy.port)
  after.socket.end('here again')
  expect(await after.ended).toBe('here again')
})

test('down with a count ends so many connections and lets the others be', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  proxy.add({ kind: 'down', count: 1 })
  // The first one may be reset before it knows that it is connected.
  await expect(talkThrough(proxy, 'ended').catch(() => '')).resolves.toBe('')
  expect(await talkThrough(proxy, 'spared')).toBe('spared')
  expect(proxy.struck.get('down')).toBe(1)
})

test('slow-close delays the end, not the bytes', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server)
  proxy.add({ kind: 'slow-close', ms: 80 })
  await using client = await connectPeer(proxy.port)
  const since = clock.monotonic()
  client.socket.end('bytes')
  await expect.poll(() => client.text, { interval: 1 }).toBe('bytes')
  expect(client.ending).toBe('open')
  await client.ended
  expect(clock.monotonic() - since).toBeGreaterThan(70)
})

test('a predicate, a probability and a count choose the victims', async () => {
  await using server = await startEchoServer()
  await using proxy = await proxyFor(server, 7)
  const third = proxy.add({ kind: 'cut-at-byte', n: 0, whenConnection: ({ id }) => id === 3 })
  const talk = (text: string): Promise<string> => talkThrough(proxy, text)
  expect([await talk('a'), await talk('b'), await talk('c'), await talk('d')]).toEqual(['a', 'b', '', 'd'])
  expect(third.struck).toBe(1)
  await third.remove()

  const some = proxy.add({ kind: 'cut-at-byte', n: 0, probability: 0.5 })
  for (let n = 0; n < 40; n += 1) await talk('x')
  expect(some.struck).toBeGreaterThan(10)
  expect(some.struck).toBeLessThan(30)
  const before = some.struck
  await proxy.clear()
  expect(await talk('y')).toBe('y')
  expect(proxy.struck.get('cut-at-byte')).toBe(before + 1)
})

test('disposing ends everything, whatever is held back', async () => {
  await using server = await startEchoServer()
  const proxy = await proxyFor(server)
  const stall = proxy.add({ kind: 'stall', direction: 'upstream' })
  proxy.add({ kind: 'slow-close', ms: 60_000 })
  await using client = await connectPeer(proxy.port)
  client.socket.write('held')
  const never = stall.whenStruck(100)
  await proxy[Symbol.asyncDispose]()
  await client.ended
  expect(proxy.connections).toBe(0)
  await expect(never).rejects.toThrow('Toxic stall was removed after 1 of 100 strikes.')
  await expect(connectPeer(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  expect(() => proxy.add({ kind: 'down' })).toThrow('closed')
})
