import { expect, test } from 'vitest'
import { useMadeUpCredentials } from './demo-credentials.ts'

test("the user's credentials are out of reach until they are given back", () => {
  const users = { AWS_PROFILE: 'work', AWS_SESSION_TOKEN: 'token', AWS_ACCESS_KEY_ID: 'id', HOME: '/somewhere' }
  const env: NodeJS.ProcessEnv = { ...users }
  {
    using _credentials = useMadeUpCredentials(env)
    expect(env).toEqual({ AWS_ACCESS_KEY_ID: 'demo', AWS_SECRET_ACCESS_KEY: 'demo', HOME: '/somewhere' })
  }
  expect(env).toEqual(users)
})
