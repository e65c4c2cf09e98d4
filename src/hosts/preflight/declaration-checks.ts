import type { RecordSchemaConfig } from '../../config/record-schema-config.ts'
import { declaredShapes } from '../stages/declared-schemas.ts'
import { failed, passed } from './finding.ts'
import type { Finding } from './finding.ts'

/** Can the declared schemas be read? A start is refused where they cannot. */
export function checkDeclarations({ declared }: RecordSchemaConfig): readonly Finding[] {
  return declared.map((one) => {
    const check = `schema of table ${one.table}`
    try {
      declaredShapes([one])
      return passed(check, one.path)
    } catch (error) {
      return failed(check, error)
    }
  })
}
