import { describe, expect, it } from 'vitest'
import { isForbiddenHost, isLoopbackHost, isSafeUrl, parseHostPort } from './network-address.ts'

describe('isSafeUrl', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://169.254.170.2/v2/credentials',
    'http://169.254.170.23/',
    'http://169.254.0.1',
    'https://169.254.255.255/',
    'http://2852039166/',
    'http://0xA9FEA9FE/',
    'http://0251.0376.0251.0376/',
    'http://169.254.43518/',
    'http://169.16689662/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[0:0:0:0:0:ffff:a9fe:a9fe]/',
    'http://[fe80::1]/',
    'http://[febf::1]/',
    'http://[fd00:ec2::254]/',
    'http://[FD00:EC2::23]/',
    'http://169.254.169.254./',
    'http://１６９.254.169.254/',
    'http://169。254。169。254/',
    'http://user:pass@dynamodb.local/',
    'http://user@dynamodb.local/',
    'ftp://dynamodb.local/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:70/',
    'javascript:alert(1)',
    'data:text/plain,x',
    '//dynamodb.local',
    'dynamodb.local:8000',
    'http://',
    'http://[::1',
    'http:///x y',
    '',
    'unix:/run/x.sock',
  ])('refuses %s', (url) => {
    expect(isSafeUrl(url)).toBe(false)
  })

  it.each([
    'http://127.0.0.1:8000',
    'http://localhost:8000/',
    'https://dynamodb.eu-west-1.amazonaws.com',
    'https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com/',
    'http://[::1]:8000',
    'http://10.0.0.1/',
    'http://169.253.1.1/',
    'https://[fd00:abc::1]/',
  ])('takes %s', (url) => {
    expect(isSafeUrl(url)).toBe(true)
  })
})

describe('isLoopbackHost', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost', 'LOCALHOST', '[::1]', '::ffff:127.0.0.1', '2130706433'])(
    '%s is',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true)
    },
  )
  it.each(['0.0.0.0', '::', '10.0.0.1', 'localhost.example.com', '', 'a b'])('%s is not', (host) => {
    expect(isLoopbackHost(host)).toBe(false)
    expect(isForbiddenHost(host)).toBe(false)
  })
})

describe('parseHostPort', () => {
  it.each([
    ['broker:9092', { host: 'broker', port: 9092 }],
    ['b-1.shop.kafka.eu-west-1.amazonaws.com:9098', { host: 'b-1.shop.kafka.eu-west-1.amazonaws.com', port: 9098 }],
    ['[::1]:9092', { host: '::1', port: 9092 }],
    ['broker', undefined],
    ['broker:0', undefined],
    ['broker:65536', undefined],
    ['broker:9092x', undefined],
    ['[zz]:1', undefined],
    ['a b:1', undefined],
    ['http://broker:9092', undefined],
  ])('%s', (text, expected) => {
    expect(parseHostPort(text)).toEqual(expected)
  })

  it('takes port 0 where it is allowed', () => {
    expect(parseHostPort('127.0.0.1:0', 0)).toEqual({ host: '127.0.0.1', port: 0 })
  })
})
