import type { ClusterState } from './cluster-state.ts'
import { codes } from './error-codes.ts'

/** A member as it joins. */
export interface JoiningMember {
  readonly memberId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly metadata: Buffer
}

/** What a member is told when a generation begins. */
export interface JoinAnswer {
  readonly errorCode: number
  readonly generation: number
  readonly leader: string
  readonly memberId: string
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[]
}

/** What a member is given. */
export interface SyncAnswer {
  readonly errorCode: number
  readonly assignment: Buffer
}

/** A member of a generation. */
export interface GroupMember {
  readonly memberId: string
  readonly generation: number
}

/** The coordinator of one consumer group, by the classic protocol. Answers come when the group is ready for them. */
export interface GroupCoordinator {
  join(member: JoiningMember, answer: (joined: JoinAnswer) => void): void
  sync(
    member: GroupMember,
    assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[],
    answer: (synced: SyncAnswer) => void,
  ): void
  heartbeat(member: GroupMember): number
  leave(memberId: string): number
  readonly members: readonly string[]
  readonly generation: number
}

interface Member {
  readonly id: string
  metadata: Buffer
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  heardAtMs: number
  joining: ((joined: JoinAnswer) => void) | undefined
  syncing: ((synced: SyncAnswer) => void) | undefined
  assignment: Buffer
}

/** A group without members. */
export function createGroupCoordinator(state: ClusterState): GroupCoordinator {
  return new Group(state)
}

const nothing = Buffer.alloc(0)

class Group implements GroupCoordinator {
  readonly #state: ClusterState
  readonly #members = new Map<string, Member>()
  readonly #announced = new Set<string>()
  #phase: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty'
  #leader = ''
  #round = 0
  generation = 0

  constructor(state: ClusterState) {
    this.#state = state
  }

