import type { ConfigInfos, ConfigKeyInfo, ConnectorConfig } from '../../../config/configdef/config-infos.ts'

/** What is wanted of a connector. Survives every process. */
export type TargetState = 'RUNNING' | 'PAUSED' | 'STOPPED'

/** What a connector, a task or a table is doing. */
export type RunState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'FAILED' | 'RESTARTING' | 'STOPPED'

/** Who answers. The names of these and of all members below are those of Connect's JSON. */
export interface ServerInfo {
  readonly version: string
  readonly commit: string
  readonly kafka_cluster_id: string
}

/** `starting` until the service's state was read for the first time; `unhealthy` if it cannot be kept up with. */
export interface WorkerHealth {
  readonly status: 'healthy' | 'starting' | 'unhealthy'
  /** For people; without secrets. */
  readonly message: string
}

/** One connector and the tasks that it has: one for each process that runs it. */
export interface ConnectorInfo {
  readonly name: string
  /** As it is kept; whoever shows it masks it first. */
  readonly config: ConnectorConfig
  readonly tasks: readonly TaskId[]
  readonly type: 'source'
}

/** One process's share of a connector. Numbers are given anew when processes come and go. */
export interface TaskId {
  readonly connector: string
  readonly task: number
}

/** A state and the process that reports it. `trace` and `message` say why something failed: code, words, remedy, no stack. */
export interface StateReport {
  readonly state: RunState
  /** `host:port` of the process. */
  readonly worker_id: string
  /** Of the plugin that runs there. */
  readonly version?: string
  readonly trace?: string
}

/** The state of one task. */
export interface TaskStatus extends StateReport {
  readonly id: number
}

/** The state of one table of a connector: what Connect has no word for. */
export interface TableStatus {
  readonly table: string
  /** Tells tables of one name apart, which several regions or accounts may have. Absent where it is not known. */
  readonly arn?: string
  /** `UNASSIGNED`: nothing of it is read. */
  readonly state: RunState
  /** Why it failed, was skipped, or is retired. */
  readonly reason?: string
}

/** The state of a connector as all processes report it. */
export interface ConnectorStatus {
  readonly name: string
  readonly connector: StateReport
  readonly tasks: readonly TaskStatus[]
  readonly type: 'source'
  readonly tables?: readonly TableStatus[]
  /** How many tables are skipped besides those in `tables`, which does not grow without end. Absent: none. */
  readonly more_skipped?: number
}

/** One task and what it runs with. */
export interface TaskConfig {
  readonly id: TaskId
  readonly config: ConnectorConfig
}

/** A JSON object as it was sent. Numbers beyond 2^53 are not exact; positions are texts. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The position of one shard; null forgets it, so that the shard begins where the configuration says. */
export interface ConnectorOffset {
  readonly partition: JsonObject
  readonly offset: JsonObject | null
}

/** A connector class, a transform or a predicate. */
export interface PluginInfo {
  readonly class: string
  readonly type: 'source' | 'transformation' | 'predicate'
  readonly version: string
}

/** One of Connect's words for levels. */
export type LoggerLevelName = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL' | 'OFF'

/** The level of one logger, and when it was set (milliseconds since the epoch; null if never). */
export interface LoggerLevel {
  readonly level: string
  readonly last_modified: number | null
}

/**
 * A service of pipelines as its REST API needs it. Every call may take as long as Kafka does and is given up when `signal`
 * aborts; a change that was given up may still happen.
 *
 * Rejects with `TailraceError`s: CONNECTOR_UNKNOWN for a name that is not there, TASK_UNKNOWN, TABLE_UNKNOWN, PLUGIN_UNKNOWN
 * and LOGGER_UNKNOWN likewise, CONNECTOR_EXISTS, CONNECTOR_NOT_STOPPED, REQUEST_INVALID, CONFIG_INVALID and other refusals of a
 * configuration, TOPICS_NOT_TRACKED, and SERVICE_CHANGING while the service has no leader or another one than was thought.
 * What changes state is asked of the leader only (`Leadership`); it is done when its entry is committed, and `UNASSIGNED` or
 * the old state may be reported for a while.
 */
