/** Why a table that was read is not to be read any more. */
export interface TableAbsence {
  /**
   * `unselected`: the configuration does not mean it. `untagged`: it has lost a tag that the configuration asks for. `gone`: it
   * does not exist.
   */
  readonly kind: 'unselected' | 'untagged' | 'gone'
  /** For people; holds names, never item values. */
  readonly reason: string
}
