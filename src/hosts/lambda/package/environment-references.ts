import { loadConfig } from '../../../config/load-config.ts'
import type { ConfigInput } from '../../../config/load-config.ts'

type Environment = ConfigInput['env']

/** The region is the function's own where nothing else names one. */
const anyRegion = 'us-east-1'

/** An environment that has every variable to which a file refers, and knows afterwards which these were. */
export interface FunctionEnvironment {
  /** For `loadConfig`. What this machine has set stays, since it may have a form that matters; the rest are placeholders. */
  readonly env: Environment
  /** The variables to which files have referred so far, in alphabetical order. */
  names(): readonly string[]
}

/** Stands in for the environment of a function. */
export function functionEnvironment(env: Environment): FunctionEnvironment {
  const referred = new Set<string>()
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? anyRegion
  const surroundings: Environment = { ...env, AWS_REGION: region }
  const valueOf = (name: string | symbol): string | undefined =>
    typeof name === 'symbol'
      ? undefined
      : (surroundings[name] ?? (referred.has(name) ? placeholderOf(name) : undefined))
  return {
    // References are the only ones that ask whether a variable is there.
    env: new Proxy<Environment>(
      {},
      {
        getOwnPropertyDescriptor: (_, name) => {
          if (typeof name === 'string') referred.add(name)
          return { value: valueOf(name), configurable: true, enumerable: true, writable: true }
        },
        get: (_, name) => valueOf(name),
      },
    ),
    names: () => [...referred].toSorted(),
  }
}

/** Those of the variables whose values become secrets of the configuration. `input` must be one that loads. */
export function secretVariables(names: readonly string[], input: ConfigInput): readonly string[] {
  return names.filter((name) => {
    const mark = placeholderOf(`mark-of-${name}`)
    const all = Object.fromEntries(names.map((one) => [one, one === name ? mark : input.env[one]]))
    try {
      const { secrets } = loadConfig({ ...input, env: { ...all, AWS_REGION: input.env['AWS_REGION'] } })
      return secrets.some((secret) => secret.reveal().includes(mark))
    } catch {
      // A value that must have a form, such as a region, is no secret.
      return false
    }
  })
}

/** Passes for a host, a password or a user with one. */
function placeholderOf(name: string): string {
  return `${name.toLowerCase().replaceAll('_', '-')}.placeholder:9092`
}
