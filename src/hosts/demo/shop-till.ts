import type { Item } from '../../change/attribute-value.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { digestOfImage, imageOfItem } from './image.ts'
import { rankOfDelete, rankOfVersion, shopKey } from './shop-change.ts'
import {
  amount,
  exactRate,
  firstTakings,
  hotItem,
  integerBelow,
  largeOrder,
  newBasket,
  newOrder,
  orderStages,
  scannedPage,
} from './shop-items.ts'
import type { ShopTable } from './shop-table.ts'
import type { WriteLedger } from './write-ledger.ts'

/** One of the shop's tills. It alone writes its customers' orders; the takings are written by all tills at once. */
export interface Till {
  /** One write of one item, answered and in the ledger when this resolves. */
  writeNext(signal: AbortSignal): Promise<void>
}

/** What a till works with. */
export interface TillParts {
  readonly table: ShopTable
  readonly ledger: WriteLedger
  readonly clock: Clock
  readonly rng: Rng
}

const customersPerTill = 5
const fewestOrders = 5
const mostOrders = 40
/** Shares of all writes. */
const takingsShare = 0.12
const basketShare = 0.1
const orderShare = 0.2
/** The first till's writes with these numbers are about the 300 KB order. */
const largeInsertAt = 8
const largeUpdateAt = 20

/** An item that exists, as its only writer knows it. */
interface OwnItem {
  readonly item: Item
  readonly version: number
}

/** Writes the item that all tills update. Before the first till opens. */
export async function openTakings(parts: TillParts, signal: AbortSignal): Promise<void> {
  const item = {
    customer: { S: hotItem.customer },
    order: { S: hotItem.order },
    version: { N: '1' },
    sales: { N: '0' },
    takings: { N: firstTakings },
  }
  await writeItem(parts, { item, version: 1, send: () => parts.table.put(item, signal) })
}

/** A till with a number of its own, which names its customers. */
export function createTill(parts: TillParts, number: number): Till {
  const { rng } = parts
  const orders: OwnItem[] = []
  const large: OwnItem[] = []
  let orderNumber = 0
  let basket: { readonly own: OwnItem | undefined; readonly version: number } = { own: undefined, version: 0 }
  let writes = 0
  const customer = (): string =>
    `c${String(number * customersPerTill + integerBelow(customersPerTill, rng)).padStart(3, '0')}`
  const orderId = (): string => `o${number}-${String((orderNumber += 1)).padStart(5, '0')}`

  const insert = async (signal: AbortSignal): Promise<void> => {
    const item = newOrder({ customer: customer(), order: orderId() }, 1, rng)
    orders.push(await put(parts, item, 1, signal))
  }
  const advance = async (signal: AbortSignal): Promise<void> => {
    const at = integerBelow(orders.length, rng)
    const next = await advanceOrder(parts, orders[at], signal)
    orders.splice(at, 1, ...(next === undefined ? [] : [next]))
  }
  const useBasket = async (signal: AbortSignal): Promise<void> => {
    const id = { customer: `c${String(number * customersPerTill).padStart(3, '0')}`, order: 'basket' }
    basket = await nextBasket(parts, { id, ...basket }, signal)
  }
  return {
    writeNext: async (signal) => {
      writes++
      const draw = rng.next()
      if (number === 0 && writes === largeInsertAt) large.push(await putLarge(parts, customer(), signal))
      else if (number === 0 && writes === largeUpdateAt) await reviseLarge(parts, large[0], signal)
      else if (draw < takingsShare) await addTakings(parts, signal)
      else if (draw < takingsShare + basketShare) await useBasket(signal)
      else if (orders.length < fewestOrders || (orders.length < mostOrders && draw > 1 - orderShare))
        await insert(signal)
      else await advance(signal)
    },
  }
}

async function put(parts: TillParts, item: Item, version: number, signal: AbortSignal): Promise<OwnItem> {
  return writeItem(parts, { item, version, send: () => parts.table.put(item, signal) })
}

/** The next stage of an order; behind the last one it is deleted and undefined. Now and then its rate is corrected. */
async function advanceOrder(
  parts: TillParts,
  own: OwnItem | undefined,
  signal: AbortSignal,
): Promise<OwnItem | undefined> {
  if (own === undefined) return undefined
  const { rng } = parts
  const stage = orderStages.findIndex((name) => name === textOf(own.item, 'status'))
  if (rng.next() < 0.15)
    return updateOwn(parts, own, { exchangeRate: { N: exactRate(rng) }, total: { N: amount(rng) } }, signal)
  const next = orderStages[stage + 1]
  if (next !== undefined) return updateOwn(parts, own, { status: { S: next } }, signal)
  await remove(parts, own, signal)
  return undefined
}