export interface ConnectService {
  serverInfo(signal: AbortSignal): Promise<ServerInfo>
  health(signal: AbortSignal): Promise<WorkerHealth>

  connectors(signal: AbortSignal): Promise<readonly string[]>
  info(name: string, signal: AbortSignal): Promise<ConnectorInfo>
  status(name: string, signal: AbortSignal): Promise<ConnectorStatus>
  tasks(name: string, signal: AbortSignal): Promise<readonly TaskConfig[]>

  /** The configuration holds `name`. */
  create(name: string, request: CreateRequest, signal: AbortSignal): Promise<ConnectorInfo>
  /** Replaces the configuration, or creates the connector. A secret that says `[hidden]` keeps what it is. */
  replaceConfig(name: string, config: ConnectorConfig, signal: AbortSignal): Promise<ReplacedConfig>
  /** Sets the properties that are named and removes those that are null. */
  patchConfig(name: string, patch: ReadonlyMap<string, string | null>, signal: AbortSignal): Promise<ConnectorInfo>
  /** Forgets the connector. Its ledger and its topics stay. */
  remove(name: string, signal: AbortSignal): Promise<void>

  /** Does nothing if it is the target already. */
  setTarget(name: string, target: TargetState, signal: AbortSignal): Promise<void>
  /** Ends the pipeline in every process that it concerns and begins it again. The answer may still be of before. */
  restart(name: string, request: RestartRequest, signal: AbortSignal): Promise<ConnectorStatus>
  restartTask(name: string, task: number, signal: AbortSignal): Promise<void>

  /** `table` is a name, or an ARN. */
  setTableTarget(name: string, table: string, target: TargetState, signal: AbortSignal): Promise<void>
  restartTable(name: string, table: string, signal: AbortSignal): Promise<void>

  topics(name: string, signal: AbortSignal): Promise<readonly string[]>
  resetTopics(name: string, signal: AbortSignal): Promise<void>

  offsets(name: string, signal: AbortSignal): Promise<readonly ConnectorOffset[]>
  /** All or none. Only while the connector is stopped. */
  alterOffsets(name: string, offsets: readonly ConnectorOffset[], signal: AbortSignal): Promise<void>
  /** Only while the connector is stopped. */
  resetOffsets(name: string, signal: AbortSignal): Promise<void>

  plugins(signal: AbortSignal): Promise<readonly PluginInfo[]>
  pluginConfig(plugin: string, signal: AbortSignal): Promise<readonly ConfigKeyInfo[]>
  /** Never rejects for what is wrong with the configuration: that is the answer. */
  validate(plugin: string, config: ConnectorConfig, signal: AbortSignal): Promise<ConfigInfos>

  loggers(signal: AbortSignal): Promise<ReadonlyMap<string, LoggerLevel>>
  logger(name: string, signal: AbortSignal): Promise<LoggerLevel>
  /** In this process, or in all of them. Resolves with the loggers of this process that changed. */
  setLogger(name: string, request: LoggerRequest, signal: AbortSignal): Promise<readonly string[]>
}

/** A connector that is to be made. */
export interface CreateRequest {
  readonly config: ConnectorConfig
  readonly target: TargetState
}

/** What `replaceConfig` did. */
export interface ReplacedConfig {
  readonly created: boolean
  readonly info: ConnectorInfo
}

/** How much is restarted. */
export interface RestartRequest {
  readonly includeTasks: boolean
  readonly onlyFailed: boolean
}

/** A level and where it holds. */
export interface LoggerRequest {
  readonly level: LoggerLevelName
  readonly scope: 'worker' | 'cluster'
}

/** Who may change the service's state, as this process knows it. It may be wrong for a moment. */
export interface Leadership {
  leader(): Leader
  /** Is called after each change of the leader, and perhaps at other times. Returns what ends that. Absent: nobody tells. */
  onChange?(listener: () => void): () => void
}

/** The leader. `url` is the one that it advertises, without a path; `process` is that of its reports. */
export type Leader =
  | { readonly kind: 'self' }
  | { readonly kind: 'other'; readonly url: string; readonly process: string }
  | { readonly kind: 'none' }
