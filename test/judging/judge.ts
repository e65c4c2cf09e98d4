/** What a program of other people made of a history of changes in one of our forms. */
export interface Judgement {
  /** The program, and the form: `Flink debezium-json, with schemas`. */
  readonly judge: string
  /** How many records it was given, tombstones included. */
  readonly records: number
  /** Records that it refused. It may have stopped at the first. */
  readonly exceptions: number
  /** Records that it let through as if they were no changes, or swallowed. */
  readonly passThroughs: number
  readonly comparison: Comparison
  /** What was complained about first; it may show values of the generated data. */
  readonly complaint: string | undefined
}

/** How what was read compares with the history. */
export interface Comparison {
  /** How many changes a reader must make of the history. */
  readonly changes: number
  /** How many of them it made at their place, equal in every value that it can hold. */
  readonly equalChanges: number
  /** How many rows the table holds at the end of the history. */
  readonly rows: number
  /** How many of them the reader has, equal in every value that it can hold. */
  readonly equalRows: number
  /** Rows that the reader has and the table has not. */
  readonly extraRows: number
  /** What differs first, as it was read and as it is. */
  readonly difference: string | undefined
}

/** Where judges find servers. Each is started at the first call and belongs to whoever made this. */
export interface JudgeServers {
  /** `bootstrap.servers` of a Kafka. */
  kafka(): Promise<string>
  /** `schema.registry.url` of an Apicurio. */
  registry(): Promise<string>
  /** The endpoint of something that speaks as AWS Glue does. */
  glue(): Promise<string>
}

/** One form that is handed to one program. */
export interface Judge {
  /** For the command line: `flink`, `debezium`, … Several forms of one program share it. */
  readonly name: string
  /** Rejects if the program could not be run; what it says about records is in the judgement. */
  judge(changes: number, servers: JudgeServers): Promise<Judgement>
}

/** True if nothing is wrong. */
export function isClean({ exceptions, passThroughs, comparison }: Judgement): boolean {
  const { changes, equalChanges, rows, equalRows, extraRows } = comparison
  const isEqual = changes > 0 && equalChanges === changes && rows > 0 && equalRows === rows && extraRows === 0
  return exceptions === 0 && passThroughs === 0 && isEqual
}
