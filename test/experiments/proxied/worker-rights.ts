import { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import type { Admin } from '@platformatic/kafka'

type Acl = Parameters<Admin['createAcls']>[0]['creations'][number]

/** One operation on one resource. */
export interface Right {
  readonly type: 'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID'
  readonly name: string
  /** True for everything whose name begins like that. */
  readonly isPrefix: boolean
  readonly operation: 'READ' | 'WRITE' | 'CREATE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS'
}

/** A principal's rights, as its broker's administrator sees them. */
export interface WorkerRights {
  /** What docs/operations.md asks for, and nothing else. */
  readonly documented: readonly Right[]
  grant(rights: readonly Right[]): Promise<void>
  /** Removes the entry that allows it. Operations that imply it stay. */
  remove(right: Right): Promise<void>
  /** Adds an entry that forbids it, which wins over every entry that allows it. */
  deny(right: Right): Promise<void>
  /** Removes that entry. */
  undeny(right: Right): Promise<void>
}

/** The rights of a pipeline's worker; none are granted yet. */
export function createWorkerRights(
  admin: Admin,
  options: { readonly principal: string; readonly pipeline: string; readonly topics: readonly string[] },
): WorkerRights {
  const { principal, pipeline, topics } = options
  const own = `tailrace.${pipeline}`
  const topic = (name: string, operations: readonly Right['operation'][]): readonly Right[] =>
    operations.map((operation) => ({ type: 'TOPIC', name, isPrefix: false, operation }))
  const aclOf = ({ type, name, isPrefix, operation }: Right, permission: 'ALLOW' | 'DENY'): Acl => ({
    resourceType: ResourceTypes[type],
    resourceName: name,
    resourcePatternType: isPrefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    principal,
    host: '*',
    operation: AclOperations[operation],
    permissionType: AclPermissionTypes[permission],
  })
  const removeAcl = async (acl: Acl): Promise<void> => {
    const removed = await admin.deleteAcls({ filters: [acl] })
    if (removed.length !== 1) throw new Error(`${removed.length} entries were removed instead of one`)
  }
  const grant = (rights: readonly Right[]): Promise<void> =>
    admin.createAcls({ creations: rights.map((right) => aclOf(right, 'ALLOW')) })
  return {
    documented: [
      ...topics.flatMap((name) => topic(name, ['DESCRIBE', 'WRITE', 'CREATE'])),
      ...topic(`${own}.ledger`, ['DESCRIBE', 'DESCRIBE_CONFIGS', 'READ', 'WRITE', 'CREATE']),
      { type: 'TRANSACTIONAL_ID', name: `${own}.`, isPrefix: true, operation: 'DESCRIBE' },
      { type: 'TRANSACTIONAL_ID', name: `${own}.`, isPrefix: true, operation: 'WRITE' },
      { type: 'GROUP', name: own, isPrefix: false, operation: 'DESCRIBE' },
      { type: 'GROUP', name: own, isPrefix: false, operation: 'READ' },
    ],
    grant,
    remove: (right) => removeAcl(aclOf(right, 'ALLOW')),
    deny: (right) => admin.createAcls({ creations: [aclOf(right, 'DENY')] }),
    undeny: (right) => removeAcl(aclOf(right, 'DENY')),
  }
}
