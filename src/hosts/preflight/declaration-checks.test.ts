import { expect, it } from 'vitest'
import { checkDeclarations } from './declaration-checks.ts'

it('each declared schema is read, and told of by table and file', () => {
  const record = JSON.stringify({ type: 'record', name: 'Order', fields: [{ name: 'id', type: 'string' }] })
  const declared = [
    { table: 'orders', path: 'orders.avsc', text: record },
    { table: 'customers', path: 'customers.avsc', text: record.replace('"string"', '"text"') },
  ]
  const findings = checkDeclarations({
    key: 'avro',
    value: 'avro',
    item: 'declared',
    json: 'plain',
    declared,
    evolution: 'strict',
    idPlace: 'prefix',
    subjects: { key: 'topic', value: 'topic' },
    names: { fields: 'avro', schemas: 'avro' },
  })
  expect(findings).toMatchObject([
    { check: 'schema of table orders', status: 'ok', detail: 'orders.avsc' },
    { check: 'schema of table customers', status: 'failed', code: 'SCHEMA_DECLARATION' },
  ])
  expect(findings[1]?.detail).toContain('customers.avsc')
})
