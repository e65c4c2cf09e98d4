import { createHandler } from './create-handler.ts'

/** The handler of the ready zip: `index.handler`. */
export const handler = createHandler()