  get members(): readonly string[] {
    return [...this.#members.keys()]
  }

  join(joining: JoiningMember, answer: (joined: JoinAnswer) => void): void {
    const refuse = (errorCode: number, memberId: string): void =>
      answer({ errorCode, generation: -1, leader: '', memberId, members: [] })
    if (joining.memberId === '') {
      const memberId = `member-${++this.#state.serial}`
      this.#announced.add(memberId)
      refuse(codes.MEMBER_ID_REQUIRED, memberId)
      return
    }
    const known = this.#members.get(joining.memberId)
    if (known === undefined && !this.#announced.delete(joining.memberId)) {
      refuse(codes.UNKNOWN_MEMBER_ID, joining.memberId)
      return
    }
    const member = this.#enter(known, joining)
    if (known !== undefined && this.#phase === 'stable' && this.#isAsBefore(known, joining)) {
      answer(this.#joinAnswer(known))
      return
    }
    member.metadata = joining.metadata
    // A join that a client has given up on is superseded by its next one.
    member.joining = answer
    if (this.#phase !== 'preparing') this.#prepare()
    this.#completeIfAll()
  }

  sync(
    { memberId, generation }: GroupMember,
    assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[],
    answer: (synced: SyncAnswer) => void,
  ): void {
    const member = this.#members.get(memberId)
    const refuse = (errorCode: number): void => answer({ errorCode, assignment: nothing })
    if (member === undefined) return refuse(codes.UNKNOWN_MEMBER_ID)
    if (generation !== this.generation) return refuse(codes.ILLEGAL_GENERATION)
    if (this.#phase === 'preparing') return refuse(codes.REBALANCE_IN_PROGRESS)
    member.heardAtMs = this.#state.time.elapsedMs
    if (this.#phase === 'stable') return answer({ errorCode: 0, assignment: member.assignment })
    member.syncing = answer
    if (memberId !== this.#leader) return
    for (const share of assignments) {
      const owner = this.#members.get(share.memberId)
      if (owner !== undefined) owner.assignment = share.assignment
    }
    this.#phase = 'stable'
    for (const one of this.#members.values()) {
      one.syncing?.({ errorCode: 0, assignment: one.assignment })
      one.syncing = undefined
    }
  }

  heartbeat({ memberId, generation }: GroupMember): number {
    const member = this.#members.get(memberId)
    if (member === undefined) return codes.UNKNOWN_MEMBER_ID
    if (generation !== this.generation) return codes.ILLEGAL_GENERATION
    member.heardAtMs = this.#state.time.elapsedMs
    return this.#phase === 'preparing' ? codes.REBALANCE_IN_PROGRESS : codes.NONE
  }

  leave(memberId: string): number {
    if (!this.#members.has(memberId)) return codes.UNKNOWN_MEMBER_ID
    this.#remove(memberId)
    return codes.NONE
  }

  #enter(known: Member | undefined, joining: JoiningMember): Member {
    const { time } = this.#state
    const { sessionTimeoutMs, rebalanceTimeoutMs } = joining
    if (known !== undefined)
      return Object.assign(known, { heardAtMs: time.elapsedMs, sessionTimeoutMs, rebalanceTimeoutMs })
    const member: Member = {
      id: joining.memberId,
      metadata: joining.metadata,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      heardAtMs: time.elapsedMs,
      joining: undefined,
      syncing: undefined,
      assignment: nothing,
    }
    this.#members.set(member.id, member)
    this.#watch(member)
    return member
  }

  #isAsBefore(known: Member, joining: JoiningMember): boolean {
    return known.id !== this.#leader && known.metadata.equals(joining.metadata)
  }

  #prepare(): void {
    for (const member of this.#members.values()) {
      member.syncing?.({ errorCode: codes.REBALANCE_IN_PROGRESS, assignment: nothing })
      member.syncing = undefined
    }
    this.#phase = 'preparing'
    const round = ++this.#round
    const limitMs = Math.max(...[...this.#members.values()].map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs))
    this.#state.time.after(limitMs, () => {
      if (round !== this.#round || this.#phase !== 'preparing') return
      for (const member of this.#members.values()) if (member.joining === undefined) this.#members.delete(member.id)
      this.#complete()
    })
  }

  #completeIfAll(): void {
    const all = [...this.#members.values()]
    if (this.#phase === 'preparing' && all.every(({ joining }) => joining !== undefined)) this.#complete()
  }

  #complete(): void {
    this.#round++
    this.generation++
    const all = [...this.#members.values()]
    if (all.length === 0) {
      this.#phase = 'empty'
      this.#leader = ''
      return
    }
    if (!this.#members.has(this.#leader)) this.#leader = all[0]?.id ?? ''
    this.#phase = 'completing'
    for (const member of all) {
      member.heardAtMs = this.#state.time.elapsedMs
      member.joining?.(this.#joinAnswer(member))
      member.joining = undefined
    }
  }

  #joinAnswer(member: Member): JoinAnswer {
    const isLeader = member.id === this.#leader
    return {
      errorCode: 0,
      generation: this.generation,
      leader: this.#leader,
      memberId: member.id,
      members: isLeader ? [...this.#members.values()].map(({ id, metadata }) => ({ memberId: id, metadata })) : [],
    }
  }

  /** Looks again when the session would be over; a member that waits for the others is alive. */
  #watch(member: Member): void {
    const { time } = this.#state
    const leftMs = member.heardAtMs + member.sessionTimeoutMs - time.elapsedMs
    time.after(Math.max(1, leftMs), () => {
      if (this.#members.get(member.id) !== member) return
      if (member.joining !== undefined) member.heardAtMs = time.elapsedMs
      if (time.elapsedMs - member.heardAtMs >= member.sessionTimeoutMs) this.#remove(member.id)
      else this.#watch(member)
    })
  }

  #remove(memberId: string): void {
    this.#members.delete(memberId)
    if (this.#phase === 'preparing') this.#completeIfAll()
    else this.#prepareOrEmpty()
  }

  #prepareOrEmpty(): void {
    if (this.#members.size > 0) {
      this.#prepare()
      return
    }
    this.generation++
    this.#phase = 'empty'
    this.#leader = ''
  }
}
