import type { ConnectorOffset } from './connect-service.ts'
import { invalid, isObject, objectBody } from './request-values.ts'
import { changes, reads } from './route.ts'
import type { Json, RequestBody, Route } from './route.ts'

const path = '/connectors/:connector/offsets'

/** Positions: read at any time, changed while the connector is stopped. */
export const offsetRoutes: readonly Route[] = [
  reads(path, async ({ service, param, signal }) => {
    const offsets = await service.offsets(param('connector'), signal)
    return { status: 200, body: { offsets: offsets.map((each) => ({ ...each })) as unknown as Json } }
  }),
  changes('PATCH', path, async ({ service, param, body, signal }) => {
    await service.alterOffsets(param('connector'), offsetsOf(body), signal)
    return done('altered')
  }),
  changes('DELETE', path, async ({ service, param, signal }) => {
    await service.resetOffsets(param('connector'), signal)
    return done('reset')
  }),
]

function done(what: string): { readonly status: number; readonly body: Json } {
  return { status: 200, body: { message: `The offsets for this connector have been ${what} successfully` } }
}

function offsetsOf(body: RequestBody | undefined): readonly ConnectorOffset[] {
  const given = objectBody(body, 'value')
  const strange = Object.keys(given).some((member) => member !== 'offsets')
  if (strange) throw invalid('the body must hold offsets and nothing else')
  const list: unknown = given['offsets']
  if (!Array.isArray(list) || list.length === 0)
    throw invalid('Partitions / offsets need to be provided for an alter offsets request')
  return list.map((each: unknown) => {
    const { partition, offset, ...others } = isObject(each) ? each : {}
    const isOffset = offset === null || isObject(offset)
    if (!isObject(partition) || !isOffset || Object.keys(others).length > 0)
      throw invalid('each of the offsets must be {"partition": {…}, "offset": {…}}, or null for offset')
    return { partition, offset }
  })
}
