/**
 * A name for the struct that a field holds, made from that of the struct around it: `shop.orders.Value` and `ship-to` give
 * `shop.orders.ValueShipTo`. Two fields may get one name; `taken` decides, by a number behind it.
 */
export function nestedStructName(outer: string, field: string, taken: Set<string>): string {
  const words = field.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  const pascal = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
  const base = outer + (pascal === '' ? 'Field' : pascal)
  let name = base
  for (let count = 2; taken.has(name); count++) name = `${base}_${count}`
  taken.add(name)
  return name
}
