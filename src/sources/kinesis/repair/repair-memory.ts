/** What repair remembers in this process, all shards together. */
export interface RepairMemory {
  readonly isFull: boolean
  /** Bytes, about; negative when they are given back. */
  add(bytes: number): void
}

export function createRepairMemory(maxBytes: number): RepairMemory {
  let used = 0
  return {
    get isFull() {
      return used > maxBytes
    },
    add: (bytes) => {
      used += bytes
    },
  }
}
