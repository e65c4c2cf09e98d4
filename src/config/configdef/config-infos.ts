/** The types of Kafka's ConfigDef that tailrace's properties have. */
export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'LONG' | 'LIST' | 'CLASS' | 'PASSWORD'

/** One property as Connect's REST API describes it. The names of the members are those of its JSON. */
export interface ConfigKeyInfo {
  readonly name: string
  readonly type: ConfigType
  readonly required: boolean
  /** As text; null if there is none, or if it is made of other properties. */
  readonly default_value: string | null
  readonly importance: 'HIGH' | 'MEDIUM' | 'LOW'
  /** Markdown of a few sentences. */
  readonly documentation: string
  readonly group: string
  /** From 1, within the group. */
  readonly order_in_group: number
  readonly width: 'NONE' | 'SHORT' | 'MEDIUM' | 'LONG'
  readonly display_name: string
  /** Properties whose visibility hangs on this one's value. */
  readonly dependents: readonly string[]
}

/** What a configuration says about one property. Values of secrets are `[hidden]`, unless they are references. */
export interface ConfigValueInfo {
  readonly name: string
  readonly value: string | null
  readonly recommended_values: readonly string[]
  /** Sentences for people. None quotes a value. */
  readonly errors: readonly string[]
  /** False for what has no effect beside the rest of the configuration. */
  readonly visible: boolean
}

/** The answer of `validate`. */
export interface ConfigInfos {
  /** The plugin's class. */
  readonly name: string
  /** How many errors all values have together; 0 means that the connector could start as far as its configuration goes. */
  readonly error_count: number
  readonly groups: readonly string[]
  readonly configs: readonly { readonly definition: ConfigKeyInfo; readonly value: ConfigValueInfo }[]
}

/** A connector's properties in the order in which they were given. References stand as they are. */
export type ConnectorConfig = ReadonlyMap<string, string>
