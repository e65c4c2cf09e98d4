import type { Role } from '../access/principal.ts'
import type { ConnectService } from './connect-service.ts'

/** A value that `JSON.stringify` writes as it is. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined }

/** The body of a request, read twice: as JSON is, and with every number as the text that was sent (as Connect takes them). */
export interface RequestBody {
  readonly value: unknown
  readonly texts: unknown
}

/** What a route is given. */
export interface RestRequest {
  readonly service: ConnectService
  /** A part of the path by its name in the route's pattern, percent signs decoded. */
  readonly param: (name: string) => string
  readonly query: URLSearchParams
  /** Undefined for routes that take none, or if none was sent. */
  readonly body: RequestBody | undefined
  readonly signal: AbortSignal
}

/** What a route answers. Without a body nothing but the status is sent. */
export interface Reply {
  readonly status: number
  readonly body?: Json
  /** Path of what was made. */
  readonly location?: string
}

/**
 * One route. Routes are data, so that the table of who may do what, the answers to OPTIONS and to other methods, and the tests
 * are all made from the same list.
 */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** Parameters with a colon: `/connectors/:connector`. */
  readonly path: string
  /** The least that somebody must be; `anyone` is not asked who it is. */
  readonly role: Role | 'anyone'
  readonly takesBody: boolean
  /** Changes of the service's state are made by its leader; everything else is answered where it was asked. */
  readonly by: 'anyone' | 'leader' | ((query: URLSearchParams) => 'anyone' | 'leader')
  readonly run: (request: RestRequest) => Promise<Reply>
  /** The name of the connector that is to be made, as it was sent, where the path does not hold it. Undefined if there is none. */
  readonly madeName?: (body: RequestBody) => string | undefined
}

type Run = Route['run']

/** A route that reads. */
export function reads(path: string, run: Run): Route {
  return { method: 'GET', path, role: 'viewer', takesBody: false, by: 'anyone', run }
}

/** A route that starts or stops something. It takes no body. */
export function operates(method: 'PUT' | 'POST', path: string, run: Run): Route {
  return { method, path, role: 'operator', takesBody: false, by: 'leader', run }
}

/** A route that makes, changes or deletes something. */
export function changes(method: Exclude<Route['method'], 'GET'>, path: string, run: Run): Route {
  return { method, path, role: 'admin', takesBody: method !== 'DELETE', by: 'leader', run }
}
