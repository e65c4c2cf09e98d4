import { createHash } from 'node:crypto'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { CredentialsLoader } from '../../aws/credentials.ts'
import { configFingerprint } from '../../config/config-fingerprint.ts'
import { readConfig } from '../../config/load-config.ts'
import type { ConfigInput } from '../../config/load-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { Secret } from '../../config/secret.ts'
import type { ConnectorPolicy } from '../../config/service/connector-policy.ts'
import { TailraceError } from '../../errors.ts'
import type { Redactor } from '../../observe/redactor.ts'
import type { ConnectorEntry } from '../../service/service-state.ts'
import { configInput } from '../config-file.ts'
import { loadConfigWithSecrets, withPlaceholders } from '../secret-references.ts'
import { epochOf } from './config-id.ts'

/** What configurations of connectors are read with. */
export interface ConnectorConfigsOptions {
  readonly policy: ConnectorPolicy
  readonly clock: Clock
  readonly rng: Rng
  readonly env: Readonly<Record<string, string | undefined>>
  /** Learns the secrets of what is loaded. */
  readonly redactor: Redactor
  /** For secrets that AWS keeps; default: the provider chain. */
  readonly credentials?: CredentialsLoader
}

/** A connector's properties by name. */
export type Properties = Readonly<Record<string, string>>

/** Makes pipelines of connectors, within what the operator allows. */
export interface ConnectorConfigs {
  /**
   * The pipeline that an entry means, its secrets fetched; the epoch is that of the entry. Rejects with what is wrong, as
   * `loadConfigWithSecrets` does.
   */
  load(entry: Pick<ConnectorEntry, 'config' | 'configId'>, signal: AbortSignal): Promise<PipelineConfig>
  /** What an entry means, without any secret; undefined for one that means no pipeline (any more). Remembered by `configId`. */
  outline(entry: Pick<ConnectorEntry, 'config' | 'configId'>): PipelineOutline | undefined
  /** True if both entries mean the same pipeline, so that one that runs need not end. */
  hasSameMeaning(a: ConnectorEntry, b: ConnectorEntry): boolean
  /** For `validate`, which asks no service for secrets. */
  readonly surroundings: Omit<ConfigInput, 'text' | 'path'>
}

/** What can be said of a pipeline without its secrets. */
export interface PipelineOutline {
  readonly config: PipelineConfig
  readonly fingerprint: string
  /** A hash of everything that decides what the pipeline does, the texts of references instead of secrets. */
  readonly meaning: string
}

/** Makes one. Keeps an outline of each entry that it was asked about, and of a thousand at most. */
export function createConnectorConfigs(options: ConnectorConfigsOptions): ConnectorConfigs {
  const { policy, env, redactor } = options
  const inputOf = (config: Properties): ConfigInput => ({
    ...configInput({ text: textOf(config), path: pathOf(config), env }),
    policy,
  })
  const outlines = new Map<string, PipelineOutline | undefined>()
  const outline: ConnectorConfigs['outline'] = ({ config, configId }) => {
    const known = outlines.get(configId)
    if (known !== undefined) return known
    const made = outlineOf(inputOf(config), config)
    outlines.set(configId, made)
    const oldest = outlines.keys().next().value
    if (outlines.size > mostOutlines && oldest !== undefined) outlines.delete(oldest)
    return made
  }
  const { text: _text, path: _path, ...surroundings } = withPlaceholders(inputOf({}))
  return {
    load: async ({ config, configId }, signal) => {
      const loaded = await loadConfigWithSecrets(inputOf(config), options, signal)
      for (const secret of loaded.secrets) redactor.add(secret.reveal())
      return { ...loaded, epoch: epochOf(configId) ?? loaded.epoch }
    },
    outline,
    hasSameMeaning: (a, b) => {
      const [one, other] = [outline(a)?.meaning, outline(b)?.meaning]
      return one !== undefined && one === other && epochOf(a.configId) === epochOf(b.configId)
    },
    surroundings,
  }
}

const mostOutlines = 1_000

/** One property a line, so that lines of problems tell properties apart. */
function textOf(config: Properties): string {
  const lines = Object.entries(config).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  return `{\n${lines.join(',\n')}\n}`
}

/** Messages call the connector by its name. */
function pathOf({ name = 'connector' }: Properties): string {
  return `/${name.replaceAll(/[^\w.-]/g, '-')}`
}

function outlineOf(input: ConfigInput, properties: Properties): PipelineOutline | undefined {
  try {
    const read = readConfig(withPlaceholders(input))
    if (!('config' in read)) return undefined
    const { config } = read
    return { config, fingerprint: configFingerprint(config), meaning: meaningOf(config, properties) }
  } catch (error) {
    if (error instanceof TailraceError) return undefined
    throw error
  }
}

/** Notes say how a configuration was put, not what it means; secrets are those of placeholders, so their references are added. */
function meaningOf(config: PipelineConfig, properties: Properties): string {
  const { notes: _notes, epoch: _epoch, ...meant } = config
  const references = Object.entries(properties).filter(([, value]) => value.includes('${'))
  return createHash('sha256')
    .update(JSON.stringify([meant, references], plain))
    .digest('hex')
}

/** Secrets become hashes (what arrives as `value` has hidden itself already); maps and sets would be empty objects. */
function plain(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const given = this[name]
  if (given instanceof Secret) return createHash('sha256').update(given.reveal()).digest('hex')
  if (value instanceof Map || value instanceof Set) return [...value]
  return typeof value === 'bigint' || value instanceof RegExp ? String(value) : value
}
