import { afterAll, expect, inject, test } from 'vitest'
import { ownJudges } from '../judging/judges.ts'
import { isClean } from '../judging/judge.ts'
import { ownServers } from '../judging/own-servers.ts'
import { startGlueDouble } from '../servers/glue-double.ts'

/** `npm run judges` in small, without those that need Python: a few hundred changes for each. */
const own = ownServers((line) => console.error(`judges: ${line}`))
const glue = await startGlueDouble()
const servers = {
  kafka: () => Promise.resolve(inject('kafka').bootstrapServers),
  registry: () => own.registry(),
  glue: () => Promise.resolve(glue.endpoint),
}
afterAll(async () => {
  await glue[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

test.each(ownJudges.map((judge, index) => [`${judge.name} (${index})`, judge] as const))(
  'a generated history as it is read by %s',
  async (_, { judge }) => {
    const judgement = await judge(400, servers)
    expect(judgement).toMatchObject({ exceptions: 0, passThroughs: 0, complaint: undefined })
    expect(isClean(judgement)).toBe(true)
  },
)
