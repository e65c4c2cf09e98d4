import { describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'
import { parseAccount } from './account-entry.ts'
import { tablesOfAccount } from './source-accounts.ts'
import type { SourceConfig } from './source-config.ts'

const role = 'arn:aws:iam::222222222222:role/team/reader'

function load(more: string): SourceConfig {
  const nothing = (): never => {
    throw new Error('ENOENT')
  }
  const text = `pipeline: shop\nsource.region: eu-west-1\nkafka.bootstrap.servers: b:9092\n${more}\n`
  return loadConfig({ text, path: '/p.yaml', env: {}, readFile: nothing, realPath: (path) => path }).source
}

describe('parseAccount', () => {
  it('reads what is there, in any order', () => {
    expect(parseAccount('region=us-east-1')).toEqual({ region: 'us-east-1', roleArn: undefined, externalId: undefined })
    expect(parseAccount(` role.external.id=a=b  role.arn=${role}\n`)).toEqual({
      region: undefined,
      roleArn: role,
      externalId: 'a=b',
    })
  })

  it('refuses anything else', () => {
    const wrong = ['', 'us-east-1', 'region=', 'region=us-east-1 region=us-east-1', 'role.external.id=abc', 'role=x']
    for (const text of [...wrong, 'role.arn=arn:aws:iam::1:role/x', 'region=eu/../x'])
      expect(parseAccount(text), text).toBeUndefined()
  })
})

describe('source.accounts', () => {
  it('are regions and roles; what an entry does not say is that of the pipeline', () => {
    const source = load(
      `source.tables: "*"\nsource.role.session.name: me\nsource.accounts: [region=us-east-1, "role.arn=${role} role.external.id=xy"]`,
    )
    expect(source).toMatchObject({
      accounts: [
        { region: 'us-east-1', role: undefined },
        { region: 'eu-west-1', role: { arn: role, externalId: 'xy', sessionName: 'me' } },
      ],
    })
  })

  it('are refused where they contradict something', () => {
    const accounts =
      (entries: string, more = ''): (() => SourceConfig) =>
      () =>
        load(`source.tables: "*"\nsource.accounts: [${entries}]\n${more}`)
    expect(accounts('region=eu-west-1, "region=eu-west-1"')).toThrow(/line 5: source.accounts has two entries/)
    expect(accounts(`"role.arn=${role}", "region=eu-west-1 role.arn=${role}2"`)).toThrow(/two entries for one region/)
    expect(accounts('region=us-east-1', `source.role.arn: ${role}`)).toThrow(/cannot go with source.role.arn/)
    expect(accounts('region=us-east-1', 'reselect: missing-images')).toThrow(/cannot go with reselect/)
    expect(accounts('region=us-east-1', 'snapshot.source: export\nsnapshot.export.bucket: b-1')).toThrow(
      /cannot go with snapshot.source: export/,
    )
    const arn = 'arn:aws:dynamodb:us-east-1:222222222222:table/orders'
    expect(() => load(`source.tables: ${arn}`)).toThrow(/another region/)
    const others = 'role.arn=arn:aws:iam::333333333333:role/x region=us-east-1'
    expect(() => load(`source.tables: ${arn}\nsource.accounts: "${others}"`)).toThrow(/no entry of source.accounts has/)
    expect(load(`source.tables: ${arn}\nsource.accounts: region=us-east-1`)).toMatchObject({ tables: [arn] })
  })
})

it('an ARN is asked of the entry of its region and account', () => {
  const home = { region: 'eu-west-1', role: undefined }
  const away = { region: 'eu-west-1', role: { arn: role, externalId: undefined, sessionName: 's' } }
  const other = { region: 'us-east-1', role: undefined }
  const tables = [
    'orders',
    'shop-*',
    'arn:aws:dynamodb:eu-west-1:222222222222:table/a',
    'arn:aws:dynamodb:eu-west-1:111111111111:table/b',
    'arn:aws:dynamodb:us-east-1:222222222222:table/c',
  ]
  const of = (own: typeof home | typeof away): readonly string[] =>
    tablesOfAccount(tables, own, [home, away, other]).map((text) => text.slice(-1))
  expect(of(home)).toEqual(['s', '*', 'b'])
  expect(of(away)).toEqual(['s', '*', 'a'])
  expect(of(other)).toEqual(['s', '*', 'c'])
})
