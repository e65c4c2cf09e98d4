/** What the AWS SDK's provider chain would read before, or instead of, a plain key. */
const chainVariables = [
  'AWS_PROFILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_CREDENTIAL_SCOPE',
] as const

/**
 * Gives this process made-up AWS credentials until it is disposed, so that a worker on a local DynamoDB neither needs
 * nor uses the user's own: with a key in the environment the provider chain looks no further.
 */
export function useMadeUpCredentials(env: NodeJS.ProcessEnv = process.env): Disposable {
  const before = chainVariables.map((name) => [name, env[name]] as const)
  for (const name of chainVariables) delete env[name]
  env['AWS_ACCESS_KEY_ID'] = 'demo'
  env['AWS_SECRET_ACCESS_KEY'] = 'demo'
  return {
    [Symbol.dispose]: () => {
      for (const [name, value] of before) {
        if (value === undefined) delete env[name]
        else env[name] = value
      }
    },
  }
}
