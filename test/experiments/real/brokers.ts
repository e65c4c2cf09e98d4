/** The cluster of a run: one broker, or three. Disposing kills it; its data are worth nothing then. */
export interface Brokers extends AsyncDisposable {
  readonly bootstrapServers: string
  readonly count: number
  /** SIGKILL; resolves when the process is gone. */
  kill(index: number): Promise<void>
  /** Ends it in order. */
  stop(index: number): Promise<void>
  /** Starts one that is down; resolves when it answers. */
  restart(index: number): Promise<void>
}
