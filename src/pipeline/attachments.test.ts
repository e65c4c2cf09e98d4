import { describe, expect, it } from 'vitest'
import { orAbandon, settled } from './attachments.ts'
import type { Attachment } from './stages.ts'

const signs = (): { readonly attachments: Attachment[]; readonly told: string[] } => {
  const told: string[] = []
  const attachments = ['a', 'b'].map((name) => ({ settle: (outcome: string) => void told.push(`${name} ${outcome}`) }))
  return { attachments, told }
}

describe('what belongs to records outside Kafka', () => {
  it('is told once that its transaction is committed', async () => {
    const { attachments, told } = signs()
    await settled(attachments, { fate: 'unknown' }, () => Promise.resolve())
    expect(told).toEqual(['a committed', 'b committed'])
  })

  it.each(['aborted', 'unknown'] as const)(
    'is told that it is %s, as the session knows after the failure',
    async (fate) => {
      const { attachments, told } = signs()
      const session = { fate: 'aborted' as 'aborted' | 'unknown' }
      const commit = settled(attachments, session, () => {
        session.fate = fate
        return Promise.reject(new Error('lost'))
      })
      await expect(commit).rejects.toThrow('lost')
      expect(told).toEqual([`a ${fate}`, `b ${fate}`])
    },
  )

  it('is told that it is aborted if the work in front of the commit fails, also what was collected by then', async () => {
    const { attachments, told } = signs()
    const collected: Attachment[] = []
    const work = orAbandon(collected, async () => {
      collected.push(...attachments.slice(0, 1))
      await Promise.resolve()
      throw new Error('the lane stops')
    })
    await expect(work).rejects.toThrow('the lane stops')
    expect(told).toEqual(['a aborted'])
  })
})
