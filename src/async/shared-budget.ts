import type { ByteBudget, ByteShare } from './byte-budget.ts'

/**
 * A bound on bytes in flight that several users share, none of which can starve another: half of the bound belongs to all in equal parts,
 * the other half to whoever asks first. Who has nothing in flight is always let through, so the bound is overshot by one request of each user at
 * most, and by the half of one that has taken too much when another one comes.
 */
export interface SharedBudget {
  /** One more user, bounded by `limitBytes` besides. Disposing it returns its part to the others; what it has in flight still counts until it is released. */
  join(limitBytes: number): BudgetPart
  readonly inFlightBytes: number
}

/** What one user has of a shared budget. Its waiters are served in order of arrival. */
export interface BudgetPart extends ByteBudget, Disposable {}

/** Makes one of `limitBytes` without users. */
export function createSharedBudget(limitBytes: number): SharedBudget {
  return new Shared(limitBytes)
}

interface Waiter {
  readonly bytes: number
  readonly ticket: number
  readonly admit: () => void
}

interface User {
  inFlight: number
  readonly limit: number
  readonly waiters: Waiter[]
}

class Shared implements SharedBudget {
  readonly #half: number
  readonly #users = new Set<User>()
  /** Those who left and still have something in flight. */
  readonly #leaving = new Set<User>()
  #tickets = 0

  constructor(limitBytes: number) {
    this.#half = limitBytes / 2
  }

  get inFlightBytes(): number {
    return this.#everybody().reduce((sum, { inFlight }) => sum + inFlight, 0)
  }

  join(limit: number): BudgetPart {
    const user: User = { inFlight: 0, limit, waiters: [] }
    this.#users.add(user)
    return {
      get inFlightBytes() {
        return user.inFlight
      },
      take: (bytes, signal) => this.#take(user, bytes, signal),
      [Symbol.dispose]: () => {
        this.#users.delete(user)
        if (user.inFlight > 0) this.#leaving.add(user)
        this.#admit()
      },
    }
  }

  #everybody(): readonly User[] {
    return [...this.#users, ...this.#leaving]
  }

  /** What somebody has, or would have, of the half that belongs to nobody. */
  #beyond(user: User, bytes = 0): number {
    const own = this.#users.has(user) ? this.#half / this.#users.size : 0
    return Math.max(0, user.inFlight + bytes - own)
  }

  #fits(user: User, bytes: number): boolean {
    if (user.inFlight === 0) return true
    if (user.inFlight + bytes > user.limit) return false
    const own = this.#beyond(user, bytes)
    const others = this.#everybody().reduce((sum, one) => sum + (one === user ? 0 : this.#beyond(one)), 0)
    return own === 0 || others + own <= this.#half
  }

  /** Those who came first among the first of all users go first; whoever does not fit holds nobody up. */
  #admit(): void {
    for (let hasAdmitted = true; hasAdmitted;) {
      hasAdmitted = false
      const waiting = [...this.#users].flatMap((user) => user.waiters.slice(0, 1).map((waiter) => ({ user, waiter })))
      for (const { user, waiter } of waiting.toSorted((a, b) => a.waiter.ticket - b.waiter.ticket)) {
        if (!this.#fits(user, waiter.bytes)) continue
        user.waiters.shift()
        waiter.admit()
        hasAdmitted = true
      }
    }
  }

  #share(user: User, bytes: number): ByteShare {
    let held = bytes
    user.inFlight += held
    const hold = (now: number): void => {
      user.inFlight += now - held
      held = now
      if (user.inFlight === 0) this.#leaving.delete(user)
      this.#admit()
    }
    return { resize: hold, release: () => hold(0) }
  }

  #take(user: User, bytes: number, signal: AbortSignal): Promise<ByteShare> {
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    if (user.waiters.length === 0 && this.#fits(user, bytes)) return Promise.resolve(this.#share(user, bytes))
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        user.waiters.splice(user.waiters.indexOf(waiter), 1)
        reject(signal.reason as Error)
        this.#admit()
      }
      const waiter: Waiter = {
        bytes,
        ticket: this.#tickets++,
        admit: () => {
          signal.removeEventListener('abort', onAbort)
          resolve(this.#share(user, bytes))
        },
      }
      user.waiters.push(waiter)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}
