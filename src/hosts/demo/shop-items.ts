import type { Item } from '../../change/attribute-value.ts'
import type { Rng } from '../../async/rng.ts'

/** The stages of an order's life. Behind the last one it is deleted. */
export const orderStages = ['placed', 'paid', 'packed', 'shipped', 'delivered'] as const

/** The one item that all tills update: today's takings. */
export const hotItem = { customer: 'shop', order: 'today' } as const

/** The customer of whatever is in stock. */
export const stock = 'stock'

/** The order of 300 KB; each shop has one. */
export const largeOrder = 'catalogue'

/** DynamoDB's numbers have 38 digits; this one has them all, and stays exact when amounts are added to it. */
export const firstTakings = '1234567890123456789012345678901234.5678'

/** 300 KB in one attribute. */
const scanLength = 300_000

const articles = ['teapot', 'kettle', 'cup', 'saucer', 'sieve', 'tin', 'spoon', 'tray', 'cosy', 'jug'] as const
const streets = ['Mill Lane', 'Quay Street', 'Station Road', 'High Street', 'Orchard Way'] as const
const labels = ['fragile', 'express', 'gift', 'insured', 'pickup'] as const

/** A new order with lines, an address, labels, and an exchange rate of 38 significant digits. */
export function newOrder(id: { readonly customer: string; readonly order: string }, version: number, rng: Rng): Item {
  const lines = Array.from({ length: 1 + integerBelow(3, rng) }, () => {
    const sku = `${pick(articles, rng)}-${100 + integerBelow(900, rng)}`
    return { M: { sku: { S: sku }, quantity: { N: String(1 + integerBelow(4, rng)) }, price: { N: amount(rng) } } }
  })
  const chosen = labels.filter(() => rng.next() < 0.3)
  return {
    customer: { S: id.customer },
    order: { S: id.order },
    version: { N: String(version) },
    status: { S: orderStages[0] },
    total: { N: amount(rng) },
    exchangeRate: { N: exactRate(rng) },
    lines: { L: lines },
    address: { M: { street: { S: `${1 + integerBelow(90, rng)} ${pick(streets, rng)}` }, floor: { NULL: true } } },
    isGift: { BOOL: rng.next() < 0.2 },
    ...(chosen.length === 0 ? {} : { labels: { SS: chosen } }),
  }
}

/** An article of the shop's stock: it was there before anybody looked, and stays as it is. */
export function stockItem(number: number, rng: Rng): Item {
  return {
    customer: { S: stock },
    order: { S: `a-${String(number).padStart(5, '0')}` },
    version: { N: '1' },
    article: { S: pick(articles, rng) },
    total: { N: amount(rng) },
    exchangeRate: { N: exactRate(rng) },
  }
}

/** A basket with one article, before it becomes an order; its key is used again and again. */
export function newBasket(id: { readonly customer: string; readonly order: string }, version: number, rng: Rng): Item {
  return {
    customer: { S: id.customer },
    order: { S: id.order },
    version: { N: String(version) },
    status: { S: 'open' },
    article: { S: pick(articles, rng) },
    total: { N: amount(rng) },
  }
}

/** A positive amount with two decimals, as DynamoDB writes it: without trailing zeros. */
export function amount(rng: Rng): string {
  const whole = String(1 + integerBelow(400, rng))
  const cents = integerBelow(100, rng)
  return cents === 0 ? whole : `${whole}.${String(cents).padStart(2, '0').replace(/0$/, '')}`
}

/** A number of 38 significant digits, the most that DynamoDB keeps. */
export function exactRate(rng: Rng): string {
  const digits = Array.from({ length: 36 }, () => integerBelow(10, rng)).join('')
  return `1.${digits}${1 + integerBelow(9, rng)}`
}

/** The text of the scanned page that makes one order 300 KB large. */
export function scannedPage(rng: Rng): string {
  const words = Array.from({ length: 64 }, () => pick([...articles, ...labels], rng)).join(' ')
  return words.repeat(Math.ceil(scanLength / words.length)).slice(0, scanLength)
}

/** One of them, each as likely. */
export function pick<Value>(values: readonly [Value, ...Value[]], rng: Rng): Value {
  return values[integerBelow(values.length, rng)] ?? values[0]
}

/** A whole number from 0 to `limit` − 1. */
export function integerBelow(limit: number, rng: Rng): number {
  return Math.floor(rng.next() * limit)
}
