import { connectorRoutes } from './connector-routes.ts'
import { controlRoutes } from './control-routes.ts'
import { loggerRoutes } from './logger-routes.ts'
import { offsetRoutes } from './offset-routes.ts'
import { pluginRoutes } from './plugin-routes.ts'
import type { Route } from './route.ts'
import { serverRoutes } from './server-routes.ts'

/** Every route of the REST API. */
export const routes: readonly Route[] = [
  ...serverRoutes,
  ...connectorRoutes,
  ...controlRoutes,
  ...offsetRoutes,
  ...pluginRoutes,
  ...loggerRoutes,
]
