import { createHash } from 'node:crypto'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { ObjectLocation, ObjectWriter } from '../objects/objects.ts'
import type { Attachment } from '../pipeline/stages.ts'
import type { SerializedRecord } from '../serialize/serializer.ts'
import { createClaimCheckCleaner } from './claim-check-cleaner.ts'
import type { ClaimCheckCleaner, LeftBehind } from './claim-check-cleaner.ts'
import { claimCheckHeader, withHeaders, withOperation } from './oversize-headers.ts'
import type { OversizedChange, OversizeStep, ShrunkChange } from './oversize.ts'
import { groupsOf, recordsOf } from './record-groups.ts'
import type { RecordGroup } from './record-groups.ts'
import { createSlots } from './slots.ts'

/** Where values that are too large go, and on behalf of whom. */
export interface ClaimCheckOptions {
  readonly objects: ObjectWriter
  readonly clock: Clock
  readonly rng: Rng
  readonly bucket: string
  /** In front of every key; empty, or with its own slash at the end. */
  readonly prefix: string
  /** The account that the bucket must belong to; undefined means any. */
  readonly owner: string | undefined
  readonly pipeline: string
  /** Another one for each life of the pipeline. */
  readonly ledgerId: string
  /**
   * True where each change is committed at most once, so that whatever else lies beside a committed object is of an attempt
   * that was aborted. False where repeats are possible: then nothing but what was never sent is taken back.
   */
  readonly isOnce: boolean
  readonly onLeftBehind: (left: LeftBehind) => void
}

/** Uploads that run at once, in all lanes together. */
const maxUploads = 8

/**
 * Puts the value into a bucket before its transaction is committed and sends its address in its place. Every attempt has
 * objects of its own, so that nobody can overwrite what somebody else has committed. Disposing waits a while for what is
 * still being tidied up.
 */
export function createClaimChecks(options: ClaimCheckOptions): OversizeStep & AsyncDisposable {
  return new ClaimChecks(options)
}

class ClaimChecks implements OversizeStep, AsyncDisposable {
  readonly #options: ClaimCheckOptions
  readonly #cleaner: ClaimCheckCleaner
  readonly #slots = createSlots(maxUploads)

  constructor(options: ClaimCheckOptions) {
    this.#options = options
    this.#cleaner = createClaimCheckCleaner(options)
  }

  async shrink(change: OversizedChange, signal: AbortSignal): Promise<ShrunkChange | undefined> {
    const family = familyOf(change, this.#options)
    const attempt = attemptId(this.#options.rng)
    const own: ObjectLocation[] = []
    const uploads: (() => Promise<void>)[] = []
    const records = groupsOf(change.records).flatMap((group, index) => {
      if (change.fits(recordsOf(group)) || group.event.value === null) return recordsOf(group)
      const location = { bucket: this.#options.bucket, key: `${family}${attempt}.${index}` }
      own.push(location)
      const sha256 = sha256Of(group.event.value)
      uploads.push(() => this.#upload(location, { bytes: group.event.value ?? Buffer.alloc(0), sha256 }, signal))
      return checkOf(group, { location, sha256, change })
    })
    // An address can be too large, too: then nothing was sent there.
    if (!change.fits(records)) return undefined
    try {
      for (const upload of uploads) await upload()
    } catch (error) {
      // What did not answer may have arrived.
      this.#cleaner.remove(own)
      throw error
    }
    return { records, attachments: [this.#attachment(own, { family, attempt, isOnly: this.#mayClean(change) })] }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#cleaner[Symbol.asyncDispose]())
  }

  #mayClean({ turn, position }: OversizedChange): boolean {
    return this.#options.isOnce && turn !== undefined && position !== undefined
  }

  async #upload(
    location: ObjectLocation,
    { bytes, sha256 }: { readonly bytes: Buffer; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<void> {
    using _slot = await this.#slots.take(signal)
    await this.#options.objects.put(location, bytes, { sha256, owner: this.#options.owner }, signal)
  }

  #attachment(
    own: readonly ObjectLocation[],
    { family, attempt, isOnly }: { readonly family: string; readonly attempt: string; readonly isOnly: boolean },
  ): Attachment {
    return {
      settle: (outcome) => {
        if (outcome === 'aborted') this.#cleaner.remove(own)
        if (outcome === 'committed' && isOnly) this.#cleaner.removeOthers(family, attempt)
      },
    }
  }
}

/**
 * What the keys of all attempts of one change begin with. The digest keeps attempts apart that may both be committed: of two
 * lives of a pipeline, or before and after positions were set back.
 */
function familyOf(
  { table, position, records, turn }: OversizedChange,
  { prefix, pipeline, ledgerId }: ClaimCheckOptions,
): string {
  const folder = `${prefix}${pipeline}/${table.name}`
  const life = sha256Of(JSON.stringify([ledgerId, table.arn, table.streamArn, turn])).slice(0, 12)
  if (position === undefined) return `${folder}/rows/${sha256Of(records[0]?.key ?? '').slice(0, 32)}-${life}-`
  return `${folder}/${position.shard}/${position.sequenceNumber}-${life}-`
}

/** 64 random bits. */
function attemptId(rng: Rng): string {
  const half = (): string =>
    Math.floor(rng.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return `${half()}${half()}`
}

function sha256Of(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

function checkOf(
  { event, tail }: RecordGroup,
  {
    location,
    sha256,
    change,
  }: { readonly location: ObjectLocation; readonly sha256: string; readonly change: OversizedChange },
): readonly SerializedRecord[] {
  const uri = `s3://${location.bucket}/${location.key}`
  const value = Buffer.from(JSON.stringify({ uri, bytes: event.value?.length ?? 0, sha256 }))
  const headers = withHeaders(withOperation(event.headers, change.operation), [[claimCheckHeader, uri]])
  return [{ ...event, value, headers }, ...tail]
}
