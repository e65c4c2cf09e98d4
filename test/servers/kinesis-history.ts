import type { Rng } from '../../src/async/rng.ts'
import { kinesisChange } from '../../src/hosts/demo/kinesis-change.ts'
import type { KinesisPut } from './kinesis-commands.ts'

/** How badly changes reach the stream. */
export interface DeliveryPlan {
  /** Chances per change. */
  readonly duplicates: number
  readonly disorder: number
  /** A repeat or a late one comes at most so many milliseconds behind its time. */
  readonly withinMs: number
}

/** Changes of one table's items, each with its place among those of its item, in the order in which a stream gets them. */
export interface KinesisHistory {
  /** What is to be put now: new changes, and earlier ones whose time has come. */
  next(changes: number, nowMs: number): readonly KinesisPut[]
  /** Whatever is still outstanding. */
  rest(): readonly KinesisPut[]
  /** The newest version of each item. */
  readonly versions: ReadonlyMap<string, number>
  readonly repeats: number
  readonly delayed: number
}

/** Versions count from 1; the item's attribute `n` is its version. Creation times follow on one another by the microsecond. */
export function createKinesisHistory(
  plan: DeliveryPlan & { readonly table: string; readonly items: number },
  rng: Rng,
): KinesisHistory {
  const versions = new Map<string, number>()
  let outstanding: { readonly dueMs: number; readonly put: KinesisPut }[] = []
  let [serial, lastMicros, repeats, delayed] = [0, 0, 0, 0]
  const make = (nowMs: number): KinesisPut => {
    const item = `item-${Math.floor(rng.next() * plan.items)}`
    const version = (versions.get(item) ?? 0) + 1
    versions.set(item, version)
    lastMicros = Math.max(lastMicros + 1, nowMs * 1000)
    const image = (n: number): object | undefined => (n === 0 ? undefined : { id: { S: item }, n: { N: String(n) } })
    const wire = {
      awsRegion: 'eu-central-1',
      eventID: `event-${++serial}`,
      eventName: version === 1 ? 'INSERT' : 'MODIFY',
      dynamodb: {
        Keys: { id: { S: item } },
        ...(version === 1 ? {} : { OldImage: image(version - 1) }),
        NewImage: image(version),
        SizeBytes: 30,
      },
    }
    return kinesisChange(wire, { tableName: plan.table, createdAtMicros: lastMicros, precision: 'MICROSECOND' })
  }
  const later = (put: KinesisPut, nowMs: number): void =>
    void outstanding.push({ dueMs: nowMs + rng.next() * plan.withinMs, put })
  return {
    next: (changes, nowMs) => {
      const puts: KinesisPut[] = outstanding.filter(({ dueMs }) => dueMs <= nowMs).map(({ put }) => put)
      outstanding = outstanding.filter(({ dueMs }) => dueMs > nowMs)
      for (let made = 0; made < changes; made++) {
        const put = make(nowMs)
        if (rng.next() < plan.disorder) {
          delayed++
          later(put, nowMs)
        } else puts.push(put)
        if (rng.next() >= plan.duplicates) continue
        repeats++
        later(put, nowMs)
      }
      return puts
    },
    rest: () => {
      const puts = outstanding.map(({ put }) => put)
      outstanding = []
      return puts
    },
    versions,
    get repeats() {
      return repeats
    },
    get delayed() {
      return delayed
    },
  }
}