/** A basket is opened, filled or emptied; its versions go on counting when its key comes back. */
async function nextBasket(
  parts: TillParts,
  basket: {
    readonly id: { readonly customer: string; readonly order: string }
    readonly own: OwnItem | undefined
    readonly version: number
  },
  signal: AbortSignal,
): Promise<{ readonly own: OwnItem | undefined; readonly version: number }> {
  const { id, own, version } = basket
  if (own === undefined) {
    const item = newBasket(id, version + 1, parts.rng)
    return { own: await put(parts, item, version + 1, signal), version: version + 1 }
  }
  if (parts.rng.next() < 0.5) {
    const changed = await updateOwn(parts, own, { total: { N: amount(parts.rng) } }, signal)
    return { own: changed, version: changed.version }
  }
  await remove(parts, own, signal)
  return { own: undefined, version }
}

async function putLarge(parts: TillParts, customer: string, signal: AbortSignal): Promise<OwnItem> {
  const order = newOrder({ customer, order: largeOrder }, 1, parts.rng)
  return put(parts, { ...order, scan: { S: scannedPage(parts.rng) } }, 1, signal)
}

async function reviseLarge(parts: TillParts, own: OwnItem | undefined, signal: AbortSignal): Promise<void> {
  if (own !== undefined) await updateOwn(parts, own, { scan: { S: scannedPage(parts.rng) } }, signal)
}

/** Concurrent writers of one item: only DynamoDB knows in which order, and its answer says it by the version. */
async function addTakings({ table, ledger, clock, rng }: TillParts, signal: AbortSignal): Promise<void> {
  const sentMs = clock.monotonic()
  const item = await table.update(
    {
      key: keyOf({ customer: { S: hotItem.customer }, order: { S: hotItem.order } }),
      expression: 'ADD #version :one, sales :one, takings :amount',
      names: { '#version': 'version' },
      values: { ':one': { N: '1' }, ':amount': { N: amount(rng) } },
    },
    signal,
  )
  const version = numberOf(item, 'version')
  const after = digestOfImage(imageOfItem(item))
  ledger.write({ key: shopKey(hotItem.customer, hotItem.order), rank: rankOfVersion(version), after, sentMs })
}

async function updateOwn(parts: TillParts, own: OwnItem, changes: Item, signal: AbortSignal): Promise<OwnItem> {
  const version = own.version + 1
  const entries = Object.entries({ ...changes, version: { N: String(version) } })
  const update = {
    key: keyOf(own.item),
    expression: `SET ${entries.map((_, at) => `#n${at} = :v${at}`).join(', ')}`,
    names: Object.fromEntries(entries.map(([name], at) => [`#n${at}`, name])),
    values: Object.fromEntries(entries.map(([, value], at) => [`:v${at}`, value])),
  }
  const item = { ...own.item, ...Object.fromEntries(entries) }
  return writeItem(parts, { item, version, send: () => parts.table.update(update, signal) })
}

/** Sends a write whose result this till knows beforehand, and notes it. */
async function writeItem(
  { ledger, clock }: TillParts,
  write: { readonly item: Item; readonly version: number; readonly send: () => Promise<unknown> },
): Promise<OwnItem> {
  const { item, version, send } = write
  const sentMs = clock.monotonic()
  await send()
  const after = digestOfImage(imageOfItem(item))
  ledger.write({ key: itemKey(item), rank: rankOfVersion(version), after, sentMs })
  return { item, version }
}

async function remove({ table, ledger, clock }: TillParts, own: OwnItem, signal: AbortSignal): Promise<void> {
  const sentMs = clock.monotonic()
  await table.delete(keyOf(own.item), signal)
  ledger.write({ key: itemKey(own.item), rank: rankOfDelete(own.version), after: null, sentMs })
}

function keyOf(item: Item): Item {
  return { customer: { S: textOf(item, 'customer') }, order: { S: textOf(item, 'order') } }
}

function itemKey(item: Item): string {
  return shopKey(textOf(item, 'customer'), textOf(item, 'order'))
}

function textOf(item: Item, name: string): string {
  const value = item[name]
  return value !== undefined && 'S' in value ? value.S : ''
}

function numberOf(item: Item, name: string): number {
  const value = item[name]
  return value !== undefined && 'N' in value ? Number(value.N) : Number.NaN
}
