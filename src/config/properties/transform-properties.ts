import { z } from 'zod'
import { isAlias } from '../property-family.ts'
import { defaulted } from '../property.ts'
import type { ValueKind } from '../property.ts'

/** What records go through on their way. Kafka Connect's names. */
export const transformProperties = {
  transforms: defaulted(aliases('transforms'), [], {
    importance: 'medium',
    isShared: true,
    isOrdered: true,
    documentation:
      "Kafka Connect's single message transforms (see [transforms](transforms.md)), in their order, by aliases of your own: `transforms: [unwrap]` with `transforms.unwrap.type: io.debezium.transforms.ExtractNewRecordState`. Further properties of each stand below `transforms.<alias>`.",
  }),
  predicates: defaulted(aliases('predicates'), [], {
    importance: 'low',
    isShared: true,
    documentation:
      'Conditions for transforms, by aliases: `predicates: [gone]` with `predicates.gone.type: RecordIsTombstone`. A transform names the one that it depends on in `transforms.<alias>.predicate`.',
  }),
}

function aliases(what: string): ValueKind<readonly string[]> {
  const schema = z
    .array(z.string().refine(isAlias))
    .max(100)
    .refine((list) => new Set(list).size === list.length)
  return {
    type: 'list',
    schema,
    rule: `a list of ${what}, each an alias of letters, digits, \`-\` and \`_\`, none twice`,
  }
}
