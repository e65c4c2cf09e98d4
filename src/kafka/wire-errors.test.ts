import { MultipleErrors, NetworkError } from '@platformatic/kafka'
import { expect, it } from 'vitest'
import { transportError } from './wire-errors.ts'

const broker = { host: 'broker', port: 9092 }
const refused = (code: string): Error =>
  new NetworkError('Connection to broker:9092 failed.', {
    cause: Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' }),
  })

it('tells a broker that is away from a process that may not connect', () => {
  expect(transportError(refused('ECONNREFUSED'), 'Fetch', broker)).toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  for (const error of [refused('EMFILE'), new MultipleErrors('Both failed.', [refused('EMFILE')])]) {
    expect(transportError(error, 'Fetch', broker)).toMatchObject({
      code: 'OUT_OF_FILE_HANDLES',
      message: 'Fetch at broker:9092: EMFILE, no more files or connections can be opened',
    })
  }
})
