import type { FetchedRecord, PartitionOffsets, TopicInfo } from '../../kafka/kafka.ts'

/** Where signals come from. */
export interface SignalChannels {
  readonly topic: SignalTopic | undefined
  readonly file: SignalFile | undefined
}

/** A topic of signals, as its committed records show it. Every call asks the cluster once. */
export interface SignalTopic {
  readonly name: string
  /** Signals for this pipeline carry it as their key; all others are for somebody else. */
  readonly key: string
  /** Undefined if there is none now. */
  look(signal: AbortSignal): Promise<TopicInfo | undefined>
  /** Makes it; TOPIC_MISSING where that is not allowed. */
  provide(signal: AbortSignal): Promise<void>
  offsets(partition: number, signal: AbortSignal): Promise<PartitionOffsets>
  /**
   * Committed records from an offset on, as far as one answer holds them, and where reading goes on. Rejects with
   * OFFSET_OUT_OF_RANGE (a KafkaError) if the log no longer holds the offset, or does not reach it.
   */
  read(
    partition: number,
    from: number,
    signal: AbortSignal,
  ): Promise<{ readonly records: readonly FetchedRecord[]; readonly next: number }>
}

/** A file of this process's machine into which somebody writes signals, one a line. Rejects with SIGNAL_FILE. */
export interface SignalFile {
  /**
   * Takes the file away under a name that no other taken file ever has, if its last line is complete; then hands out all
   * that were taken and not removed, oldest first. A crash leaves them where they are.
   */
  take(signal: AbortSignal): Promise<readonly TakenFile[]>
  /** Removes a taken file for good; false if it is longer than this by now, because its writer still had it open. */
  remove(name: string, length: number): Promise<boolean>
}

/** A file that was taken, as it is now. */
export interface TakenFile {
  readonly name: string
  readonly content: Uint8Array
  /** Nobody has written for a while: what stands behind the last line end is a line, too. */
  readonly isQuiet: boolean
}
