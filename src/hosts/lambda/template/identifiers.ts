/** Gives names of letters and digits, no two alike. */
export interface Identifiers {
  /** `orders-eu` → `OrdersEu`; a second one that comes to the same → `OrdersEu2`. */
  of(text: string): string
}

/** None is given out yet. */
export function createIdentifiers(): Identifiers {
  const taken = new Set<string>()
  return {
    of: (text) => {
      const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
      const wanted = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
      const base = /^[A-Za-z]/.test(wanted) ? wanted : `Table${wanted}`
      let name = base
      for (let number = 2; taken.has(name); number++) name = `${base}${number}`
      taken.add(name)
      return name
    },
  }
}
